"""One word for each member of the closed sets of a plan."""

from __future__ import annotations

from leadapron.model.plan import ActionKind, Approval, ChangeKind, WorkStatus
from leadapron.report.plan.contract import ActionEntry
from leadapron.report.words import N_, Words

STATUSES = {
    WorkStatus.OPEN: N_("open"),
    WorkStatus.DOING: N_("in progress"),
    WorkStatus.DONE: N_("said to be done"),
}

APPROVALS = {
    Approval.YES: N_("The maker must agree first."),
    Approval.ASK: N_("Ask the maker first: it depends on the contract or the device."),
    Approval.NO: N_("The maker need not be asked."),
}

KINDS = {
    ActionKind.REMEDY: N_("weak spot"),
    ActionKind.PRACTICE: N_("procedure"),
    ActionKind.ANSWER: N_("question"),
}

CHANGES = {
    ChangeKind.NEW: N_("New"),
    ChangeKind.BACK: N_("Back again"),
    ChangeKind.FIXED: N_("Fixed"),
    ChangeKind.UNSEEN: N_("Not seen this time, so nobody knows"),
    ChangeKind.SAME: N_("Unchanged"),
}
"""In the order in which a page lists them."""


class PlanNames:
    """What templates and terminals call to name parts of a plan."""

    def __init__(self, say: Words) -> None:
        self._say = say

    def status(self, one: ActionEntry) -> str:
        return self._say.gettext(STATUSES[one.status])

    def kind(self, one: ActionEntry) -> str:
        return self._say.gettext(KINDS[one.kind])

    def change(self, kind: ChangeKind) -> str:
        return self._say.gettext(CHANGES[kind])

    def who(self, one: ActionEntry) -> str:
        """Professions, the one who leads first."""
        return ", ".join(person.name for person in one.who)

    def hours(self, one: ActionEntry) -> str:
        """Half hours for the smallest works, whole ones for the others."""
        rounded = round(one.hours * 2) / 2 if one.hours < 10 else round(one.hours)
        return self._say.gettext(N_("{hours} h")).format(hours=self._say.number(max(rounded, 0.5)))

    def disturbs(self, one: ActionEntry) -> str:
        """Consent and stop, in one or two sentences."""
        stop = self._say.gettext(N_("The device stands still meanwhile.")) if one.downtime else ""
        return " ".join(filter(None, (self._say.gettext(APPROVALS[one.approval]), stop)))

    def windows(self, one: ActionEntry) -> list[tuple[str, str, str]]:
        """Device, its idle hours, and how far to rely on them."""
        return [(stop.label, "; ".join(window.text for window in stop.windows), stop.note) for stop in one.stops]
