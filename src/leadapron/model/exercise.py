"""A table-top exercise and a downtime sheet of one department: what is played, by whom, with which answers expected.

Words are content (`content/whatif/exercise`), carried here in every language; figures are those of one simulated run.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from leadapron.model.department import Basis
from leadapron.model.scenarios import Estimate

Text = Mapping[str, str]
"""Language → sentence."""


class Player(StrEnum):
    """Who sits at the table."""

    RADIOGRAPHER = "radiographer"
    RADIOLOGIST = "radiologist"
    PACS = "pacs"
    BIOMED = "biomed"
    SECURITY = "security"
    MANAGER = "manager"
    MAKER = "maker"


class Cue(StrEnum):
    """What in a run makes an inject due."""

    START = "start"
    """The first device stops, or an outage is announced."""
    FIRST_SCANNER = "first-scanner"
    SPREADING = "spreading"
    """Half of what will stop has stopped."""
    CHOICE = "choice"
    """A third of what will stop has stopped: cut now, or wait?"""
    LAST_SCANNER = "last-scanner"
    """No scanner of a modality works any more."""
    WORKLIST = "worklist"
    STORAGE = "storage"
    READING = "reading"
    REPORTING = "reporting"
    URGENT = "urgent"
    """Half an hour after exams of a modality can no longer be done as usual."""
    CONTAINED = "contained"
    DISCOVERED = "discovered"
    """A theft is noticed; nothing stops."""
    HANDOVER = "handover"
    """Eight hours in."""
    DAY_1 = "day-1"
    DISK = "disk"
    """The first scanner that works alone has no room left."""
    DAY_3 = "day-3"
    WEEK_2 = "week-2"
    FIRST_BACK = "first-back"
    """The first scanner is restored."""
    RESTORED = "restored"
    """Everything works again; the backlog remains."""


class InjectWords(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An inject in one language; `{parameters}` are those of its cue."""

    title: str
    seen: str
    """What the players see, hear or are told."""
    decision: str
    answers: tuple[str, ...]
    """What a prepared department would answer."""
    note: str = ""
    """For the facilitator: how to help, what usually goes wrong."""


class ModalityState(Struct, frozen=True, kw_only=True):
    """One modality at a moment of the run."""

    modality: str
    scanners: int
    working: int
    lost: float
    """Exams not done when they were due, until then."""


class State(Struct, frozen=True, kw_only=True):
    """The department at a moment of the run."""

    down: int
    """Devices that do not work."""
    devices: int
    lost: float
    modalities: tuple[ModalityState, ...]


class Inject(Struct, frozen=True, kw_only=True):
    """One thing that happens to the players."""

    id: str
    cue: Cue
    hour: float
    """Since the scenario began; negative when it was announced."""
    to: tuple[Player, ...]
    words: Mapping[str, InjectWords]
    params: Mapping[str, str | float]
    dark: tuple[str, ...]
    """Labels of the devices that stopped since the inject before."""
    state: State
    sources: tuple[str, ...]
    """Guidance and incidents its answers rest on."""


class Question(Struct, frozen=True, kw_only=True):
    """Asked after the exercise."""

    id: str
    text: Text


class Exercise(Struct, frozen=True, kw_only=True):
    """One run of one scenario, to be played by people around a table."""

    scenario: str
    title: Text
    story: Text
    weekday: int
    """Of hour 0; 0 is Monday."""
    start: float
    """Local time of hour 0, in hours."""
    run: int
    """Which of the runs is played: the one whose exams lost are nearest to the median."""
    runs: int
    seed: int
    lost: float
    """Exams lost in the run that is played."""
    exams_lost: Estimate
    """Over all runs."""
    injects: tuple[Inject, ...]
    debrief: tuple[Question, ...]
    sources: Mapping[str, Text]
    """What `Inject.sources` cites."""


class Instruction(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the downtime sheet."""

    id: str
    title: Text
    steps: tuple[Text, ...]
    sources: tuple[str, ...] = ()


class LoneScanner(Struct, frozen=True, kw_only=True):
    """A scanner that goes on without the network."""

    id: str
    label: str
    zone: str
    disk_gb: float
    """Room for new images."""
    disk_basis: Basis
    hours_to_full: float
    """Of the clock, nights included; inf: not within the sheet's days."""
    fallen: float | None = None
    """Share of simulated runs in which the attacker holds it or stops it; None: nothing was simulated."""


class Alone(Struct, frozen=True, kw_only=True):
    """How one modality goes on when the network does not."""

    modality: str
    scanners: tuple[LoneScanner, ...]
    per_day: float
    """Exams of a usual day, all scanners together."""
    kept: float
    """Share of them that can be done without worklist, storage, reading and reporting."""
    gb_per_exam: float
    gb_basis: Basis
    readers: tuple[str, ...]
    """Labels of the stations that read it now: they may be used again only once they are known to be clean."""
    archives: tuple[str, ...]
    worklists: tuple[str, ...]
    note: Text
    """What is particular to it; empty where nothing is."""


class Downtime(Struct, frozen=True, kw_only=True):
    """The sheet that hangs in every scanner room."""

    days: int
    weekday: int
    start: float
    """Local time of the hour at which it begins, as in `Exercise`."""
    modalities: tuple[Alone, ...]
    instructions: tuple[Instruction, ...]
    columns: tuple[Text, ...]
    """Of the paper worklist."""
    sources: Mapping[str, Text]
    """What `Instruction.sources` cites."""
