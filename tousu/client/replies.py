"""What the service answers, as types, and the one error that says it did not."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Reply(BaseModel):
    """A reply's fields; ones a newer service adds are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Evidence(Reply):
    """A span of the text and its weight."""

    start: int
    end: int
    text: str
    weight: float


class Span(Reply):
    """A span of the text."""

    start: int
    end: int
    text: str


class Acceptance(Reply):
    """A hint on accepting a complaint."""

    code: str
    article: str
    words: str


class Tagging(Reply):
    """What the service says of one text."""

    id: str | None = None
    primary: str
    codes: tuple[str, ...]
    probabilities: dict[str, float]
    decision: Literal["auto", "review"]
    online: bool
    kind: str | None = None
    route: str | None = None
    signals: tuple[str, ...] = ()
    amount: float | None = None
    attention: str = "normal"
    model: str
    evidence: tuple[Evidence, ...] | None = None
    signal_evidence: dict[str, tuple[Span, ...]] | None = None
    probabilities_kind: dict[str, float] | None = None
    probabilities_route: dict[str, float] | None = None
    attention_reasons: tuple[str, ...] | None = None
    statutes: tuple[Span, ...] | None = None
    order_numbers: tuple[Span, ...] | None = None
    acceptance: tuple[Acceptance, ...] | None = None


class ItemError(Reply):
    """Why one text of a batch got no tagging."""

    id: str | None = None
    code: str
    message: str
    field: str = ""


class Correction(Reply):
    """A correction as the service stored it."""

    id: int
    at: str
    text_id: str | None
    text: str
    masked: bool
    codes: tuple[str, ...]
    online: bool | None
    by: str
    why: str | None
    model: str | None


class JobProblem(Reply):
    """Why a job failed."""

    code: str | None = None
    message: str


class JobOutcome(Reply):
    """What came of a job; the counts are those of ``tousu tag --json``."""

    model: str | None = None
    rows: int | None = None
    tagged: int | None = None
    rejects: int | None = None
    auto: int | None = None
    review: int | None = None
    online: int | None = None
    domains: dict[str, int] | None = None
    seconds: float | None = None
    notes: tuple[str, ...] | None = None
    incomplete: bool | None = None
    result: str | None = None
    rejects_list: str | None = None


class Job(Reply):
    """A background job: ``queued``, ``running``, ``done``, ``failed`` or ``cancelled``."""

    id: str
    kind: str
    state: str
    step: str
    name: str | None = None
    progress: float | None = None
    rows: int
    created_at: str
    started_at: str | None = None
    finished_at: str | None = None
    error: JobProblem | None = None
    outcome: JobOutcome | None = None
    webhook: str = "none"

    @property
    def is_open(self) -> bool:
        """Whether it has not come to its end."""
        return self.state in ("queued", "running")


class ServiceError(Exception):
    """The service refused a request, or could not be reached however often it was tried.

    Attributes:
        status: The HTTP status, None when there was no answer.
        code: The service's stable name for the error, or ``unreachable``; ``validation_failed`` or ``key_refused``
            without a status is for what cannot even be sent.
        request_id: To find the request in the service's log.
    """

    def __init__(self, message: str, *, status: int | None, code: str, request_id: str = "") -> None:
        self.status, self.code, self.request_id = status, code, request_id
        super().__init__(message)
