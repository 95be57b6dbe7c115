"""What a person named as sources: capture files, folders of them, or standard input; checked before work starts."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from hashlib import blake2b
from importlib.resources import files
from io import FileIO
from pathlib import Path

from msgspec import Struct

from leadapron.model.errors import SourceError
from leadapron.see.capture import Capture, find_captures, open_capture

STANDARD_INPUT = "-"
DEMO_CAPTURE = "department.pcapng.zst"
DEMO_PAPERS = "department-papers"


class LiveStream(FileIO):
    """Standard input or a named pipe: its bytes may take for ever, so Ctrl-C while waiting for them is its end."""

    stopped = False

    def read(self, size: int | None = -1, /) -> bytes:
        """What has come, `size` bytes at most; nothing at the end."""
        if self.stopped:
            return b""
        try:
            return super().read(size) or b""
        except KeyboardInterrupt:
            self.stopped = True
            return b""


class Piece(Struct, frozen=True, kw_only=True):
    """One capture of a source; `name` is what evidence calls it."""

    name: str
    content: Path | Capture
    """A file; or the capture that `stream` carries, open already because it can be read only once."""
    size: int = 0
    """Bytes as they lie on the disk; 0 where unknown."""
    stream: LiveStream | None = None

    def open(self) -> Capture:
        """To be read once, and closed. Raises SourceError when a file is gone since it was found."""
        return open_capture(self.content, self.name) if isinstance(self.content, Path) else self.content

    @property
    def stopped(self) -> bool:
        """Whether Ctrl-C was its end."""
        return self.stream is not None and self.stream.stopped


class SourceGroup(Struct, frozen=True, kw_only=True):
    """Captures that one sensor took, in order of time: connections may run from one file into the next."""

    id: str
    """Same content, same id: a source read again replaces what was read before."""
    pieces: tuple[Piece, ...]

    @property
    def size(self) -> int:
        """Bytes of those pieces whose size is known."""
        return sum(piece.size for piece in self.pieces)


def find_sources(arguments: Sequence[str]) -> list[SourceGroup]:
    """The sources named on the command line. Raises SourceError for the first that holds no capture at all."""
    if not arguments:
        raise SourceError("no source given: name a capture file, a folder of captures, or - for standard input")
    if list(arguments).count(STANDARD_INPUT) > 1:
        raise SourceError("standard input (-) can be read only once: name it once")
    taken: set[str] = set()
    groups: dict[str, SourceGroup] = {}
    for argument in arguments:
        group = _source(argument, taken)
        groups.setdefault(group.id, group)
    return list(groups.values())


def demo_source() -> SourceGroup:
    """The capture of a badly kept department that comes with the program."""
    return _files(Path(str(files("leadapron.content") / "captures" / DEMO_CAPTURE)), set())


def demo_papers() -> tuple[Path, ...]:
    """That department's own papers: an asset list, an AE register, a network plan, two MDS2 forms."""
    folder = Path(str(files("leadapron.content") / "captures" / DEMO_PAPERS))
    return tuple(sorted(path for path in folder.iterdir() if path.suffix in (".csv", ".xlsx")))


def seed_of(groups: Sequence[SourceGroup]) -> bytes:
    """Bytes that follow from the sources' content, so that one run's pseudonyms are like another's."""
    return blake2b("\n".join(sorted(group.id for group in groups)).encode()).digest()


def _source(argument: str, taken: set[str]) -> SourceGroup:
    if argument == STANDARD_INPUT:
        return _standard_input()
    if not argument:
        raise SourceError("a source is an empty name: is a variable of your script unset?")
    path = Path(argument)
    if path.is_fifo() or path.is_char_device():
        return _stream(LiveStream(path), path.name)
    return _files(path, taken)


def _standard_input() -> SourceGroup:
    if sys.stdin is None or sys.stdin.isatty():
        raise SourceError("nothing is sent into standard input: write `tcpdump … -w - | leadapron assess -`")
    return _stream(LiveStream(sys.stdin.fileno(), closefd=False), "stdin")


def _stream(stream: LiveStream, name: str) -> SourceGroup:
    capture = open_capture(stream, name)
    piece = Piece(name=name, content=capture, stream=stream)
    return SourceGroup(id=capture.fingerprint[:16], pieces=(piece,))


def _files(source: Path, taken: set[str]) -> SourceGroup:
    digest = blake2b(digest_size=8)
    pieces = []
    for path in find_captures(source):
        with open_capture(path, str(path)) as capture:
            digest.update(capture.fingerprint.encode())
            name = _free_name(_shown_name(path, source), capture.fingerprint, taken)
            pieces.append(Piece(name=name, content=path, size=capture.size or 0))
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
