"""Runs kept, and what changed between one of them and now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from msgspec import Struct
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from leadapron.model.findings import WORST_FIRST, Finding, Severity, SubjectType
from leadapron.model.plan import Change, ChangeKind, Changes
from leadapron.store.decisions.tables import FoundRow, RunRow

_KINDS = tuple(ChangeKind)
RUNS_COMPARED = 100
"""Runs looked through for one that found something else."""

_LOOKED_AT = (SubjectType.ASSET, SubjectType.ZONE)
"""Subjects that can be missing from a picture; flows and the network are looked at in every run."""


class Before(Struct, frozen=True):
    """When a finding was found until now."""

    first: datetime
    last: datetime


def record(session: Session, findings: Iterable[Finding], *, version: str, at: datetime) -> None:
    """Add one run, unless the last one found the same on the same day: looking twice is not a new state."""
    findings = tuple(findings)
    last = session.scalars(select(RunRow).order_by(RunRow.id.desc()).limit(1)).first()
    if last is not None and last.at.date() == at.date() and _same(session, last, findings):
        return
    run = RunRow(at=at, version=version)
    session.add(run)
    session.flush()
    session.add_all(
        FoundRow(
            run=run.id,
            finding=finding.id,
            rule=finding.rule,
            subject_type=finding.subject.type,
            subject=finding.subject.id,
            label=finding.subject.label,
            severity=finding.severity,
        )
        for finding in {finding.id: finding for finding in findings}.values()
    )


def changes(
    session: Session, findings: Iterable[Finding], *, seen: Collection[str] | None, since: datetime | None
) -> Changes:
    """Findings against the last run at or before `since`, worst first within each kind. Without `since`: against the
    last run that found something else, so that asking again tells the same; when all found the same, the last one."""
    now = {finding.id: finding for finding in findings}
    newest = select(RunRow).order_by(RunRow.id.desc())
    if since is not None:
        run = session.scalars(newest.where(RunRow.at <= since).limit(1)).first()
    else:
        runs = session.scalars(newest.limit(RUNS_COMPARED)).all()
        other = (run for run in runs if not _same(session, run, now.values()))
        run = next(other, runs[0] if runs else None)
    if run is None:
        return Changes(since=None)
    before = _before(session, run.id)
    then = {row.finding: row for row in session.scalars(select(FoundRow).where(FoundRow.run == run.id))}
    found = (_found(finding, _kind(finding.id, then, before), before.get(finding.id)) for finding in now.values())
    gone = (_gone(row, seen, before[row.finding]) for row in then.values() if row.finding not in now)
    ordered = sorted(
        (*found, *gone),
        key=lambda one: (_KINDS.index(one.kind), WORST_FIRST.index(one.severity), one.rule, one.finding),
    )
    return Changes(since=run.at, version=run.version, changes=tuple(ordered))


def _same(session: Session, run: RunRow, findings: Iterable[Finding]) -> bool:
    found = session.scalars(select(FoundRow.finding).where(FoundRow.run == run.id))
    return set(found) == {finding.id for finding in findings}


def _before(session: Session, run: int) -> Mapping[str, Before]:
    """Finding → when runs up to that one found it."""
    rows = session.execute(
        select(FoundRow.finding, func.min(RunRow.at), func.max(RunRow.at))
        .join(RunRow, RunRow.id == FoundRow.run)
        .where(RunRow.id <= run)
        .group_by(FoundRow.finding)
    )
    return {finding: Before(first, last) for finding, first, last in rows}


def _kind(finding: str, then: Collection[str], before: Collection[str]) -> ChangeKind:
    if finding in then:
        return ChangeKind.SAME
    return ChangeKind.BACK if finding in before else ChangeKind.NEW


def _found(finding: Finding, kind: ChangeKind, before: Before | None) -> Change:
    return Change(
        kind=kind,
        finding=finding.id,
        rule=finding.rule,
        label=finding.subject.label,
        subject_type=finding.subject.type,
        severity=finding.severity,
        first=before.first if before else None,
        last=before.last if before else None,
    )


def _gone(row: FoundRow, seen: Collection[str] | None, before: Before) -> Change:
    kind = SubjectType(row.subject_type)
    missing = seen is not None and kind in _LOOKED_AT and row.subject not in seen
    return Change(
        kind=ChangeKind.UNSEEN if missing else ChangeKind.FIXED,
        finding=row.finding,
        rule=row.rule,
        label=row.label,
        subject_type=kind,
        severity=Severity(row.severity),
        first=before.first,
        last=before.last,
    )
