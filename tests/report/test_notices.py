"""Every notice of the guard is told in words."""

from __future__ import annotations

import re
from pathlib import Path

import leadapron.app
import leadapron.guard
from leadapron.report.guard.said import NOTICES

TABLES = {"listener.routes", "listener.limits", "listener.tokens"}
"""Of a policy file, named alike."""
FAMILIES = "guard|policy|break-glass|certificate|audit|journal|workspace|listener|quarantine|clock|tokens"


def test_every_notice_has_a_sentence_and_none_is_left_over() -> None:
    code = re.compile(rf'(?<!getLogger\()"((?:{FAMILIES})\.[a-z-]+)"')
    sources = [Path(room.__file__ or "").parent for room in (leadapron.guard, leadapron.app)]
    used = {
        name for source in sources for path in source.rglob("*.py") for name in code.findall(path.read_text("utf-8"))
    }
    used -= TABLES | {name for name in used if name.endswith((".toml", ".sock", ".tls", ".pem", ".json", ".yml"))}
    assert used - NOTICES.keys() == set()
    assert NOTICES.keys() - used == set()
