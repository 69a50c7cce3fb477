"""Reminders by mail."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate
from typing import TYPE_CHECKING

from tousu.remind.sending import NotSent, Unclear

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tousu.remind.notices import Notice
    from tousu.remind.settings import MailServer

REFUSED_FROM = 400


class MailSender:
    """Sends mail over one connection, opened when the first is sent.

    Args:
        server: How.
        password: The user's password.
        settings: The settings file, where paths begin.
        timeout: Seconds to wait for the server.
    """

    def __init__(self, server: MailServer, password: str | None, settings: Path, timeout: float) -> None:
        self._server, self._password, self._timeout = server, password, timeout
        self._ca = None if server.ca_file is None else str(settings.parent / server.ca_file)
        self._smtp: smtplib.SMTP | None = None

    def send(self, notice: Notice, leaving: Callable[[], None]) -> None:
        """Send a notice.

        Args:
            notice: The notice.
            leaving: Called just before the message itself leaves.

        Raises:
            NotSent: The server cannot be reached or refuses it.
            Unclear: The line broke after the message had left.
        """
        message = self._message(notice)
        try:
            smtp = self._connected()
            self._asked(*smtp.mail(self._server.sender))
            self._asked(*smtp.rcpt(notice.target))
            self._asked(*smtp.docmd("DATA"))
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise NotSent(_reason(error)) from error
        leaving()
        try:
            smtp.send(message)
            self._asked(*smtp.getreply())
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            self.close()
            if isinstance(error, smtplib.SMTPResponseException):
                raise NotSent(_reason(error)) from error
            raise Unclear(f"发出后没有等到回执：{_reason(error)}") from error

    def _message(self, notice: Notice) -> bytes:
        """Return the message as it goes over the line, its end included."""
        mail = EmailMessage()
        mail["Subject"], mail["From"], mail["To"] = notice.subject, self._server.sender, notice.target
        mail["Date"] = formatdate(localtime=True)
        mail["Message-ID"] = f"<{notice.key}@{self._server.sender.partition('@')[2]}>"
        mail.set_content(notice.text, cte="base64")
        return mail.as_bytes(policy=mail.policy.clone(linesep="\r\n")).rstrip(b"\r\n") + b"\r\n.\r\n"

    def _connected(self) -> smtplib.SMTP:
        """Return the connection, made and logged in."""
        if self._smtp is not None:
            return self._smtp
        server = self._server
        context = ssl.create_default_context(cafile=self._ca)
        if server.security == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=self._timeout, context=context)
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=self._timeout)
        self._smtp = smtp
        if server.security == "starttls":
            smtp.starttls(context=context)
        smtp.ehlo_or_helo_if_needed()
        if server.user is not None:
            smtp.login(server.user, self._password or "")
        return smtp

    @staticmethod
    def _asked(code: int, answer: bytes) -> None:
        """Refuse an answer that is a refusal.

        Raises:
            SMTPResponseException: It is.
        """
        if code >= REFUSED_FROM:
            raise smtplib.SMTPResponseException(code, answer)

    def close(self) -> None:
        """Hang up."""
        if self._smtp is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                self._smtp.close()
            self._smtp = None


def _reason(error: Exception) -> str:
    """Return what went wrong, on one line."""
    if isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error if isinstance(error.smtp_error, str) else error.smtp_error.decode("utf-8", "replace")
        return f"邮件服务器回答 {error.smtp_code} {' '.join(words.split())[:120]}"
    return f"连不上邮件服务器或中断（{type(error).__name__}）"
