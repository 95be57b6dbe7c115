"""The downtime sheet: figures of this department where they were seen, said to be assumed where not."""

import math

import pytest
from msgspec.structs import replace

from leadapron.model.department import Basis, Department
from leadapron.whatif.exercise import downtime
from tests.whatif.exercise.clinic import clinic, seen, with_disks


def test_the_sheet_tells_for_each_scanner_how_long_its_disk_lasts() -> None:
    """CT: 60 GB in 120 exams are half a gigabyte each; two scanners share four exams an hour, twelve hours a day: 12 GB
    a day. From Monday 8 h, 30 GB last through Monday (11 h), Tuesday (12 h) and seven hours of Wednesday."""
    sheet = downtime(with_disks(CT=30.0), seen())
    ct = sheet.modalities[0]
    assert (ct.modality, ct.gb_per_exam, ct.gb_basis) == ("CT", 0.5, Basis.MEASURED)
    assert {scanner.label for scanner in ct.scanners} == {"CT1", "CT2"}
    assert {scanner.disk_basis for scanner in ct.scanners} == {Basis.GIVEN}
    assert ct.scanners[0].hours_to_full == pytest.approx(2 * 24 + 6)
    assert ct.per_day == pytest.approx(4 * 12 * 5 / 7)
    assert ct.kept == pytest.approx(0.5)
    assert (ct.readers, ct.archives, ct.worklists) == (("READ1", "READ2"), ("PACS1",), ("RIS1",))


def test_what_was_not_seen_is_assumed_and_says_so() -> None:
    mr = downtime(clinic(), seen()).modalities[1]
    assert mr.gb_basis is Basis.ASSUMED
    assert mr.scanners[0].disk_basis is Basis.ASSUMED
    assert mr.scanners[0].fallen is None
    assert mr.note["fr"]


def test_test_images_do_not_tell_how_large_an_exam_is() -> None:
    small = replace(seen(), flows=tuple(replace(flow, object_bytes=60_000) for flow in seen().flows))
    assert downtime(clinic(), small).modalities[0].gb_basis is Basis.ASSUMED


def test_one_scanner_may_have_its_own_disk() -> None:
    sheet = downtime(with_disks(ct2=1000000.0, CT=30.0), seen())
    one, two = sheet.modalities[0].scanners
    assert one.hours_to_full < 100
    assert two.hours_to_full == math.inf


def test_it_says_in_how_many_runs_a_scanner_fell() -> None:
    one, two = downtime(clinic(), seen(), reached={"ct1": 0.7}).modalities[0].scanners
    assert (one.fallen, two.fallen) == (0.7, 0.0)


def test_it_begins_when_the_network_ends() -> None:
    """Saturday 0 h: nothing is done before Monday 7 h."""
    weekend = downtime(with_disks(CT=30.0), seen(), weekday=5, hour=0.0).modalities[0].scanners[0]
    assert weekend.hours_to_full == pytest.approx(2 * 24 + 2 * 24 + 7 + 6)


def test_it_may_begin_within_an_hour() -> None:
    """Friday 18:30: half a gigabyte until work ends at 19 h, the rest on Monday from 7 h on."""
    friday = downtime(with_disks(CT=0.75), seen(), weekday=4, hour=18.5).modalities[0].scanners[0]
    assert friday.hours_to_full == pytest.approx(0.5 + 60 + 0.25)


def test_a_modality_without_exams_never_fills_a_disk() -> None:
    still = replace(clinic(), chains=tuple(replace(one, per_hour=(0.0,) * 168) for one in clinic().chains))
    assert all(
        scanner.hours_to_full == math.inf for one in downtime(still, seen()).modalities for scanner in one.scanners
    )


def test_a_department_without_scanners_has_a_sheet_of_instructions() -> None:
    sheet = downtime(Department(nodes=()), seen())
    assert sheet.modalities == ()
    assert sheet.instructions
