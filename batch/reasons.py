"""Why the operating system or an unpacker refused, in Chinese."""

from __future__ import annotations

import errno
import gzip
import zlib

import zstandard

SYSTEM = {
    errno.ENOENT: "没有这个文件或目录",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EISDIR: "是一个目录",
    errno.ENOTDIR: "路径中有一段不是目录",
    errno.EEXIST: "已有同名的文件或目录",
    errno.ENOSPC: "磁盘已满",
    errno.EDQUOT: "磁盘配额已用完",
    errno.EFBIG: "文件太大",
    errno.EROFS: "磁盘是只读的",
    errno.ENAMETOOLONG: "名字太长",
    errno.ELOOP: "符号链接绕成了圈",
    errno.EIO: "磁盘读写出错",
    errno.EMFILE: "打开的文件太多",
    errno.ENFILE: "打开的文件太多",
    errno.ENOLCK: "这个磁盘不能给文件上锁",
    errno.ENOTSUP: "这个磁盘不支持此操作",
    errno.ENXIO: "没有这个设备",
    errno.ENODEV: "没有这个设备",
    errno.ETXTBSY: "文件正被使用",
    errno.EBUSY: "文件正被使用",
    errno.EINVAL: "名字或操作不合规定",
}
UNPACK_ERRORS = (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError)


def reason_of(error: OSError) -> str:
    """Return why the operating system refused; by number if that is all there is."""
    return SYSTEM.get(error.errno or 0, f"系统错误 {error.errno}")


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
