"""Reminders to a group's robot (企业微信, 钉钉, 飞书) or to another system's address."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ssl
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

from tousu.remind.sending import NotSent, Unclear

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tousu.remind.notices import Notice
    from tousu.remind.settings import Channel

# Bytes of text a robot takes in one message, somewhat less than the services say.
MOST = {"wecom": 2000, "dingtalk": 18_000, "feishu": 18_000, "webhook": 1 << 20}

PASSED_ON = (502, 504)  # what a gateway answers that had no answer, or a broken one, from whom it asked


class ChannelSender:
    """Sends notices to one channel.

    Args:
        channel: Which.
        key: The robot's key.
        secret: What its messages are signed with, None where they are not.
        settings: The settings file, where paths begin.
        timeout: Seconds to wait for the other side.
    """

    def __init__(self, channel: Channel, key: str | None, secret: str | None, settings: Path, timeout: float) -> None:
        self._channel, self._key, self._secret = channel, key, secret
        ca = None if channel.ca_file is None else str(settings.parent / channel.ca_file)
        # No proxy or login of the environment's, no other address: what goes out goes where the settings say.
        self._client = httpx.Client(
            timeout=timeout, trust_env=False, follow_redirects=False, verify=ssl.create_default_context(cafile=ca)
        )

    def send(self, notice: Notice, leaving: Callable[[], None]) -> None:
        """Send a notice.

        Args:
            notice: The notice.
            leaving: Called just before the first byte of the request leaves.

        Raises:
            NotSent: The other side cannot be reached or refuses it.
            Unclear: The line broke after the request had begun to leave, or a gateway does not know what became of it.
        """
        address, body = self._request(notice)
        left = False

        def traced(event: str, _: Any) -> None:
            nonlocal left
            if event.endswith("send_request_headers.started"):
                left = True
                leaving()

        try:
            reply = self._client.post(
                address, json=body, headers={"Idempotency-Key": notice.key}, extensions={"trace": traced}
            )
        except httpx.HTTPError as error:
            reason = f"{self._channel.name} 连不上或没有回答（{type(error).__name__}）"
            raise (Unclear(reason) if left else NotSent(reason)) from error
        self._check(reply)

    def _request(self, notice: Notice) -> tuple[str, dict[str, Any]]:
        """Return the address and the body for a notice."""
        base, key, text = self._channel.address, quote(self._key or "", safe=""), notice.text
        if self._channel.kind == "webhook":
            return base, notice.to_dict()
        if self._channel.kind == "wecom":
            return f"{base}/cgi-bin/webhook/send?key={key}", {"msgtype": "text", "text": {"content": text}}
        if self._channel.kind == "dingtalk":
            body = {"msgtype": "text", "text": {"content": text}, "at": {"isAtAll": False}}
            return f"{base}/robot/send?access_token={key}{self._signed_for_dingtalk()}", body
        return f"{base}/open-apis/bot/v2/hook/{key}", {
            "msg_type": "text", "content": {"text": text}, **self._signed_for_feishu(),
        }  # fmt: skip

    def _signed_for_dingtalk(self) -> str:
        """Return the signature as a part of the address; nothing without a secret."""
        if self._secret is None:
            return ""
        moment = str(round(time.time() * 1000))
        digest = hmac.new(self._secret.encode(), f"{moment}\n{self._secret}".encode(), hashlib.sha256).digest()
        return f"&timestamp={moment}&sign={quote(base64.b64encode(digest), safe='')}"

    def _signed_for_feishu(self) -> dict[str, str]:
        """Return the signature as keys of the body; none without a secret."""
        if self._secret is None:
            return {}
        moment = str(int(time.time()))
        digest = hmac.new(f"{moment}\n{self._secret}".encode(), b"", hashlib.sha256).digest()
        return {"timestamp": moment, "sign": base64.b64encode(digest).decode()}

    def _check(self, reply: httpx.Response) -> None:
        """Refuse an answer that is a refusal.

        Raises:
            NotSent: It is.
            Unclear: A gateway gives it, which may have passed the notice on.
        """
        if reply.status_code in PASSED_ON:
            raise Unclear(f"{self._channel.name} 前面的网关回答 {reply.status_code}")
        if not reply.is_success:
            raise NotSent(f"{self._channel.name} 回答 {reply.status_code}")
        if self._channel.kind == "webhook":
            return
        try:
            told = reply.json()
        except ValueError as error:
            raise NotSent(f"{self._channel.name} 的回答不是 JSON，检查 base 是否写对") from error
        code = (
            next((told[key] for key in ("errcode", "code", "StatusCode") if key in told), 0)
            if isinstance(told, dict)
            else None
        )
        if code != 0:
            words = str(told.get("errmsg") or told.get("msg") or "") if isinstance(told, dict) else ""
            raise NotSent(f"{self._channel.name} 不收：{code} {' '.join(words.split())[:120]}".rstrip())

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
