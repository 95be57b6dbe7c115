"""What a person named as sources: capture files, folders of them, or standard input; checked before work starts."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path

from msgspec import Struct

from leadapron.model.errors import SourceError
from leadapron.see.capture import Capture, find_captures, open_capture

STANDARD_INPUT = "-"
DEMO_CAPTURE = "department.pcapng.zst"


class Piece(Struct, frozen=True, kw_only=True):
    """One capture file of a source; `name` is what evidence calls it."""

    name: str
    path: Path | None
    size: int
    stream: Capture | None = None
    """Standard input, already open: it has no path."""


class SourceGroup(Struct, frozen=True, kw_only=True):
    """Captures that one sensor took, in order of time: connections may run from one file into the next."""

    id: str
    """Same content, same id: a source read again replaces what was read before."""
    pieces: tuple[Piece, ...]

    @property
    def size(self) -> int:
        """Bytes as they lie on the disk; 0 where unknown."""
        return sum(piece.size for piece in self.pieces)

    def captures(self) -> Iterator[tuple[Piece, Capture]]:
        """Open one capture after the other."""
        for piece in self.pieces:
            if piece.stream is not None:
                yield piece, piece.stream
            elif piece.path is not None:
                with open_capture(piece.path, piece.name) as capture:
                    yield piece, capture


def find_sources(arguments: Sequence[str]) -> list[SourceGroup]:
    """The sources named on the command line. Raises SourceError for the first that holds no capture at all."""
    if not arguments:
        raise SourceError("no source given: name a capture file, a folder of captures, or - for standard input")
    if list(arguments).count(STANDARD_INPUT) > 1:
        raise SourceError("standard input (-) can be read only once: name it once")
    taken: set[str] = set()
    groups: dict[str, SourceGroup] = {}
    for argument in arguments:
        group = _standard_input() if argument == STANDARD_INPUT else _from_path(Path(argument), taken)
        groups.setdefault(group.id, group)
    return list(groups.values())


def demo_source() -> SourceGroup:
    """The capture of a badly kept department that comes with the program."""
    return _from_path(Path(str(files("leadapron.content") / "captures" / DEMO_CAPTURE)), set())


def seed_of(groups: Sequence[SourceGroup]) -> bytes:
    """Bytes that follow from the sources' content, so that one run's pseudonyms are like another's."""
    return blake2b("\n".join(sorted(group.id for group in groups)).encode()).digest()


def _standard_input() -> SourceGroup:
    capture = open_capture(sys.stdin.buffer, "standard input")
    return SourceGroup(id=capture.fingerprint[:16], pieces=(Piece(name="stdin", path=None, size=0, stream=capture),))


def _from_path(source: Path, taken: set[str]) -> SourceGroup:
    digest = blake2b(digest_size=8)
    pieces = []
    for path in find_captures(source):
        with open_capture(path, str(path)) as capture:
            digest.update(capture.fingerprint.encode())
            name = _free_name(_shown_name(path, source), capture.fingerprint, taken)
            pieces.append(Piece(name=name, path=path, size=capture.size or 0))
    return SourceGroup(id=digest.hexdigest(), pieces=tuple(pieces))


def _shown_name(path: Path, source: Path) -> str:
    """A file's name; inside a folder, the way from that folder. Never where the folder lies."""
    return path.name if path == source else path.relative_to(source).as_posix()


def _free_name(name: str, fingerprint: str, taken: set[str]) -> str:
    """Two files of one name (`mon/trace.pcap`, `tue/trace.pcap`) must stay apart in evidence."""
    if name in taken:
        name = f"{name} ({fingerprint[:8]})"
    taken.add(name)
    return name
