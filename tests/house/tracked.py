"""The files of the project, as git sees them: tracked, or new and not ignored."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""Top of the source tree."""


@cache
def files() -> tuple[Path, ...]:
    """Every file that is or would be committed.

    In a tree without git (an unpacked archive): every file of the folders we write by hand.
    """
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listing.returncode == 0:
        found = (ROOT / name for name in listing.stdout.decode().split("\0") if name)
        return tuple(sorted(path for path in found if path.is_file()))
    folders = ("src", "tests", "docs", "lab", "bench", "changelog.d")
    named = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    return tuple(sorted([*named, *(path for path in ROOT.iterdir() if path.is_file())]))


def texts() -> list[tuple[Path, str]]:
    """The files that are UTF-8 text, with their content."""
    readable = []
    for path in files():
        try:
            readable.append((path, path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return readable


def shown(path: Path) -> str:
    """Path as a person writes it."""
    return path.relative_to(ROOT).as_posix()
