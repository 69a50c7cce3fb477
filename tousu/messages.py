"""Others' words in our sentences: characters that would take over a terminal, the system's and pydantic's English."""

from __future__ import annotations

import errno
import re
import socket
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# Controls (line ends too: a name is one line), line separators, what turns the direction of writing, and halves of
# characters, which also stand for the bytes of a file name that are no UTF-8.
ODD = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

SYSTEM = {
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
SURROGATE = "含有不成对的代理字符（半个字，如单独的 \\ud800），不是合法的 Unicode 文字"
CHINESE = re.compile(r"[\u4e00-\u9fff]")

VALUES = {
    "missing": "缺少这一项",
    "extra_forbidden": "没有这一项，请检查拼写",
    "string_type": "应为字符串",
    "string_unicode": SURROGATE,
    "string_too_short": "不能为空",
    "string_too_long": "最长 {max_length} 字",
    "string_pattern_mismatch": "写法不对",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_parsing_size": "数字过大",
    "int_from_float": "应为整数",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "finite_number": "应为有限的数字",
    "list_type": "应为数组",
    "dict_type": "应为 JSON 对象",
    "model_type": "应为 JSON 对象",
    "model_attributes_type": "应为 JSON 对象",
    "too_short": "至少要有 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "应不小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "应不大于 {le}",
    "literal_error": "应为 {expected} 之一",
    "enum": "应为 {expected} 之一",
    "path_type": "应为路径",
    "date_type": "应为日期，如 2026-04-15",
    "date_parsing": "应为日期，如 2026-04-15",
    "date_from_datetime_parsing": "应为日期，如 2026-04-15",
    "date_from_datetime_inexact": "应为日期，如 2026-04-15，不带时刻",
    "datetime_type": "应为时刻，如 2026-04-15T09:30:00+08:00",
    "datetime_parsing": "应为时刻，如 2026-04-15T09:30:00+08:00",
    "datetime_from_date_parsing": "应为时刻，如 2026-04-15T09:30:00+08:00",
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
    return SYSTEM.get(error.errno) or f"系统错误 {errno.errorcode.get(error.errno, error.errno)}"


def toml_reason(error: ValueError) -> str:
    """Return in Chinese where a TOML file is wrong, and what is known of why; it may also be no UTF-8."""
    if isinstance(error, UnicodeDecodeError):
        return f"第 {error.start + 1} 字节不是 UTF-8"
    message = str(error)
    found = re.search(r"at line (\d+), column (\d+)", message)
    place = f"第 {found[1]} 行第 {found[2]} 列" if found else "文件末尾"
    twice = message.startswith(("Cannot overwrite", "Cannot declare", "Duplicate"))
    return f"{place}{'的键前面已经有了' if twice else '写法不对'}"


def value_reason(error: Mapping[str, Any], own: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return why pydantic refused a value, in Chinese, never repeating the value.

    Args:
        error: One of ``ValidationError.errors()``.
        own: Words by kind of error that go before the common ones.
    """
    message = str(error.get("msg", "")).removeprefix("Value error, ")
    if CHINESE.search(message):
        return message
    kind, context = str(error["type"]), dict(error.get("ctx", {}))
    if "expected" in context:  # pydantic's English list of choices
        context["expected"] = str(context["expected"]).replace("'", "").replace(" or ", "、").replace(", ", "、")
    words = own.get(kind) or VALUES.get(kind, "写法不对")
    try:
        return words.format(**context)
    except KeyError:
        return words.split(" {")[0]
