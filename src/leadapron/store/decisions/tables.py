"""Tables of decisions. Rows are only ever added, but for the day an acceptance was revoked: nothing said is lost."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import DateTime, ForeignKey, Text, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Moment(TypeDecorator[datetime]):
    """A time, aware and in UTC on both sides: SQLite keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware UTC; SQLite gets it without the zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text that every database takes: PostgreSQL refuses NUL, and no encoding has lone surrogates."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """What cannot be stored is shown as a replacement character."""
        if value is None:
            return None
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


class Table(DeclarativeBase):
    """Base of all tables; `str` columns are `Words`, times are `Moment`s."""

    type_annotation_map: dict[Any, Any] = {str: Words, datetime: Moment}  # noqa: RUF012 - SQLAlchemy's own contract


class AssignmentRow(Table):
    """One thing said about an action; empty columns leave what was said before."""

    __tablename__ = "assignment"

    id: Mapped[int] = mapped_column(primary_key=True)
    action: Mapped[str] = mapped_column(index=True)
    owner: Mapped[str | None]
    due: Mapped[date | None]
    note: Mapped[str | None]
    status: Mapped[str | None]
    about: Mapped[str | None]
    by: Mapped[str]
    at: Mapped[datetime]


class AcceptanceRow(Table):
    """A risk accepted by a named person until a day."""

    __tablename__ = "acceptance"

    id: Mapped[int] = mapped_column(primary_key=True)
    target: Mapped[str]
    about: Mapped[str]
    name: Mapped[str]
    reason: Mapped[str]
    expires: Mapped[date]
    at: Mapped[datetime]
    revoked: Mapped[datetime | None]
    revoked_by: Mapped[str | None]


class CoveredRow(Table):
    """A finding or question that an acceptance covers."""

    __tablename__ = "covered"

    acceptance: Mapped[int] = mapped_column(ForeignKey("acceptance.id"), primary_key=True)
    item: Mapped[str] = mapped_column(primary_key=True)


class RunRow(Table):
    """One assessment whose findings were kept."""

    __tablename__ = "run"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    version: Mapped[str]


class FoundRow(Table):
    """One finding of one run."""

    __tablename__ = "found"

    run: Mapped[int] = mapped_column(ForeignKey("run.id"), primary_key=True)
    finding: Mapped[str] = mapped_column(primary_key=True, index=True)
    rule: Mapped[str]
    subject_type: Mapped[str]
    subject: Mapped[str]
    label: Mapped[str]
    severity: Mapped[str]
