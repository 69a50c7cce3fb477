"""Every error of tousu, in one tree.

    TousuError
    ├── TextError            a text that cannot be tagged
    ├── TaxonomyError        the taxonomy file breaks its rules
    ├── CalendarEnds         a day that the calendar of working days does not reach
    ├── RulesError           a table of signals, authorities, attention, letters or hints breaks its rules
    ├── ModelError           a model directory that must not be used
    │   ├── ModelMissing     no model there
    │   ├── ModelCorrupt     a file is missing or its bytes are not the recorded ones
    │   ├── ModelProtocol    written by a version of tousu this one cannot read
    │   └── ModelMismatch    a sound model for another taxonomy than the one in use
    ├── CorpusError          labelled rows that training or evaluation cannot use
    ├── FileError            a file the batch commands cannot read or write
    │   ├── FormatUnknown    the file name's ending is no known format
    │   ├── EncodingUnknown  the bytes fit none of the encodings tried
    │   ├── ColumnMissing    no column holds the texts
    │   ├── FileSuspicious   a packed file that would unpack to far more than it should
    │   └── ResumeRefused    a run that was cut off cannot be gone on with
    ├── TemplateError        a template of a letter that cannot be used
    ├── ExampleError         a worked example breaks its rules
    ├── UsageError           a command line is written wrongly
    ├── ExtraMissing         a part of tousu that is not installed
    ├── SettingsError        a setting is unknown, missing or wrong
    ├── StoreError           the service's store refuses or cannot be reached
    │   ├── NotFound         no such record
    │   ├── Conflict         the same key was used for something else
    │   └── JobUnfinished    what a job makes is not there yet
    └── RequestError         a request the service does not take
        ├── BodyInvalid      the body is no readable JSON
        ├── FormInvalid      the body is no whole form
        ├── BodyKind         the body is of a kind or encoding that is not taken
        ├── BodyTooLarge     the body is over the limit
        ├── BodyTooSlow      the body did not arrive in time
        ├── HeadTooLarge     the request line and headers are over the limit
        ├── AddressUnknown   nothing stands at the address
        ├── HostRefused      the request names another host than this service
        ├── KeyRefused       no key came with it, or none that is in force
        ├── ScopeMissing     the key is in force but not for this
        ├── RateExceeded     the key's requests come too fast
        └── Busy             too many requests are being worked on

The errors know nothing of HTTP: ``tousu_service/http/error_handlers.py`` maps them to statuses.
``code`` is a stable English name for programs and logs; the text is Chinese, for people,
and says what was found, what was expected and what to do.
"""

from __future__ import annotations


class TousuError(Exception):
    """Something tousu refuses, with what was found, what was expected and what to do.

    Args:
        found: What was there, in Chinese, without any complaint's text.
        expected: What should have been there, in Chinese.
        fix: What the reader can do now, in Chinese.
    """

    code = "error"

    def __init__(self, found: str, *, expected: str = "", fix: str = "") -> None:
        self.found, self.expected, self.fix = found, expected, fix
        parts = [found, f"应为：{expected}" if expected else "", f"处理办法：{fix}" if fix else ""]
        super().__init__("；".join(part for part in parts if part))


class TextError(TousuError):
    """A value that cannot be tagged as a complaint text."""

    code = "text_invalid"


class TaxonomyError(TousuError):
    """The taxonomy file breaks its rules."""

    code = "taxonomy_invalid"


class RulesError(TousuError):
    """A table of rules breaks its own: signals, authorities, attention, acceptance hints, clocks, the calendar."""

    code = "rules_invalid"


class CalendarEnds(TousuError):
    """A day lies beyond the calendar of working days."""

    code = "calendar_ends"


class ModelError(TousuError):
    """A model directory that must not be used."""

    code = "model_invalid"


class ModelMissing(ModelError):
    """There is no model at the given place."""

    code = "model_missing"


class ModelCorrupt(ModelError):
    """A file of the model is missing or does not have the recorded bytes."""

    code = "model_corrupt"


class ModelProtocol(ModelError):
    """The model was written under a protocol this version cannot read."""

    code = "model_protocol"


class ModelMismatch(ModelError):
    """The model is sound but made for another taxonomy."""

    code = "model_mismatch"


class CorpusError(TousuError):
    """Labelled rows that training or evaluation cannot use."""

    code = "corpus_invalid"


class FileError(TousuError):
    """A file that cannot be read or written."""

    code = "file_invalid"


class FormatUnknown(FileError):
    """The ending of a file name is no known format."""

    code = "format_unknown"


class EncodingUnknown(FileError):
    """The bytes of a file fit none of the encodings tried."""

    code = "encoding_unknown"


class ColumnMissing(FileError):
    """No column of a file holds the complaint texts."""

    code = "column_missing"


class FileSuspicious(FileError):
    """A packed file would unpack to far more than an honest one."""

    code = "file_suspicious"


class ResumeRefused(FileError):
    """What a run left behind does not fit the run that should go on with it."""

    code = "resume_refused"


class TemplateError(TousuError):
    """A Word template of a letter that cannot be used."""

    code = "template_invalid"


class ExampleError(TousuError):
    """A worked example, or a file of them, breaks its rules."""

    code = "example_invalid"


class UsageError(TousuError):
    """A command line names something that is not there or lacks something."""

    code = "usage_invalid"


class ExtraMissing(TousuError, ImportError):
    """A part of tousu that is not installed; an ``ImportError`` too, as Python expects of what cannot be imported."""

    code = "extra_missing"

    def __init__(self, found: str, *, expected: str = "", fix: str = "", name: str | None = None) -> None:
        super().__init__(found, expected=expected, fix=fix)
        self.name = name


class SettingsError(TousuError):
    """A setting is unknown, missing or wrong."""

    code = "settings_invalid"


class StoreError(TousuError):
    """The service's store refuses something or cannot be reached."""

    code = "store_unavailable"


class NotFound(StoreError):
    """There is no such record in the store."""

    code = "not_found"


class Conflict(StoreError):
    """The same key was used before for something else."""

    code = "conflict"


class JobUnfinished(StoreError):
    """A job has not come to its end, so what it makes is not there yet."""

    code = "job_unfinished"


class RequestError(TousuError):
    """A request the service does not take."""

    code = "request_invalid"


class BodyInvalid(RequestError):
    """The body of a request is no readable JSON."""

    code = "json_invalid"


class FormInvalid(RequestError):
    """The body of a request is no whole form, or not the one that is wanted."""

    code = "form_invalid"


class BodyKind(RequestError):
    """The body of a request is of a kind or encoding that is not taken."""

    code = "media_type_unsupported"


class BodyTooLarge(RequestError):
    """The body of a request is over the limit."""

    code = "body_too_large"


class BodyTooSlow(RequestError):
    """The body of a request did not arrive in time."""

    code = "body_too_slow"


class HeadTooLarge(RequestError):
    """The request line and headers of a request are over the limit."""

    code = "head_too_large"


class AddressUnknown(RequestError):
    """There is nothing at the address of a request."""

    code = "not_found"


class HostRefused(RequestError):
    """A request without a key names another host than the service goes by."""

    code = "host_refused"


class KeyRefused(RequestError):
    """No key came with a request, or none that is in force."""

    code = "key_refused"


class ScopeMissing(RequestError):
    """The key is in force but does not allow this."""

    code = "scope_missing"


class RateExceeded(RequestError):
    """The requests of one key come too fast."""

    code = "rate_exceeded"


class Busy(RequestError):
    """Too many requests are being worked on already."""

    code = "busy"
