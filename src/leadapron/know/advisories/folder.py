"""Advisories of a file, a folder or a ZIP archive, one document in memory at a time.

A provider's folder holds several editions of one advisory: a first pass reads only who each document is, the second
reads the newest edition of each. A bad document is named and the rest goes on; a dangerous archive is refused whole
before anything of it is used.
"""

from __future__ import annotations

import io
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from leadapron.know.advisories.csaf import read_csaf
from leadapron.know.advisories.document import MAX_DOCUMENT, Tracking, decode_cover
from leadapron.model.advisories import Advisory
from leadapron.model.errors import SourceError

MAX_FILES = 200_000
"""Documents of one source."""
MAX_UNPACKED = 4_000_000_000
"""Bytes of all documents of one archive."""
MAX_RATIO = 200
"""Times that a large document may shrink: JSON shrinks some 20 times, a bomb a thousand."""
MAX_DIRECTORY = 32_000_000
"""Bytes of an archive's table of contents, which is read in one piece."""

_LARGE = 1_000_000
_ZIP = b"PK"
_ARCHIVES = (".zip", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".tar", ".rar")
_NOT_DOCUMENTS = re.compile(
    r"(?:provider-metadata|aggregator|service|category.*|.*feed.*|rolie.*)\.json", re.IGNORECASE
)
"""JSON files that providers keep beside their documents (CSAF 2.0 §7.1)."""


class Problem(Struct, frozen=True, kw_only=True):
    """A document that could not be used, and why, in English."""

    file: str
    text: str


class _Member(Struct, frozen=True):
    """A document not yet read."""

    name: str
    read: Callable[[], bytes]
    """Raises SourceError."""


def read_advisories(path: Path) -> Iterator[Advisory | Problem]:
    """The newest edition of every advisory under `path`, and what could not be read.

    SourceError when `path` itself is of no use: missing, not readable, an archive that is damaged or a bomb.
    """
    with _members(path) as members:
        newest: dict[str, tuple[_Edition, int]] = {}
        for index, member in enumerate(members):
            try:
                tracking = decode_cover(member.read(), member.name).document.tracking
            except SourceError as error:
                yield Problem(file=member.name, text=str(error))
                continue
            if tracking.status == "draft":
                text = f"{member.name}: a draft, which its publisher does not stand by yet; it is left out"
                yield Problem(file=member.name, text=text)
                continue
            edition = _edition(tracking)
            if tracking.id not in newest or newest[tracking.id][0] <= edition:
                newest[tracking.id] = edition, index
        for _, index in sorted(newest.values(), key=lambda found: found[1]):
            try:
                yield read_csaf(members[index].read(), members[index].name)
            except SourceError as error:
                yield Problem(file=members[index].name, text=str(error))


_Edition = tuple[datetime, tuple[int, ...]]


def _edition(tracking: Tracking) -> _Edition:
    """Orders editions of one advisory: by date, then by version (an integer or a semantic version)."""
    numbers = re.findall(r"\d{1,9}", tracking.version)
    return tracking.current_release_date, tuple(map(int, numbers[:4]))


@contextmanager
def _members(path: Path) -> Iterator[list[_Member]]:
    """What `path` holds; it can be read until the context ends."""
    try:
        if path.is_dir():
            yield _of_folder(path)
            return
        with path.open("rb") as file:
            if file.read(len(_ZIP)) != _ZIP:
                yield [_file(path, path.name)]
                return
            with _opened(file, path.name) as archive:
                yield _of_archive(archive, path.name)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror or error})") from error


# ---------------------------------------------------------------- folders
def _of_folder(folder: Path) -> list[_Member]:
    members: list[_Member] = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for file in sorted(files):
            path = os.path.join(place, file)
            shown = os.path.relpath(path, folder)
            if file.lower().endswith(_ARCHIVES):
                members.append(_refused(shown, "an archive within a folder is not opened; give the archive itself"))
            elif _is_document(file):
                members.append(_file(Path(path), shown))
            if len(members) > MAX_FILES:
                raise SourceError(f"{folder}: more than {MAX_FILES:,} documents; give it in parts")
    if not members:
        raise SourceError(f"{folder}: holds no advisory (*.json)")
    return members


def _is_document(name: str) -> bool:
    return name.lower().endswith(".json") and not name.startswith(".") and not _NOT_DOCUMENTS.fullmatch(name)


def _refused(name: str, why: str) -> _Member:
    def read() -> bytes:
        raise SourceError(f"{name}: {why}")

    return _Member(name, read)


def _file(path: Path, shown: str) -> _Member:
    def read() -> bytes:
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                raise SourceError(f"{shown}: not a regular file; it is left out")
            if status.st_size > MAX_DOCUMENT:
                raise SourceError(_too_large(shown, status.st_size))
            return path.read_bytes()
        except OSError as error:
            raise SourceError(f"{shown}: cannot be read ({error.strerror or error})") from error

    return _Member(shown, read)


def _too_large(name: str, size: int) -> str:
    return f"{name}: {size:,} bytes, an advisory has at most {MAX_DOCUMENT:,}; it is left out unread"


# ---------------------------------------------------------------- archives
class _Bounded(io.BufferedIOBase):
    """A file of which no piece larger than a table of contents is read at once (`zipfile` reads that in one)."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = MAX_DIRECTORY + 1 if size is None or size < 0 else size
        if wanted > MAX_DIRECTORY + 1 or len(data := self._file.read(wanted)) > MAX_DIRECTORY:
            raise zipfile.BadZipFile(f"its table of contents is larger than {MAX_DIRECTORY:,} bytes")
        return data

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


def _opened(file: BinaryIO, shown: str) -> zipfile.ZipFile:
    """ValueError and its kin: `zipfile` trusts the offsets that an archive states."""
    try:
        return zipfile.ZipFile(_Bounded(file))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, struct.error) as error:
        raise SourceError(f"{shown}: damaged ZIP archive ({error}); fetch it again") from error


def _of_archive(archive: zipfile.ZipFile, shown: str) -> list[_Member]:
    entries = [entry for entry in archive.infolist() if not entry.filename.endswith("/")]  # `is_dir` wants a name
    if len(entries) > MAX_FILES:
        raise SourceError(f"{shown}: more than {MAX_FILES:,} files; give it in parts")
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        raise SourceError(f"{shown}: unpacks to more than {MAX_UNPACKED:,} bytes; it is refused")
    for entry in entries:
        if entry.file_size > _LARGE and entry.file_size > MAX_RATIO * max(1, entry.compress_size):
            raise SourceError(
                f"{shown}: {entry.filename} unpacks to {MAX_RATIO} times its size and more; the archive is refused"
            )
    members = []
    for entry in sorted(entries, key=lambda entry: entry.filename):
        name, path = f"{shown}/{entry.filename}", Path(entry.filename)
        if entry.filename.lower().endswith(_ARCHIVES):
            members.append(_refused(name, "an archive within an archive is not opened; unpack it and give it itself"))
        elif _is_document(path.name) and not any(part.startswith(".") for part in path.parts):
            members.append(_entry(archive, entry, name))
    if not members:
        raise SourceError(f"{shown}: holds no advisory (*.json)")
    return members


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> _Member:
    def read() -> bytes:
        if entry.flag_bits & 1:
            raise SourceError(f"{name}: encrypted; it is left out")
        if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise SourceError(f"{name}: packed by an unusual method; pack it again as an ordinary ZIP")
        if entry.file_size > MAX_DOCUMENT:
            raise SourceError(_too_large(name, entry.file_size))
        try:
            with archive.open(entry) as file:
                data = file.read(MAX_DOCUMENT + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, struct.error) as error:
            raise SourceError(f"{name}: damaged within the archive ({error}); fetch it again") from error
        return data

    return _Member(name, read)
