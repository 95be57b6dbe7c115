"""The path from a capture file to events, alone: what `assess` does before it stores and judges."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from pathlib import Path

from leadapron.model.events import Event
from leadapron.see.capture import open_capture
from leadapron.see.wire.engine import Engine


def main(path: Path) -> None:
    gc.set_threshold(50_000, 20, 20)  # as the command line does
    kinds: Counter[type[Event]] = Counter()

    def count(event: Event) -> None:
        kinds[type(event)] += 1

    engine = Engine(path.name, count, b"bench")
    for batch in open_capture(path, path.name):
        engine.feed(batch)
    engine.finish()
    print(
        ", ".join(
            f"{number} {kind.__name__}" for kind, number in sorted(kinds.items(), key=lambda one: one[0].__name__)
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
