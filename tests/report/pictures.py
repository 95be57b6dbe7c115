"""The pictures of the README, taken from the demo: `python -m tests.report.pictures` writes docs/images.

They show real output of the bundled capture. Needs Chromium, and ImageMagick to make the files small.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.report.browser import chromium

FOLDER = Path("docs/images")
WIDTH = 1200
"""CSS pixels: what a README shows, half as large again."""
SCALE = 1.5
COLOURS = 192
ACTIONS = 2
PLANNED = 3

_PARTS = {
    "plan": f"""
for (const one of document.querySelectorAll("main > section:not(#summary), .bottom, .skip, .sections")) one.remove();
for (const one of document.querySelectorAll(".actions > li:nth-child(n + {PLANNED + 1}), .actions ~ *")) one.remove();
""",
    "whatif": """
for (const one of document.querySelectorAll(
  "main > section:not(#summary, #spread), #summary > :nth-child(n + 4), details, .bottom, .skip, .sections",
)) {
  one.remove();
}
""",
    "report": f"""
for (const one of document.querySelectorAll("main > section:not(#summary), .bottom, .skip, .sections")) one.remove();
for (const one of document.querySelectorAll(".actions > li:nth-child(n + {ACTIONS + 1}), .actions ~ *")) one.remove();
""",
    "map": """
for (const one of document.querySelectorAll("main > section:not(#map), .bottom, .skip, .sections, .top, .twin")) {
  one.remove();
}
""",
}
"""Picture → what leaves only its part of the page."""


def main() -> None:
    """Write one file for each part."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        pages = _pages(Path(folder))
        for name, rest in _PARTS.items():
            browser.open(pages.get(name, pages["report"]), width=WIDTH, height=300)
            browser.run(rest)
            height = browser.run("Math.ceil(document.querySelector('main').getBoundingClientRect().bottom)")
            raw = Path(folder) / f"{name}.png"
            raw.write_bytes(browser.picture(width=WIDTH, height=height, scale=SCALE))
            subprocess.run(
                ["convert", raw, "-strip", "+dither", "-colors", str(COLOURS), f"PNG8:{FOLDER / name}.png"], check=True
            )


def _pages(folder: Path) -> dict[str, Path]:
    """The demo's report, its plan on the first day, and the worm."""
    pages = {name: folder / f"{name}.html" for name in ("report", "plan", "whatif")}
    workspace = ["--lang", "en", "--workspace", str(folder / "workspace")]
    for command in (
        ["demo", "--report", str(pages["report"])],
        ["plan", "--html", str(pages["plan"])],
        ["whatif", "run", "--html", str(pages["whatif"])],
    ):
        program = [sys.executable, "-m", "leadapron", *command, *workspace]
        subprocess.run(program, check=True, stdout=subprocess.DEVNULL)
    return pages


if __name__ == "__main__":
    main()
