"""Others' words in our sentences: characters that would take over a terminal, and the system's English."""

from __future__ import annotations

import errno
import re
import socket

# Controls (line ends too: a name is one line), line separators, what turns the direction of writing, and halves of
# characters, which also stand for the bytes of a file name that are no UTF-8.
ODD = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

REASONS = {
    errno.ENOENT: "没有这个文件或目录",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EISDIR: "是一个目录",
    errno.ENOTDIR: "路径中有一段不是目录",
    errno.EEXIST: "已经存在",
    errno.ENOTEMPTY: "目录不是空的",
    errno.ENOSPC: "磁盘已满",
    errno.EDQUOT: "超出磁盘配额",
    errno.EROFS: "磁盘只能读，不能写",
    errno.EFBIG: "文件过大",
    errno.ENAMETOOLONG: "名称过长",
    errno.ELOOP: "符号链接绕成了圈",
    errno.EBUSY: "正被占用",
    errno.ETXTBSY: "正被占用",
    errno.EIO: "读写出错，磁盘可能有故障",
    errno.EMFILE: "打开的文件过多",
    errno.ENFILE: "打开的文件过多",
    errno.ENOMEM: "内存不足",
    errno.ENOLCK: "这个磁盘不能给文件上锁",
    errno.ENOTSUP: "这个磁盘不支持此操作",
    errno.EINVAL: "名字或操作不合规定",
    errno.ENODEV: "没有这个设备",
    errno.ENXIO: "没有这个设备",
    errno.EADDRINUSE: "已被别的程序占用",
    errno.EADDRNOTAVAIL: "本机没有这个地址",
    errno.ECONNREFUSED: "连接被拒绝",
    errno.ETIMEDOUT: "等得太久，没有回应",
}


def printable(text: str) -> str:
    """Return the text with every control character spelled out, safe to print on a terminal."""
    return ODD.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def system_reason(error: OSError) -> str:
    """Return in Chinese why the operating system refused something."""
    if isinstance(error, socket.gaierror):
        return "查不到这个主机名"
    if error.errno is None:
        return "系统没有说明原因"
    return REASONS.get(error.errno) or f"系统错误 {errno.errorcode.get(error.errno, error.errno)}"


def toml_reason(error: ValueError) -> str:
    """Return in Chinese where a TOML file is wrong, and what is known of why."""
    message = str(error)
    found = re.search(r"at line (\d+), column (\d+)", message)
    place = f"第 {found[1]} 行第 {found[2]} 列" if found else "文件末尾"
    twice = message.startswith(("Cannot overwrite", "Cannot declare", "Duplicate"))
    return f"{place}{'的键前面已经有了' if twice else '写法不对'}"
