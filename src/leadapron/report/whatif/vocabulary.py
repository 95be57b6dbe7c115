"""Numbers, intervals and parameters of what-if in words, alike on pages and terminals."""

from __future__ import annotations

from leadapron.model.measures import Method
from leadapron.model.scenarios import Estimate
from leadapron.report.whatif.sentences import rounded
from leadapron.report.words import N_, Words
from leadapron.whatif.parameters import FIELDS

_TWO_DAYS = 48
"""Hours up to which people count in hours."""

METHODS = {
    Method.MILP: N_("integer programme, checked on fresh runs"),
    Method.GREEDY: N_("step by step, checked on fresh runs"),
    Method.EXHAUSTIVE: N_("every combination tried, checked on fresh runs"),
    Method.NONE: N_("none"),
}

MODALITIES = {
    "CT": N_("CT (computed tomography)"),
    "MR": N_("MR (magnetic resonance)"),
    "US": N_("US (ultrasound)"),
    "DX": N_("DX (digital X-ray)"),
    "CR": N_("CR (X-ray on plates)"),
    "MG": N_("MG (mammography)"),
    "NM": N_("NM (nuclear medicine)"),
    "PT": N_("PT (PET)"),
    "XA": N_("XA (angiography)"),
    "RF": N_("RF (fluoroscopy)"),
    "OT": N_("OT (other)"),
}
"""Codes of PS3.3 C.7.3.1.1.1 with what people call them."""

_SHARES = frozenset({name for name, field in FIELDS.items() if field.share} | {"kept", "urgent"})
"""Parameters that people read in percent; the names of the others say their unit."""


class WhatIfNames:
    """What templates and terminals call to write numbers of what-if."""

    def __init__(self, say: Words) -> None:
        self._say = say

    def count(self, value: float) -> str:
        """Exams, devices or studies, to three digits; tenths where whole ones would hide them."""
        return self._say.number(rounded(round(value) if abs(value) >= 9.95 else round(value, 1)))

    def modality(self, code: str) -> str:
        """The code, and what people call it where it is a usual one."""
        return self._say.gettext(MODALITIES[code]) if code in MODALITIES else code

    def hours(self, value: float) -> str:
        """Hours up to two days, then days."""
        return self._in_days(value) if value >= _TWO_DAYS else self._in_hours(value)

    def tick(self, value: float) -> str:
        """Hours on an axis, short: days from one day on where they are whole."""
        if abs(value) >= 24 and value % 24 == 0:
            return self._say.gettext(N_("{n} d")).format(n=self._say.number(round(value / 24)))
        return self._in_hours(value)

    def hours_of_work(self, value: float) -> str:
        """Hours of work, to the half hour; never days, which no two people count alike."""
        return self._hours(self._say.number(round(value * 2) / 2))

    def share(self, value: float) -> str:
        """A share of runs; never 0 % or 100 % of what did happen or did not always."""
        edge = 0.01
        if 0 < value < edge:
            return self._say.gettext(N_("under {share}")).format(share=self._say.percent(edge))
        if 1 - edge < value < 1:
            return self._say.gettext(N_("over {share}")).format(share=self._say.percent(1 - edge))
        return self._say.percent(value)

    def typical(self, one: Estimate) -> str:
        """The median, and what 9 of 10 runs stay within."""
        return self._interval(self.count(one.p50), self.count(one.p5), self.count(one.p95))

    def average(self, one: Estimate) -> str:
        """The mean, and what 9 of 10 runs stay within."""
        return self._interval(self.count(one.mean), self.count(one.p5), self.count(one.p95))

    def duration(self, one: Estimate) -> str:
        """The median of hours, and what 9 of 10 runs stay within, in the median's unit."""
        unit = 24 if one.p50 >= _TWO_DAYS else 1
        return self._interval(self.hours(one.p50), self.count(one.p5 / unit), self.count(one.p95 / unit))

    def hours_between(self, one: Estimate) -> str:
        """What 9 of 10 runs stay within, of hours, in the median's unit."""
        unit = 24 if one.p50 >= _TWO_DAYS else 1
        return self._range(self.count(one.p5 / unit), self.count(one.p95 / unit))

    def between(self, one: Estimate) -> str:
        """What 9 of 10 runs stay within."""
        return self._range(self.count(one.p5), self.count(one.p95))

    def value(self, parameter: str, value: float) -> str:
        """The value of a parameter."""
        if parameter.partition(".")[0] in _SHARES:
            return self._say.percent(value)
        return self._say.number(rounded(value))

    def ended(self, hours: float) -> str:
        """When the spread is ended; intruders may be stopped before they trigger anything."""
        if hours < 0:
            return self._say.gettext(N_("{hours} before the first device stops")).format(hours=self.hours(-hours))
        return self._say.gettext(N_("after {hours}")).format(hours=self.hours(hours))

    def place(self, label: str, alike: int) -> str:
        """A device on a path, and how many others stood in its place."""
        if alike < 2:
            return label
        return self._say.ngettext("{label} (or {n} like it)", "{label} (or {n} like it)", alike - 1, label=label)

    def method(self, one: Method) -> str:
        return self._say.gettext(METHODS[one])

    def euros(self, value: float) -> str:
        return self._say.gettext(N_("€{n}")).format(n=self._say.number(round(value)))

    def _in_hours(self, value: float) -> str:
        return self._hours(self.count(value))

    def _hours(self, number: str) -> str:
        """No line may break before the unit."""
        return self._say.gettext(N_("{hours} h")).format(hours=number).replace(" ", "\u00a0")

    def _in_days(self, value: float) -> str:
        """Two days or more."""
        return self._say.noun("{n} day", "{n} days", 2).format(n=self.count(value / 24))

    def _range(self, low: str, high: str) -> str:
        return self._say.gettext(N_("{low} to {high}")).format(low=low, high=high)

    def _interval(self, middle: str, low: str, high: str) -> str:
        return self._say.gettext(N_("{middle} ({low} to {high})")).format(middle=middle, low=low, high=high)
