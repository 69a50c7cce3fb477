"""Telling another system that a job has ended: signed, retried, and only to hosts that are allowed.

The signature is ``HMAC-SHA256(secret, "<seconds>.<body>")`` in hexadecimal; whoever receives it compares it, and looks
that the time is near the present, so that an old message cannot be sent again.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import socket
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import orjson

from tousu.errors import FormInvalid
from tousu_service.jobs.shown import shown
from tousu_service.store import jobs
from tousu_service.telemetry import logs

if TYPE_CHECKING:
    from tousu_service.settings import Settings
    from tousu_service.store import Store
    from tousu_service.store.jobs import Job

PAUSES = (0.0, 5.0, 30.0, 120.0, 600.0, 3600.0, 6 * 3600.0, 24 * 3600.0)  # seconds before each try
SECONDS = 10.0
LONGEST = 2000
PORTS = {"http": 80, "https": 443}
SIGNATURE = "Tousu-Signature"


def checked(url: str, settings: Settings) -> str:
    """Return an address that may be told of the end of jobs.

    Raises:
        FormInvalid: It is no such address, or its host is not allowed.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL("")
    if len(url) > LONGEST or parsed.scheme not in PORTS or not parsed.host or parsed.userinfo:
        raise FormInvalid("webhook 不是可用的地址", expected="http:// 或 https:// 开头，不带用户名", fix="改正地址")
    port = parsed.port or PORTS[parsed.scheme]
    allowed = {part.strip().lower() for part in settings.webhook_hosts.split(",")} - {""}
    if not allowed & {parsed.host.lower(), f"{parsed.host.lower()}:{port}"}:
        raise FormInvalid(
            "webhook 的主机不在允许之列",
            expected="设置项 webhook_hosts 里的主机",
            fix="请运维人员把它写进 webhook_hosts",
        )
    return str(parsed)


def signature(secret: str, body: bytes, *, seconds: int) -> str:
    """Return the header's value for a body sent at a time."""
    signed = hmac.new(secret.encode(), b"%d." % seconds + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={signed}"


def deliver_due(store: Store, settings: Settings) -> int:
    """Call every webhook that is due; return how many were delivered.

    Raises:
        StoreError: The store cannot be asked.
    """
    count = 0
    for job in jobs.due_webhooks(store):
        last = job.webhook_tries + 1 >= len(PAUSES)
        pause = PAUSES[-1] if last else PAUSES[job.webhook_tries + 1]
        spread = pause * random.uniform(0.8, 1.2)  # noqa: S311 -- no secret
        if not jobs.take_webhook(store, job, pause=timedelta(seconds=max(spread, SECONDS * 2))):
            continue
        problem = _called(job, settings)
        if not problem:
            jobs.end_webhook(store, job, "delivered")
            count += 1
        elif last:
            jobs.end_webhook(store, job, "failed")
        (logs.logger().warning if problem else logs.logger().info)(
            "webhook", job=job.id, tries=job.webhook_tries + 1, problem=problem, given_up=bool(problem) and last
        )
    return count


def _called(job: Job, settings: Settings) -> str:
    """Call a job's webhook once; return what went wrong, in English, nothing if it was taken."""
    assert job.webhook is not None
    try:
        url = httpx.URL(checked(job.webhook, settings))
    except FormInvalid:
        return "host not allowed"
    body = orjson.dumps({"event": f"job.{job.state}", "job": shown(job, root_path=settings.root_path)})
    now = int(time.time())
    headers = {
        "Content-Type": "application/json", "User-Agent": "tousu", "Tousu-Job": job.id,
        SIGNATURE: signature(settings.webhook_secret, body, seconds=now),
    }  # fmt: skip
    try:
        address = _resolved(url)
        # The name is looked up once: what was looked at is what is connected to.
        headers["Host"] = url.netloc.decode("ascii")
        with httpx.Client(timeout=SECONDS, trust_env=False, follow_redirects=False) as client:
            response = client.post(
                url.copy_with(host=address), content=body, headers=headers, extensions={"sni_hostname": url.host}
            )
    except (httpx.HTTPError, OSError) as error:
        return type(error).__name__
    return "" if response.is_success else f"status {response.status_code}"


def _resolved(url: httpx.URL) -> str:
    """Return the first address of a host.

    Raises:
        OSError: It has none.
    """
    port = url.port or PORTS[url.scheme]
    found = socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    return str(found[0][4][0])
