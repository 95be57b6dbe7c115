"""One word for each state of a control."""

from __future__ import annotations

from leadapron.model.procedures import AnswerState, ControlState
from leadapron.report.words import N_, Words

CONTROL_STATES = {
    ControlState.MET: N_("met"),
    ControlState.PARTLY: N_("met in part"),
    ControlState.NOT_MET: N_("not met"),
    ControlState.NOT_KNOWN: N_("not known"),
    ControlState.NOT_APPLICABLE: N_("does not apply"),
}

SHOWN = tuple(AnswerState)
"""Parts of an area's score, in this order."""


def control_state(state: ControlState, say: Words) -> str:
    """A control's state in words."""
    return say.gettext(CONTROL_STATES[state])
