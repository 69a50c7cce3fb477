"""Zip archives of files, unpacked with care: their names, their sizes, where they would be written."""

from __future__ import annotations

import errno
import shutil
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from tousu.errors import FileError, FileSuspicious

ARCHIVE = ".zip"
OTHER_ARCHIVES = (".rar", ".7z", ".tar", ".tgz", ".bz2", ".xz")
# Tables pack at 3:1 to 40:1. Below the floor nothing can do harm.
MOST_EXPANSION = 200
EXPANSION_FLOOR = 256 << 20
MOST_BYTES = 16 << 30
MOST_FILES = 10_000
UTF8_NAMES = 0x800
LOCKED = 0x1


def is_archive(path: Path) -> bool:
    """Return whether a file is a zip archive by its name."""
    return path.suffix.lower() == ARCHIVE and path.is_file()


def unpack(path: Path, target: Path) -> dict[str, str]:
    """Unpack an archive into a directory; return why members were left out, in Chinese, by their names.

    Raises:
        FileError: It is broken.
        FileSuspicious: It would unpack to far more than tables do.
    """
    left_out: dict[str, str] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            _check(path, members)
            for member in members:
                name = member_name(member)
                place = PurePosixPath(name)
                if place.is_absolute() or ".." in place.parts or not place.parts or ":" in place.parts[0]:
                    left_out[name] = "文件名指到压缩包外面"
                elif member.flag_bits & LOCKED:
                    left_out[name] = "有密码，先解压"
                elif place.suffix.lower() in (ARCHIVE, *OTHER_ARCHIVES):
                    left_out[name] = "压缩包里的压缩包，先解压"
                else:
                    _write(archive, member, target / place, path)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError, RuntimeError) as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise  # the disk, not the archive
        raise FileError(f"{path.name} 不是完好的压缩包", fix="重新取得文件，或先解压") from error
    return left_out


def pack(folder: Path, target: Path) -> None:
    """Write the files of a directory into an archive."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                entry = zipfile.ZipInfo(file.relative_to(folder).as_posix())
                entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                with file.open("rb") as source, archive.open(entry, "w", force_zip64=True) as sink:
                    shutil.copyfileobj(source, sink)


def member_name(member: zipfile.ZipInfo) -> str:
    """Return a member's name; Chinese Windows writes GBK without saying so."""
    name = member.filename
    if not member.flag_bits & UTF8_NAMES:
        raw = name.encode("cp437", "replace")
        for encoding in ("utf-8", "gb18030"):
            try:
                name = raw.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
    return name.replace("\\", "/")


def _check(path: Path, members: list[zipfile.ZipInfo]) -> None:
    """Refuse an archive that says that it unpacks to far more than tables do."""
    whole = sum(member.file_size for member in members)
    packed = max(1, path.stat().st_size)
    if len(members) > MOST_FILES or whole > min(MOST_BYTES, max(EXPANSION_FLOOR, MOST_EXPANSION * packed)):
        raise FileSuspicious(
            f"{path.name} 解压后有 {len(members):,} 个文件、{whole >> 20:,} MB，像是压缩炸弹",
            expected="普通的压缩包", fix="确认来源可靠后先自行解压，再交给 tousu tag",
        )  # fmt: skip


def _write(archive: zipfile.ZipFile, member: zipfile.ZipInfo, place: Path, path: Path) -> None:
    """Unpack a member; one that is larger than it says is refused."""
    place.parent.mkdir(parents=True, exist_ok=True)
    left = member.file_size
    with archive.open(member) as source, place.open("wb") as sink:
        while piece := source.read(1 << 20):
            left -= len(piece)
            if left < 0:
                raise FileSuspicious(
                    f"{path.name} 中的 {member_name(member)} 比它自称的大", fix="先自行解压，再交给 tousu tag"
                )
            sink.write(piece)
