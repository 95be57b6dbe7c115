"""Spellings of makers and products."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.know.matching.aliases import Aliases, load_aliases
from leadapron.know.matching.names import company, key, without_acronym, words
from leadapron.model.errors import ContentError

ALIASES = load_aliases()

SMALL = """
generic = ["viewer"]
[lifecycles]
debian = ["Debian"]
[[vendor]]
name = "Acme"
also = ["Acme Imaging"]
"""


def test_a_maker_in_its_spellings() -> None:
    (philips,) = ALIASES.makers("Philips")
    for spelling in (
        "PHILIPS",
        "Phillips",
        "Philips Medical Systems",
        "Koninklijke Philips N.V.",
        "Philips Healthcare",
    ):
        assert ALIASES.makers(spelling) == {philips}


@pytest.mark.parametrize(
    "same",
    [
        (
            "GE",
            "GE Healthcare",
            "GE MEDICAL SYSTEMS",
            "General Electric (GE)",
            "GE Medical Systems Information Technologies",
        ),
        ("Siemens", "SIEMENS", "Siemens Healthineers", "Siemens Healthcare GmbH", "Siemens Healthineers, Siemens"),
        ("Fujifilm", "FUJIFILM Corporation", "FUJI PHOTO FILM Co., Ltd.", "FUJIFILM Healthcare Americas Corporation"),
        ("Canon Medical Systems", "TOSHIBA_MEC", "CANON_MEC", "Canon Inc."),
        ("INFINITT", "INFINITT Healthcare", "INFINITT Healthcare Co., Ltd."),
        ("Orthanc", "Osimis", "Osimis S.A.", "Orthanc Team"),
        ("Hologic", "HOLOGIC, Inc.", "LORAD", "Lorad, A Hologic Company"),
        ("Merge", "IBM Watson Health", "Merge Healthcare"),
        ("OFFIS", "OFFIS e.V."),
        ("Philips", "Philips Medical Systems Nederland B.V."),
    ],
)
def test_makers_that_are_one(same: tuple[str, ...]) -> None:
    assert frozenset.intersection(*(ALIASES.makers(spelling) for spelling in same))


@pytest.mark.parametrize(
    ("one", "other"), [("GE", "GE Fanuc"), ("Philips", "Phil"), ("Merge", "Mergers"), ("OFFIS", "Office")]
)
def test_makers_that_are_not(one: str, other: str) -> None:
    assert not ALIASES.makers(one) & ALIASES.makers(other)


def test_a_joint_name_stands_for_each() -> None:
    joint = ALIASES.makers("Silex Technology and GE Healthcare")
    assert joint >= ALIASES.makers("GE") | ALIASES.makers("Silex Technology")


@pytest.mark.parametrize(
    ("vendor", "one", "other"),
    [
        ("Philips", "Vue PACS", "Philips Vue PACS"),
        ("Philips", "iSite PACS", "IntelliSpace PACS"),
        ("Philips", "ISCV", "IntelliSpace Cardiovascular (ISCV)"),
        ("MicroDicom", "DICOM Viewer", "MicroDicom DICOM Viewer"),
        ("Orthanc", "Orthanc", "Orthanc server"),
        ("OFFIS", "DCMTK", "OFFIS DCMTK Toolkit"),
        ("Philips", "IntelliBridge EC40 Hub", "IntelliBridge EC 40 hub"),
    ],
)
def test_products_that_are_one(vendor: str, one: str, other: str) -> None:
    (maker,) = ALIASES.makers(vendor)
    assert ALIASES.subjects(maker, one) & ALIASES.subjects(maker, other)


def test_packages() -> None:
    for name in ("dcmtk", "libdcmtk17", "libdcmtk17t64", "libdcmtk-dev", "libdcmtk-utils"):
        assert ALIASES.package(name) == ALIASES.alone["dcmtk"]
    assert ALIASES.package("orthanc-dicomweb") is None
    assert ALIASES.package("python3-pynetdicom") == ALIASES.alone["pynetdicom"]


def test_words_of_names() -> None:
    assert words("Syngo® MR (XA10)") == ("syngo", "mr", "xa10")
    assert key("Dräger") == "drager"
    assert company("Siemens Healthcare GmbH") == company("SIEMENS HEALTHCARE")
    assert without_acronym("Pulsera (718095)") == ()


@pytest.mark.parametrize(
    ("addition", "said"),
    [
        ("odd = 1", "odd"),
        (
            '[[product]]\nvendor = "Acme"\nname = "X"\n[[vendor]]\nname = "Other"\nalso = ["Acme Imaging"]',
            "already belongs",
        ),
        ('[[product]]\nvendor = "Nobody"\nname = "X"', "no entry"),
        (
            '[[product]]\nvendor = "Acme"\nname = "X"\n[[product]]\nvendor = "Acme"\nname = "Y"\nalso = ["X"]',
            "another product",
        ),
        ("generic = ", "TOML"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, addition: str, said: str) -> None:
    text = addition + "\n" + SMALL if addition.startswith("odd") else SMALL + addition
    (tmp_path / "aliases.toml").write_text(text, "utf-8")
    with pytest.raises(ContentError, match=said) as raised:
        load_aliases(tmp_path)
    assert "aliases.toml" in str(raised.value)


@given(st.text(max_size=400))
def test_any_name(name: str) -> None:
    for maker in ALIASES.makers(name):
        ALIASES.subjects(maker, name)
    ALIASES.package(name)
    ALIASES.split(name)
    assert isinstance(ALIASES, Aliases)


def test_a_product_with_the_name_of_a_maker_that_has_no_entry() -> None:
    makers = ALIASES.makers("Lantern Technologies")
    assert makers == {"lanterntechnologies", "lantern"}
    named = {one for maker in makers for one in ALIASES.subjects(maker, "Lantern Technologies Neuron 2")}
    assert named >= ALIASES.subjects("lanterntechnologies", "Neuron 2")


def test_people_leave_out_what_a_company_trades_in() -> None:
    assert ALIASES.makers("Contec") & ALIASES.makers("Contec Health")
    assert ALIASES.makers("BPL") & ALIASES.makers("BPL Medical Technologies")
    assert not ALIASES.makers("Medical Systems") & ALIASES.makers("Health Technologies")
