"""What people decided, and what runs found; every method is one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from leadapron.model.errors import UsageError
from leadapron.model.findings import Finding
from leadapron.model.plan import Acceptance, Assignment, Changes, Decided, WorkStatus
from leadapron.store.decisions.database import WRITES, open_engine, told_plainly
from leadapron.store.decisions.runs import changes, record
from leadapron.store.decisions.tables import AcceptanceRow, AssignmentRow, CoveredRow

LONGEST_ACCEPTANCE = timedelta(days=731)
"""Two years: a risk nobody looks at again is not accepted, it is forgotten."""

LONGEST_TEXT = 4000
"""Characters of a note or reason."""


class Decisions:
    """An open store of decisions; a context manager. `at` is always the caller's time, aware."""

    def __init__(self, engine: Engine, place: str) -> None:
        self._engine = engine
        self._place = place

    @classmethod
    def open(cls, where: Path | str) -> Decisions:
        """Decisions of a workspace folder, or of a PostgreSQL URL; made if there are none. Raises `DecisionsError`."""
        return cls(*open_engine(where))

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def assign(
        self,
        action: str,
        *,
        by: str,
        at: datetime,
        owner: str | None = None,
        due: date | None = None,
        note: str | None = None,
        status: WorkStatus | None = None,
        about: str | None = None,
    ) -> Assignment:
        """Say who does an action, by when, or how far it is; `about` is the action in words. What is left out stays as
        it was. Raises `UsageError`."""
        row = AssignmentRow(
            action=_given("action", action),
            by=_given("name of who says so", by),
            at=at,
            owner=None if owner is None else _short("owner", owner),
            due=due,
            note=None if note is None else _short("note", note),
            status=status,
            about=None if about is None else _short("about", about),
        )
        with self._writing() as session:
            session.add(row)
        return self.history(action)[-1]

    def history(self, action: str) -> tuple[Assignment, ...]:
        """An action's assignment after each thing that was said of it, oldest first."""
        with self._reading() as session:
            rows = session.scalars(
                select(AssignmentRow).where(AssignmentRow.action == action).order_by(AssignmentRow.id)
            ).all()
        return _successive(rows)

    def accept(
        self,
        target: str,
        *,
        name: str,
        reason: str,
        expires: date,
        at: datetime,
        covers: Iterable[str] = (),
        about: str = "",
    ) -> Acceptance:
        """Accept a risk until a day, that day included. `target` is a finding or an action, `about` the same in words;
        of an action, `covers` names what it settles today (`PlannedAction.items`). Raises `UsageError`."""
        today = at.date()
        if not today <= expires <= today + LONGEST_ACCEPTANCE:
            latest = today + LONGEST_ACCEPTANCE
            raise UsageError(f"expiry {expires}: a risk is accepted until a day from {today} to {latest} at most")
        row = AcceptanceRow(
            target=_given("finding or action", target),
            about=_short("about", about),
            name=_given("name of who accepts the risk", name),
            reason=_given("reason", reason),
            expires=expires,
            at=at,
        )
        items = tuple(dict.fromkeys(covers)) or (target,)
        with self._writing() as session:
            session.add(row)
            session.flush()
            session.add_all(CoveredRow(acceptance=row.id, item=_given("item", item)) for item in items)
            return _acceptance(row, items)

    def revoke(self, acceptance: int, *, by: str, at: datetime) -> Acceptance:
        """End an acceptance before its day. Revoking twice leaves the first. Raises `UsageError` for an unknown one."""
        name = _given("name of who revokes it", by)
        with self._writing() as session:
            row = session.get(AcceptanceRow, acceptance, with_for_update=True)
            if row is None:
                raise UsageError(f"no acceptance has the number {acceptance}")
            if row.revoked is None:
                row.revoked, row.revoked_by = at, name
            return _acceptance(row, _covered(session).get(acceptance, ()))

    def decided(self) -> Decided:
        """Everything decided, for the plan."""
        with self._reading() as session:
            said: dict[str, list[AssignmentRow]] = defaultdict(list)
            for row in session.scalars(select(AssignmentRow).order_by(AssignmentRow.id)):
                said[row.action].append(row)
            covered = _covered(session)
            accepted = session.scalars(select(AcceptanceRow).order_by(AcceptanceRow.id)).all()
            return Decided(
                assignments={action: _successive(rows)[-1] for action, rows in said.items()},
                acceptances=tuple(_acceptance(row, covered.get(row.id, ())) for row in accepted),
            )

    def record_run(self, findings: Iterable[Finding], *, version: str, at: datetime) -> None:
        """Keep the findings of a run, to say later what changed."""
        with self._writing() as session:
            record(session, findings, version=version, at=at)

    def changes(
        self, findings: Iterable[Finding], *, seen: Collection[str] | None = None, since: datetime | None = None
    ) -> Changes:
        """What changed since the last run recorded, or the last one at or before `since`.

        `seen` holds the ids of the devices and zones seen this time: what is no longer found of others is `unseen`,
        not `fixed`. Without it everything counts as seen. Ask before recording the present run.
        """
        with self._reading() as session:
            return changes(session, findings, seen=seen, since=since)

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with told_plainly(self._place), Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        engine = self._engine.execution_options(**{WRITES: True})
        with told_plainly(self._place), Session(engine, expire_on_commit=False) as session, session.begin():
            yield session


def _successive(rows: Iterable[AssignmentRow]) -> tuple[Assignment, ...]:
    """Each row over what was said before it."""
    states: list[Assignment] = []
    for row in rows:
        before = states[-1] if states else Assignment(action=row.action, by=row.by, at=row.at)
        states.append(
            Assignment(
                action=row.action,
                owner=before.owner if row.owner is None else row.owner,
                due=before.due if row.due is None else row.due,
                note=before.note if row.note is None else row.note,
                status=before.status if row.status is None else WorkStatus(row.status),
                about=before.about if row.about is None else row.about,
                by=row.by,
                at=row.at,
            )
        )
    return tuple(states)


def _covered(session: Session) -> Mapping[int, tuple[str, ...]]:
    items: dict[int, list[str]] = defaultdict(list)
    for row in session.scalars(select(CoveredRow).order_by(CoveredRow.acceptance, CoveredRow.item)):
        items[row.acceptance].append(row.item)
    return {acceptance: tuple(found) for acceptance, found in items.items()}


def _acceptance(row: AcceptanceRow, covers: tuple[str, ...]) -> Acceptance:
    return Acceptance(
        id=row.id,
        target=row.target,
        covers=tuple(sorted(covers)),
        about=row.about,
        name=row.name,
        reason=row.reason,
        expires=row.expires,
        at=row.at,
        revoked=row.revoked,
        revoked_by=row.revoked_by or "",
    )


def _given(what: str, text: str) -> str:
    """Text that must say something."""
    if not text.strip():
        raise UsageError(f"{what}: missing; decisions need names and reasons")
    return _short(what, text)


def _short(what: str, text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise UsageError(f"{what}: {len(text)} characters, at most {LONGEST_TEXT} are kept")
    return text.strip()
