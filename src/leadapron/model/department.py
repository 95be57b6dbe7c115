"""The department as an attack meets it: devices, who could reach whom, and what an exam depends on.

Built from a workspace (`whatif.department`), corrected by people in one TOML file. Every number says what it rests on.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

HOURS_OF_WEEK = 168


class Way(StrEnum):
    """By what an attack moves from one device to the next."""

    SMB = "smb"
    RDP = "rdp"
    DICOM = "dicom"
    WEB = "web"
    REMOTE = "remote"
    """Screens and shells meant for maintenance: VNC, SSH, Telnet, makers' tools."""
    CREDENTIALS = "credentials"
    """A directory or management server that may run programs on its members."""


class DeviceClass(StrEnum):
    """What a device is to an attack and to those who restore it."""

    MODALITY = "modality"
    PACS = "pacs"
    RIS = "ris"
    READING = "reading"
    OFFICE = "office"
    DIRECTORY = "directory"
    SERVER = "server"
    GATEWAY = "gateway"
    """Where makers and other outsiders come in."""
    OTHER = "other"
    """Printers, switches, unknown devices."""


class Role(StrEnum):
    """A step of an exam besides the scanner."""

    WORKLIST = "worklist"
    STORAGE = "storage"
    READING = "reading"
    REPORTING = "reporting"
    """Dictation and report delivery."""


class Basis(StrEnum):
    """What a number rests on, firmest first."""

    MEASURED = "measured"
    """Seen in the workspace."""
    GIVEN = "given"
    """Written by the department in its file."""
    SOURCED = "sourced"
    """Published; the source is named."""
    ASSUMED = "assumed"
    """None of these: our guess, to be replaced."""


class Assumption(Struct, frozen=True, kw_only=True):
    """One number or fact a result rests on: a message id with its parameters (words: `content/whatif/words`)."""

    message: str
    params: Mapping[str, str | float] = field(default_factory=dict)
    basis: Basis
    source: str = ""
    """Where it was published."""


class Node(Struct, frozen=True, kw_only=True):
    """A device."""

    id: str
    """Its asset's id."""
    label: str
    zone: str
    kind: DeviceClass
    modality: str = ""
    weak: Mapping[Way, float] = field(default_factory=dict)
    """Probability that a way in works on it at all, 0 (the same as absent) to 1. Where it does, it falls at the
    scenario's full rate; where it does not, never."""
    findings: Mapping[Way, tuple[str, ...]] = field(default_factory=dict)
    """Ids of the findings that make it weak."""
    records: float = 0.0
    """Studies it holds."""
    disk_gb: float = 0.0
    """Room a scanner has for images of its own, in gigabytes, as the department gave it; 0: not known."""
    importer: bool = False
    """Discs and sticks from outside are read here."""
    exposed: bool = False
    """Reachable from the internet."""


class Passage(Struct, frozen=True, kw_only=True):
    """Devices of one zone can open a way to devices of another; where there is none they cannot.

    Inside a zone every way is open: switches do not filter.
    """

    source: str
    target: str
    way: Way
    basis: Basis
    flows: tuple[str, ...] = ()
    """Ids of flows that were seen to use it."""


class Link(Struct, frozen=True, kw_only=True):
    """One device can reach one other, whatever their zones: a maker's tunnel, a directory's members, a DICOM pair."""

    source: str
    target: str
    way: Way
    basis: Basis
    flows: tuple[str, ...] = ()


class Need(Struct, frozen=True, kw_only=True):
    """What exams of a modality need besides the scanner; any one of `nodes` will do."""

    role: Role
    nodes: tuple[str, ...]
    """Empty: a service outside the department, such as dictation."""
    kept: float
    """Share of the exams that can be done without any of them (paper, reading at the console)."""
    basis: Basis


class Chain(Struct, frozen=True, kw_only=True):
    """How exams of one modality are done: any scanner, and all needs."""

    modality: str
    scanners: tuple[str, ...]
    needs: tuple[Need, ...] = ()
    per_hour: tuple[float, ...]
    """Exams of all scanners together for each hour of the week, Monday 0 h first, local time (168 values)."""
    urgent: float
    """Share of urgent exams."""
    basis: Basis


class Department(Struct, frozen=True, kw_only=True):
    """Everything a simulation needs of one site. Ids of `nodes` are unique; all others point to them."""

    nodes: tuple[Node, ...]
    passages: tuple[Passage, ...] = ()
    links: tuple[Link, ...] = ()
    seen: tuple[Link, ...] = ()
    """Pairs that were seen to talk, within a zone or between zones. An attack does not use them as they stand (zones,
    passages and links say what it can use): they are what stays open when a passage is closed or a device moves."""
    chains: tuple[Chain, ...] = ()
    assumptions: tuple[Assumption, ...] = ()

    @property
    def zones(self) -> tuple[str, ...]:
        """Zones that hold a device, sorted."""
        return tuple(sorted({node.zone for node in self.nodes}))
