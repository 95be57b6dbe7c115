"""The plan as a document, on the terminal, as a page and as tickets.

- `plan_document(plan, assessed, …)` → `PlanDocument`, the published contract.
- `render_plan_terminal(plan, console)`, `render_plan_html(plan)`, `plan_csv(plan)`.
"""
