"""Findings and practices to one honest plan. Pure: the same input gives the same plan, in the same order.

- `plan(picture, findings, actions, …)` → `model.plan.Plan`; see `assess.plan.harm` for the order.
- `load_actions()` → the remedies of `content/actions`, by name; `order_words()`: the sentences for
  `PlannedAction.reasons`, `Instead` and `PatchWord`.
"""

from leadapron.assess.plan.actions import Action, Step, load_actions, order_words
from leadapron.assess.plan.build import plan

__all__ = ["Action", "Step", "load_actions", "order_words", "plan"]
