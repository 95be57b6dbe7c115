"""Small files of our own, replaced whole or not at all."""

from __future__ import annotations

from pathlib import Path

from leadapron.model.errors import UsageError


def write_whole(path: Path, data: bytes) -> None:
    """Put `data` at `path`, in folders that are made where they lack; UsageError says why it cannot be."""
    aside = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_bytes(data)
        aside.replace(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror}); free space or rights?") from error
