"""The plan as a document, on the terminal, as a page and as tickets.

- `plan_document(plan, assessed, …)` → `PlanDocument`, the published contract; `report.encode` writes its JSON.
- `render_plan_terminal(plan, console)`, `render_plan_html(plan)`, `plan_csv(plan)`.
"""

from leadapron.report.plan.compose import plan_document
from leadapron.report.plan.contract import PlanDocument
from leadapron.report.plan.page import render_plan_html
from leadapron.report.plan.terminal import render_plan_terminal
from leadapron.report.plan.tickets import plan_csv

__all__ = ["PlanDocument", "plan_csv", "plan_document", "render_plan_html", "render_plan_terminal"]
