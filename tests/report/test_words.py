"""Numbers, dates and sentences of each language; every closed set has a word for each member."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum

import pytest

from leadapron.model.errors import UsageError
from leadapron.model.events import Service
from leadapron.model.findings import Confidence, Harm, Severity, SubjectType
from leadapron.model.inventory import Role
from leadapron.report import Language, words
from leadapron.report import vocabulary as v
from leadapron.report.said import dicom_name
from leadapron.report.words import _catalogue

MOMENT = datetime(2026, 11, 24, 15, 4, 5, tzinfo=UTC)


def test_a_language_writes_its_own_way() -> None:
    english, french = words("en"), words("fr")
    assert english.number(12345) == "12,345"
    assert french.number(12345) == "12\u202f345"
    assert english.moment(MOMENT) == "24 Nov 2026 15:04:05"
    assert french.moment(MOMENT) == "24 nov. 2026 15:04:05"
    assert english.size(7_412_998_120) == "7.4\u00a0GB"
    assert french.size(7_412_998_120) == "7,4\u00a0Go"
    assert english.size(12) == "12\u00a0B"
    assert french.lasting(timedelta(hours=5)) == "5\u00a0heures"
    assert french.joined(["a", "b", "c"]) == "a, b et c"
    assert [said.calendar_day(date(2026, 12, 1)) for said in (english, french)] == [
        "1 December 2026",
        "1er décembre 2026",
    ]


def test_times_are_shown_in_the_readers_zone() -> None:
    paris = words("fr", zone=timezone(timedelta(hours=1)))
    assert paris.hour(MOMENT) == "16:04"
    assert paris.zone_name(MOMENT) == "UTC+01:00"
    assert words("fr").zone_name(MOMENT) == "UTC"


def test_plurals() -> None:
    french = words("fr")
    assert french.ngettext("{n} device", "{n} devices", 0) == "0 appareil"
    assert french.ngettext("{n} device", "{n} devices", 1) == "1 appareil"
    assert french.ngettext("{n} device", "{n} devices", 2500) == "2\u202f500 appareils"


def test_an_unknown_language_names_the_choices() -> None:
    with pytest.raises(UsageError, match="en, fr"):
        words("tlh")


@pytest.mark.parametrize(
    ("vocabulary", "members"),
    [
        (v.SEVERITIES, Severity),
        (v.HARMS, Harm),
        (v.CONFIDENCES, Confidence),
        (v.ROLES, Role),
        (v.SUBJECTS, SubjectType),
        (v.FAMILIES, v.Family),
    ],
)
def test_every_member_has_a_word(vocabulary: Mapping[StrEnum, str], members: type[StrEnum]) -> None:
    assert set(vocabulary) == set(members)


def test_every_service_has_a_name_and_a_family() -> None:
    for service in Service:
        assert v.service_name(service, words("fr"))
        assert v.family(service) in v.Family


def test_french_typography() -> None:
    """No plain space before double punctuation, no typewriter apostrophe."""
    catalogue = _catalogue(Language.FR)._catalog  # type: ignore[attr-defined]
    wrong = [text for key, text in catalogue.items() if key and re.search(r" [;:!?»]|« |\w'\w|\.\.\.", text)]
    assert not wrong


def test_dicom_names() -> None:
    assert dicom_name("1.2.840.10008.5.1.4.1.1.2") == "CT Image Storage"
    assert dicom_name("1.2.3.4") == "1.2.3.4"
    assert dicom_name("not a uid") == "not a uid"
