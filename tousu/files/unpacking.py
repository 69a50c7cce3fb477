"""Why an unpacker refused, in Chinese."""

from __future__ import annotations

import gzip
import zlib

import zstandard

UNPACK_ERRORS = (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError)


def unpack_reason(error: Exception, packing: str) -> str:
    """Return why a packed file could not be unpacked, of the errors in ``UNPACK_ERRORS``.

    Args:
        error: The unpacker's.
        packing: ``.gz`` or ``.zst``.
    """
    if isinstance(error, EOFError):
        return "压缩数据没有结尾"
    said = str(error)
    if "Not a gzipped" in said or "Unknown frame" in said:
        return f"不是 {packing} 压缩数据"
    if "CRC" in said or "length" in said or "checksum" in said:
        return "校验不符"
    return "压缩数据已损坏"
