"""The commands of ``tousu``: where each one's code is, and the extra of the distribution that it needs."""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """A command of ``tousu``.

    Attributes:
        module: The module whose ``app`` is its Typer application.
        extra: The extra that installs what it needs.
    """

    module: str
    extra: str


# In the order a user meets them.
COMMANDS = {
    "serve": Command("tousu_service.commands.serve", "service"),
    "train": Command("tousu_training.commands.train", "training"),
    "evaluate": Command("tousu_training.commands.evaluate", "training"),
    "loop": Command("tousu_training.commands.loop", "training"),
    "tag": Command("tousu.cli.tag", "files"),
    "report": Command("tousu.cli.report", "files"),
    "due": Command("tousu.cli.due", "files"),
    "remind": Command("tousu.cli.remind", "files"),
    "calendar": Command("tousu.cli.calendar", "files"),
    "weekly": Command("tousu.cli.weekly", "files"),
    "monthly": Command("tousu.cli.monthly", "files"),
    "letter": Command("tousu.cli.letter", "letters"),
    "examples": Command("tousu.cli.examples", "files"),
    "handover": Command("tousu.cli.handover", "letters"),
    "consult": Command("tousu.cli.consult", "letters"),
    "keys": Command("tousu_service.commands.keys", "service"),
    "users": Command("tousu_service.commands.users", "service"),
    "models": Command("tousu_service.commands.models", "service"),
    "backup": Command("tousu_service.commands.backup", "service"),
    "restore": Command("tousu_service.commands.restore", "service"),
    "answers": Command("tousu_service.commands.answers", "service"),
    "work": Command("tousu_service.commands.work", "service"),
    "doctor": Command("tousu_service.commands.doctor", "service"),
}
