"""Other ends that really receive: a mail server and an HTTP address on this machine."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller


class Box:
    """Takes mail, slowly if asked to, and refuses addresses that begin with ``no``."""

    def __init__(self, slow=0.0):
        self.slow, self.mails = slow, []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - the server's own name
        if address.startswith("no"):
            return "550 no such box"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - the server's own name
        self.mails.append(message_from_bytes(envelope.content, policy=default))
        if self.slow:
            time.sleep(self.slow)
        return "250 taken"

    def texts(self):
        return [mail.get_content() for mail in self.mails]


@contextlib.contextmanager
def mail_server(slow=0.0):
    box = Box(slow)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port, ready_timeout=30)
    controller.start()
    try:
        yield box, port
    finally:
        controller.stop()


@contextlib.contextmanager
def http_server(answer=(200, {"errcode": 0, "code": 0}), slow=0.0):
    """Yield the requests received, as (path, headers, body), and the address."""
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            received.append((self.path, dict(self.headers), body))
            time.sleep(slow)
            status, told = answer
            data = json.dumps(told).encode()
            with contextlib.suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield received, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
