"""What the two sides of an association did: operations, objects, studies, queries, moves. Every table is bounded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from leadapron.model.events import DatasetSource, DicomOperation, StudySeen
from leadapron.see.wire.dicom.dataset import Head
from leadapron.see.wire.dicom.dimse import PENDING, Command

MAX_OPERATIONS = 256
"""Distinct (command, SOP class, side) rows of one association."""
MAX_STATUSES = 32
MAX_STUDIES = 512
MAX_SOURCES = 16
MAX_DESTINATIONS = 64
MAX_WIDE_QUERIES = 256
"""Wide queries whose answers are still being counted."""

QUERY_MODELS = frozenset(
    {
        "1.2.840.10008.5.1.4.1.2.1.1",
        "1.2.840.10008.5.1.4.1.2.2.1",
        "1.2.840.10008.5.1.4.1.2.3.1",
    }
)
"""Query/Retrieve FIND models (PS3.4 C.6). Worklist queries are narrowed by station and date, and are not meant here."""


class Conduct:
    """Counts of one association."""

    __slots__ = (
        "_pseudonym",
        "_study",
        "find_matches",
        "moves",
        "object_bytes",
        "objects",
        "operations",
        "sources",
        "studies",
        "syntaxes",
        "wide",
        "wide_finds",
        "wide_matches",
    )  # fmt: skip

    def __init__(self, pseudonym: Callable[[str], str]) -> None:
        self._pseudonym = pseudonym
        self.operations: dict[tuple[str, str, bool], list[Any]] = {}
        """(command, SOP class, by the requestor) → [requests, {status: responses}]."""
        self.moves: dict[str, None] = {}
        self.objects = self.object_bytes = 0
        self.syntaxes: dict[str, None] = {}
        self.sources: dict[DatasetSource, int] = {}
        self.studies: dict[tuple[str, str, int], int] = {}
        self.wide: set[int] = set()
        self.wide_finds = self.find_matches = self.wide_matches = 0
        self._study: tuple[str, str, int] | None = None

    def command(self, command: Command, *, by_client: bool) -> None:
        """A request, or a response to one (filed under the side that asked)."""
        key = (command.name, command.sop_class, by_client is not command.response)
        row = self.operations.get(key)
        if row is None:
            if len(self.operations) >= MAX_OPERATIONS:
                return
            row = self.operations[key] = [0, {}]
        if not command.response:
            row[0] += 1
            if command.move_destination and len(self.moves) < MAX_DESTINATIONS:
                self.moves[command.move_destination] = None
            return
        statuses: dict[str, int] = row[1]
        status = f"0x{command.status & 0xFFFF:04X}"
        if status in statuses or len(statuses) < MAX_STATUSES:
            statuses[status] = statuses.get(status, 0) + 1
        if command.name == "C-FIND" and command.status in PENDING:
            self.find_matches += 1
            if command.message_id in self.wide:
                self.wide_matches += 1

    def query(self, command: Command, *, wide: bool) -> None:
        """The identifier of a C-FIND was read."""
        if wide and command.sop_class in QUERY_MODELS:
            self.wide_finds += 1
            if len(self.wide) < MAX_WIDE_QUERIES:
                self.wide.add(command.message_id)

    def object_head(self, command: Command, head: Head) -> None:
        """The head of a stored object was read: its maker, and its study as a keyed hash."""
        maker = DatasetSource(
            modality=head.modality,
            manufacturer=head.manufacturer,
            model=head.model,
            software_versions=head.software_versions,
            station_name=head.station_name,
            serial_hash=self._pseudonym(head.serial) if head.serial else "",
        )
        index = -1
        if maker != DatasetSource():
            if len(self.sources) < MAX_SOURCES:
                index = self.sources.setdefault(maker, len(self.sources))
            else:
                index = self.sources.get(maker, -1)
        self._study = (self._pseudonym(head.study), head.modality, index) if head.study else None

    def count_bytes(self, command: Command, size: int) -> None:
        """Data-set bytes of one fragment."""
        if command.name == "C-STORE" and not command.response:
            self.object_bytes += size

    def data_set_end(self, command: Command, transfer_syntax: str) -> None:
        """The last fragment of a data set has passed."""
        if command.name != "C-STORE" or command.response:
            return
        self.objects += 1
        if transfer_syntax:
            self.syntaxes[transfer_syntax] = None
        if self._study is not None and (self._study in self.studies or len(self.studies) < MAX_STUDIES):
            self.studies[self._study] = self.studies.get(self._study, 0) + 1
        self._study = None

    def summary(self) -> dict[str, Any]:
        """The fields of `DicomAssociation` that tell what was done."""
        if not self.operations:
            return {}
        fields: dict[str, Any] = {
            "operations": tuple(
                DicomOperation(name, sop_class, by_client, requests, statuses)
                for (name, sop_class, by_client), (requests, statuses) in self.operations.items()
            )
        }
        if self.objects or self.object_bytes:
            fields.update(
                objects=self.objects,
                object_bytes=self.object_bytes,
                transfer_syntaxes=tuple(self.syntaxes),
                sources=tuple(self.sources),
                studies=tuple(StudySeen(s, m, count, i) for (s, m, i), count in self.studies.items()),
            )
        if self.find_matches or self.wide_finds:
            fields.update(
                wide_finds=self.wide_finds,
                find_matches=self.find_matches,
                wide_find_matches=self.wide_matches,
            )
        if self.moves:
            fields["move_destinations"] = tuple(self.moves)
        return fields
