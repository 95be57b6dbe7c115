"""Words, numbers and dates in the reader's language.

A `Words` is passed to whoever writes; no module remembers a current language. Catalogues are the committed `.po`
files, read at run time (docs/adr/0006).
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files

from babel import Locale
from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from leadapron.model.errors import UsageError


class Language(StrEnum):
    """Languages a report can be written in."""

    EN = "en"
    FR = "fr"


_REGIONS = {Language.EN: "en_GB", Language.FR: "fr_FR"}
"""Where dates are written day first and hours from 0 to 23, as hospitals do."""

_UNITS = {Language.EN: ("B", "kB", "MB", "GB", "TB"), Language.FR: ("o", "ko", "Mo", "Go", "To")}


def N_(message: str) -> str:  # noqa: N802 - the name gettext tools know
    """Mark a sentence for the catalogue where it is defined; it is translated where it is used."""
    return message


@dataclass(frozen=True, slots=True)
class Words:
    """Everything that depends on the language, and the time zone in which times are shown."""

    language: Language
    zone: tzinfo = UTC
    catalogue: NullTranslations = field(default_factory=NullTranslations, repr=False)

    @property
    def locale(self) -> Locale:
        """The language with its region's ways of writing."""
        return Locale.parse(_REGIONS[self.language])

    def gettext(self, message: str) -> str:
        """The sentence in this language."""
        return self.catalogue.gettext(message)

    def ngettext(self, singular: str, plural: str, n: int, **parts: str) -> str:
        """The sentence for `n` things, with `{n}` and other parts filled."""
        return self.catalogue.ngettext(singular, plural, n).format(n=self.number(n), **parts)

    def noun(self, singular: str, plural: str, n: int) -> str:
        """The name of `n` things, without the number."""
        return self.catalogue.ngettext(singular, plural, n)

    def number(self, value: float) -> str:
        """Digits grouped as the language does."""
        return format_decimal(value, locale=self.locale)

    def percent(self, share: float) -> str:
        """A share from 0 to 1."""
        return format_percent(share, locale=self.locale)

    def size(self, count: int) -> str:
        """Bytes with two or three significant digits, decimal units."""
        value, units = float(count), iter(_UNITS[self.language])
        unit = next(units)
        while value >= 1000 and unit[0] != "T":
            value, unit = value / 1000, next(units)
        pattern = "#,##0.#" if 0 < value < 10 and unit[:-1] else "#,##0"
        return f"{format_decimal(value, format=pattern, locale=self.locale)}\u00a0{unit}"

    def joined(self, items: Iterable[str]) -> str:
        """`a, b and c`."""
        return format_list(list(items), locale=self.locale)

    def moment(self, when: datetime) -> str:
        """Date and time to the second, in the reader's zone."""
        return format_datetime(when, "d MMM yyyy HH:mm:ss", tzinfo=self.zone, locale=self.locale)

    def minute(self, when: datetime) -> str:
        """Date and time to the minute, in the reader's zone."""
        return format_datetime(when, "d MMM yyyy HH:mm", tzinfo=self.zone, locale=self.locale)

    def short_minute(self, when: datetime) -> str:
        """Day, month and time to the minute, in the reader's zone: for lists that stand under a full date."""
        return format_datetime(when, "d MMM HH:mm", tzinfo=self.zone, locale=self.locale)

    def day(self, when: datetime) -> str:
        """The date in full, in the reader's zone."""
        return self.calendar_day(when.astimezone(self.zone).date())

    def calendar_day(self, day: date) -> str:
        """A calendar day in full, which no zone moves. French counts the first of a month: `1er décembre`."""
        first = day.day == 1 and self.language is Language.FR
        return format_date(day, "d'er' MMMM y" if first else "long", locale=self.locale)

    def weekday(self, day: date) -> str:
        """Its name."""
        return format_date(day, "EEEE", locale=self.locale)

    def short_day(self, when: datetime) -> str:
        """Day and month, in the reader's zone."""
        return format_date(when.astimezone(self.zone), "d MMM", locale=self.locale)

    def hour(self, when: datetime) -> str:
        """Hours and minutes, in the reader's zone."""
        return format_time(when, "HH:mm", tzinfo=self.zone, locale=self.locale)

    def zone_name(self, when: datetime) -> str:
        """The reader's zone as an offset a person can check (`UTC+01:00`)."""
        return format_datetime(when, "'UTC'xxx", tzinfo=self.zone, locale=self.locale).replace("+00:00", "")

    def lasting(self, duration: timedelta) -> str:
        """A duration, rounded to what a person would say."""
        if timedelta() <= duration < timedelta(seconds=1):
            return self.gettext(N_("less than a second"))
        return format_timedelta(duration, threshold=2, locale=self.locale)


def words(language: str, *, zone: tzinfo = UTC) -> Words:
    """The words of a language; a language we do not write is a `UsageError`."""
    try:
        known = Language(language)
    except ValueError:
        choices = ", ".join(Language)
        raise UsageError(f"language {language!r} is not available; choose one of: {choices}") from None
    return Words(language=known, zone=zone, catalogue=_catalogue(known))


@cache
def _catalogue(language: Language) -> NullTranslations:
    if language is Language.EN:
        return NullTranslations()
    path = files("leadapron") / "locale" / language / "LC_MESSAGES" / "leadapron.po"
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=str(language), abort_invalid=True))
    compiled.seek(0)
    return GNUTranslations(compiled)
