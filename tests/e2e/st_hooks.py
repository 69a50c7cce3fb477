"""What schemathesis must be told to fuzz a stream: how lines are written."""

from __future__ import annotations

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines(ctx, value) -> bytes:
    """Send whatever text was generated as it is."""
    del ctx
    return str(value).encode("utf-8", "surrogatepass")
