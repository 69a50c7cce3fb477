"""One run of the reminders: whoever has not been told today is told, each once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tousu.clock.workdays import load_calendar
from tousu.remind.channels import MOST, ChannelSender
from tousu.remind.mail import MailSender
from tousu.remind.notices import notices_of, parts_of
from tousu.remind.sending import NotSent, Unclear
from tousu.remind.sent import sent_log
from tousu.remind.settings import secret_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tousu.clock.due import Due
    from tousu.ledger.read import Ledger
    from tousu.remind.notices import Notice
    from tousu.remind.sent import SentLog
    from tousu.remind.settings import RemindSettings


class Sender(Protocol):
    """Something that sends notices."""

    def send(self, notice: Notice, leaving: Callable[[], None]) -> None:
        """Send one; ``leaving`` is called just before it leaves."""

    def close(self) -> None:
        """Let go of what was opened."""


@dataclass(slots=True)
class Reminded:
    """What a run did.

    Attributes:
        sent: Notices that were taken.
        failed: Notices that were not, and why.
        unclear: Notices that may have been, and why.
        before: How many cases had been told of earlier that day.
        homeless: Cases nobody could be told of, by officer.
        resting: Whether nothing was sent because the day is free.
    """

    sent: list[Notice] = field(default_factory=list)
    failed: list[tuple[Notice, str]] = field(default_factory=list)
    unclear: list[tuple[Notice, str]] = field(default_factory=list)
    before: int = 0
    homeless: dict[str, int] = field(default_factory=dict)
    resting: bool = False


def log_path(settings: RemindSettings, file: Path) -> Path:
    """Return where the log of a settings file is: where it says, else beside it."""
    return file.parent / settings.log if settings.log is not None else file.with_suffix(".sent.sqlite")


def remind(
    ledger: Ledger, due: Due, settings: RemindSettings, file: Path, *, calendar: Path | None = None, wait: float = 600.0
) -> Reminded:
    """Send the reminders of a day that have not gone out yet.

    Args:
        ledger: The ledger.
        due: Its clocks on that day.
        settings: Who is told.
        file: The settings file.
        calendar: Table of announced days; as for the clocks by default.
        wait: Seconds to wait for another run to end.

    Raises:
        FileError: The log cannot be used.
        SettingsError: A secret's file cannot be read.
    """
    if settings.workdays_only and not load_calendar(calendar).is_workday(due.today):
        return Reminded(resting=True)
    notices, homeless = notices_of(ledger, due, settings)
    done = Reminded(homeless=homeless)
    senders = _senders(settings, file)
    try:
        with sent_log(log_path(settings, file), wait=wait) as log:
            for notice in notices:
                new = [item for item in notice.items if log.is_new(notice, item)]
                done.before += len(notice.items) - len(new)
                kind = next((one.kind for one in settings.channels if one.name == notice.channel), "webhook")
                for part in parts_of(notice._replace(items=tuple(new)), MOST[kind]):
                    _send(part, senders[notice.channel], log, done)
    finally:
        for sender in senders.values():
            sender.close()
    return done


def _senders(settings: RemindSettings, file: Path) -> dict[str, Sender]:
    """Return the senders by channel.

    Raises:
        SettingsError: A secret's file cannot be read.
    """
    timeout = settings.timeout_seconds
    senders: dict[str, Sender] = {
        channel.name: ChannelSender(
            channel,
            secret_of(channel.key, channel.key_file, file),
            secret_of(channel.secret, channel.secret_file, file),
            file,
            timeout,
        )
        for channel in settings.channels
    }
    if settings.mail is not None:
        senders["mail"] = MailSender(
            settings.mail, secret_of(settings.mail.password, settings.mail.password_file, file), file, timeout
        )
    return senders


def _send(notice: Notice, sender: Sender, log: SentLog, done: Reminded) -> None:
    """Claim, send and write down one notice."""
    made = log.claim(notice)
    try:
        sender.send(notice, lambda: log.sending(made))
    except NotSent as error:
        log.ended(made, "failed", str(error))
        done.failed.append((notice, str(error)))
    except Unclear as error:
        log.ended(made, "unclear", str(error))
        done.unclear.append((notice, str(error)))
    else:
        log.ended(made, "sent")
        done.sent.append(notice)
