"""What the guard would have done and does, for people and programs.

- `replay_document(replay, made, names=…, said=…)` → the published contract of `guard replay`.
- `render_replay_terminal`, `render_status_terminal`.
"""

from leadapron.report.guard.compose import replay_document
from leadapron.report.guard.contract import ReplayDocument
from leadapron.report.guard.status import render_status_terminal
from leadapron.report.guard.terminal import render_replay_terminal

__all__ = ["ReplayDocument", "render_replay_terminal", "render_status_terminal", "replay_document"]
