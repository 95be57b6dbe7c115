"""What the two sides of an association did: operations, queries, moves, objects. Every table is bounded."""

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
"""Query/Retrieve FIND models (PS3.4 C.6). Worklist queries are narrowed by station and date, and are not meant."""


class Conduct:
    """Counts of one association. What most associations never do is kept by parts made when first needed."""

    def __init__(self, pseudonym: Callable[[str], str]) -> None:
        self.operations: dict[tuple[str, str, bool], list[Any]] = {}
        """(command, SOP class, by the requestor) → [requests, {status: responses}]."""
        self._pseudonym = pseudonym

    _queries: Queries | None = None
    _objects: Objects | None = None
    _moves: dict[str, None] | None = None

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
            if command.move_destination:
                self._move(command.move_destination)
            return
        if command.status < 0:
            return
        statuses: dict[str, int] = row[1]
        status = f"0x{command.status & 0xFFFF:04X}"
        if status in statuses or len(statuses) < MAX_STATUSES:
            statuses[status] = statuses.get(status, 0) + 1
        if command.name == "C-FIND" and command.status in PENDING:
            self.queries.match(command.message_id)

    def _move(self, destination: str) -> None:
        if self._moves is None:
            self._moves = {}
        if len(self._moves) < MAX_DESTINATIONS:
            self._moves[destination] = None

    @property
    def queries(self) -> Queries:
        """C-FIND requests and what came back."""
        if self._queries is None:
            self._queries = Queries()
        return self._queries

    @property
    def objects(self) -> Objects:
        """Objects moved by C-STORE."""
        if self._objects is None:
            self._objects = Objects(self._pseudonym)
        return self._objects

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
        if self._objects is not None:
            fields.update(self._objects.summary())
        if self._queries is not None:
            fields.update(self._queries.summary())
        if self._moves:
            fields["move_destinations"] = tuple(self._moves)
        return fields


class Queries:
    """How wide the queries of one association were, and how much they brought."""

    def __init__(self) -> None:
        self._wide: set[int] = set()
        """Message ids of the latest wide queries."""
        self._wide_finds = self._matches = self._wide_matches = 0

    def asked(self, command: Command, *, wide: bool) -> None:
        """The identifier of a C-FIND was read."""
        self._wide.discard(command.message_id)
        if wide and command.sop_class in QUERY_MODELS:
            self._wide_finds += 1
            if len(self._wide) < MAX_WIDE_QUERIES:
                self._wide.add(command.message_id)

    def match(self, message_id: int) -> None:
        """One more result of the query with this id."""
        self._matches += 1
        if message_id in self._wide:
            self._wide_matches += 1

    def summary(self) -> dict[str, Any]:
        """Fields of `DicomAssociation`."""
        return {
            "wide_finds": self._wide_finds,
            "find_matches": self._matches,
            "wide_find_matches": self._wide_matches,
        }


class Objects:
    """Objects of one association: how many, made by which devices, of which studies (as keyed hashes)."""

    def __init__(self, pseudonym: Callable[[str], str]) -> None:
        self._pseudonym = pseudonym
        self._count = self._bytes = 0
        self._syntaxes: dict[str, None] = {}
        self._sources: dict[DatasetSource, int] = {}
        self._studies: dict[tuple[str, str, int], int] = {}
        self._study: tuple[str, str, int] | None = None
        self._last: tuple[Head, tuple[str, str, int] | None] | None = None
        """The last head, and the study it is of: those of a series may be one."""

    def head(self, head: Head) -> None:
        """The head of an object was read."""
        if self._last is None or self._last[0] is not head:
            self._last = head, self._study_of(head)
        self._study = self._last[1]

    def _study_of(self, head: Head) -> tuple[str, str, int] | None:
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
            if len(self._sources) < MAX_SOURCES:
                index = self._sources.setdefault(maker, len(self._sources))
            else:
                index = self._sources.get(maker, -1)
        return (self._pseudonym(head.study), head.modality, index) if head.study else None

    def fragment(self, size: int) -> None:
        """Data-set bytes of one fragment."""
        self._bytes += size

    def end(self, transfer_syntax: str) -> None:
        """The last fragment of an object has passed."""
        self._count += 1
        if transfer_syntax:
            self._syntaxes[transfer_syntax] = None
        if self._study is not None and (self._study in self._studies or len(self._studies) < MAX_STUDIES):
            self._studies[self._study] = self._studies.get(self._study, 0) + 1
        self._study = None

    def summary(self) -> dict[str, Any]:
        """Fields of `DicomAssociation`."""
        return {
            "objects": self._count,
            "object_bytes": self._bytes,
            "transfer_syntaxes": tuple(self._syntaxes),
            "sources": tuple(self._sources),
            "studies": tuple(StudySeen(s, m, count, i) for (s, m, i), count in self._studies.items()),
        }
