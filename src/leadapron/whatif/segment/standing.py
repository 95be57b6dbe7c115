"""How sure a rule may be: what scanners live on is kept, what is rare or odd is asked about, attacks are refused.

Findings say what an attack is; a weakness that the department works with (DICOM in clear, SMB 1) is no reason to stop
it. What a scanner's images or orders travel by is never refused without a person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from msgspec import Struct

from leadapron.model.events import Service
from leadapron.model.findings import Finding
from leadapron.model.inventory import Flow, Inventory, Role
from leadapron.model.segmentation import Standing
from leadapron.rules.rows import IMAGING_ROLES
from leadapron.whatif.segment.exams import carries_exams
from leadapron.whatif.segment.suspicion import Reason, Suspicion
from leadapron.whatif.segment.traffic import Crossing, Door, doors, occasions, pause_of, span_of

FEW = 3
"""Occasions from which on use is regular."""
FEW_AT_ODD_HOURS = 6
"""The same, where it only happens in hours of the day in which no exam is made."""
A_DAY = timedelta(days=1)

HOUSEKEEPING = frozenset({Service.DNS, Service.NTP, Service.DHCP, Service.SYSLOG})
"""What every device needs, and some need once a month."""
MAINTENANCE = frozenset({Service.RDP, Service.VNC, Service.SSH, Service.TELNET, Service.FTP})
MAINTENANCE_PORTS = frozenset({21, 22, 23, 3389, 5900, 5985, 5986})
LOCAL_NAMES = frozenset({Service.NETBIOS, Service.MDNS, Service.LLMNR})
NAMELESS = frozenset({Role.UNKNOWN, Role.OFFICE, Role.EXTERNAL})
"""Roles that many devices share without being of a kind."""


class Ruling(Struct, frozen=True):
    """How sure a rule for one flow may be, and why it is not kept."""

    standing: Standing
    reason: Reason | None = None


KEEP = Ruling(Standing.KEEP)


class Judge:
    """Judges flows by what was found, what they carry, and how often they came."""

    def __init__(self, inventory: Inventory, findings: Iterable[Finding], *, external: str) -> None:
        self._suspicion = Suspicion(inventory, findings)
        self._external = external
        self._pause = pause_of(inventory)
        self._exam_hours = _exam_hours(inventory)
        self._regulars: dict[tuple[str, Door], set[Role]] = defaultdict(set)

    def meet(self, crossings: Iterable[Crossing]) -> None:
        """Learn who uses which door regularly: to a device of the same kind, it is ordinary even once."""
        for crossing in crossings:
            flow = crossing.flow
            if self._suspicion.of(flow) is None and self._rarity(flow) is None:
                for _, door in doors(crossing):
                    self._regulars[crossing.source_zone, door].update(set(flow.client_roles) - NAMELESS)

    def rule_on(self, crossing: Crossing) -> Ruling:
        """How sure a rule for this flow may be."""
        flow = crossing.flow
        said = self._suspicion.of(flow)
        if said and said[0] is Standing.REFUSE:
            return Ruling(*said)
        question = said[1] if said else self._oddness(crossing)
        needed = flow.service in HOUSEKEEPING or carries_exams(flow)
        if question is None and not needed and not self._has_peers(crossing):
            question = self._rarity(flow)
        return Ruling(Standing.ASK, question) if question else KEEP

    def is_seldom(self, flow: Flow) -> bool:
        """Used too seldom to tell a server from a caller whose port is mistaken for one."""
        return occasions(flow, self._pause) < FEW

    def _oddness(self, crossing: Crossing) -> Reason | None:
        """What is asked about however often it happens."""
        flow = crossing.flow
        if self._external and crossing.source_zone == self._external:
            return Reason.FROM_OUTSIDE
        if self._external and crossing.target_zone == self._external:
            return Reason.OUTSIDE
        if flow.service in LOCAL_NAMES:
            return Reason.LOCAL_NAMES
        into_imaging = not (IMAGING_ROLES | {Role.PRINTER, Role.UNKNOWN}).isdisjoint(flow.server_roles)
        if into_imaging and (flow.service in MAINTENANCE or flow.port in MAINTENANCE_PORTS):
            return Reason.MAINTENANCE
        if flow.service is Service.SMB and Role.MODALITY in flow.server_roles:
            return Reason.MAINTENANCE
        return None

    def _rarity(self, flow: Flow) -> Reason | None:
        times = occasions(flow, self._pause)
        if times < FEW:
            return Reason.FEW
        odd = self._exam_hours and all(start.hour not in self._exam_hours for start in flow.starts)
        return Reason.ODD_HOURS if odd and flow.starts and times < FEW_AT_ODD_HOURS else None

    def _has_peers(self, crossing: Crossing) -> bool:
        roles = set(crossing.flow.client_roles)
        return all(roles & self._regulars[crossing.source_zone, door] for _, door in doors(crossing))


def _exam_hours(inventory: Inventory) -> frozenset[int]:
    """Hours of the day (UTC) in which exams were made; none where less than a day was watched."""
    span = span_of(inventory)
    if span is None or span[1] - span[0] < A_DAY:
        return frozenset()
    return frozenset(cell.hour.hour for cell in inventory.utilisation if cell.exams)
