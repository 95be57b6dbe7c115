"""One word for each member of the closed sets of a plan."""

from __future__ import annotations

from leadapron.model.plan import ActionKind, Approval, ChangeKind, WorkStatus
from leadapron.report.plan.contract import ActionEntry
from leadapron.report.vocabulary import several
from leadapron.report.words import N_, Words

NAMED = 8
"""Devices or questions that an action names before the rest is counted."""

STOPPED = 6
"""Devices with the same idle hours that are named before the rest is counted."""

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
        self._colon = say.gettext(N_(":"))

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

    def granted(self, one: ActionEntry) -> str:
        """What a bigger work avoids and costs, for whoever grants it."""
        return self._say.gettext(N_("{points} points of harm avoided; {hours}; led by: {who}")).format(
            points=self._say.number(round(one.points)), hours=self.hours(one), who=one.who[0].name if one.who else "–"
        )

    def disturbs(self, one: ActionEntry) -> str:
        """Consent and stop, in one or two sentences."""
        stop = self._say.gettext(N_("The device stands still meanwhile.")) if one.downtime else ""
        return " ".join(filter(None, (self._say.gettext(APPROVALS[one.approval]), stop)))

    def steps(self, one: ActionEntry) -> list[str]:
        """Who does what, one line each."""
        return [f"{step.name}{self._colon} {step.text}" for step in one.steps]

    def when(self, one: ActionEntry) -> list[str]:
        """When devices can be stopped, one line each."""
        return [
            f"{label}{self._colon} {f'{hours}. ' if hours else ''}{note}" for label, hours, note in self.windows(one)
        ]

    def facts(self, one: ActionEntry) -> tuple[tuple[str, str], ...]:
        """The action in full for those who carry it out: terms, and lines that say them or nothing."""
        _, say = self._say.gettext, self._say
        due = _(N_("due on {day}")).format(day=say.calendar_day(one.due)) if one.due else ""
        return (
            (_(N_("Concerns")), several(one.subjects, NAMED, say)),
            (_(N_("Who")), self.who(one)),
            (_(N_("Work")), self.hours(one)),
            (_(N_("Owner")), ", ".join(filter(None, (one.owner or _(N_("nobody yet")), due)))),
            (_(N_("Before")), self.disturbs(one)),
            (_(N_("Maker’s form")), one.patching.text if one.patching else ""),
            (_(N_("When")), "\n".join(self.when(one))),
            (_(N_("What to do")), "\n".join(self.steps(one))),
            (_(N_("Instead, for now")), f"{one.instead_because} {one.instead}" if one.instead_because else ""),
            (_(N_("What it may break")), one.breaks),
            (_(N_("Done when")), one.done_when),
            (_(N_("Why it stands here")), " ".join(one.reasons)),
            (_(N_("Reference")), one.id),
        )

    def windows(self, one: ActionEntry) -> list[tuple[str, str, str]]:
        """Devices with the same idle hours together, these hours, and how far to rely on them."""
        between = self._say.gettext(N_("; "))
        labels: dict[tuple[str, str], list[str]] = {}
        for stop in one.stops:
            labels.setdefault((between.join(window.text for window in stop.windows), stop.note), []).append(stop.label)
        return [(several(found, STOPPED, self._say), hours, note) for (hours, note), found in labels.items()]
