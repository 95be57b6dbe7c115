"""Rewrite the golden texts: `python -m tests.golden`, then read the difference before committing it."""

from tests.golden.rendering import FOLDER, SCENARIOS, path_of, render

for old in FOLDER.glob("*.txt"):
    old.unlink()
for name in SCENARIOS:
    for part, text in render(name).items():
        path_of(name, part).write_text(text, encoding="utf-8")
