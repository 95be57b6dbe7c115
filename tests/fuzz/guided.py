"""One target under atheris (coverage-guided); run as a process of its own, because atheris ends its process."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["leadapron"]):
    from tests.fuzz.mutation import MAX_INPUT, MAX_SECONDS, check
    from tests.fuzz.seeds import corpus
    from tests.fuzz.targets import TARGETS


def main(name: str, seconds: int, seed: int, crashes: str) -> None:
    target = next(each for each in TARGETS if each.name == name)
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(target.seeds(corpus())):
            (Path(folder) / str(number)).write_bytes(data)
        options = [
            f"-max_total_time={seconds}",
            f"-max_len={MAX_INPUT}",
            f"-timeout={int(MAX_SECONDS)}",
            f"-seed={seed + 1}",
            f"-artifact_prefix={crashes}/{name}-",
            folder,
        ]
        atheris.Setup([sys.argv[0], *options], lambda data: check(target, data) and None)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
