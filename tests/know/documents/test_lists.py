from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.know.documents.cells import MAX_REMARKS, Remarks, addresses, day, is_day_first, mac, network
from leadapron.know.documents.columns import ColumnMemory, guess_columns, kind_of
from leadapron.know.documents.lists import read_list
from leadapron.know.documents.origin import Origin
from leadapron.model.errors import SourceError, UsageError
from leadapron.model.events import DeviceDeclared, DocumentAdded, DocumentType, TitleDeclared, ZoneDeclared
from leadapron.model.pseudonyms import pseudonym
from leadapron.see.wire.context import CaptureContext
from tests.know.documents.workbooks import workbook

NOW = datetime(2026, 11, 24, tzinfo=UTC)
KEY = b"a workspace's key"
FRENCH = """Parc biomédical;;;;;;;
N° inventaire;Équipement;Constructeur;Modèle;N° de série;Adresse IP;Adresse MAC;Fin de support
12;Scanner 1;SIEMENS;SOMATOM;LAB66301;010.020.010.011;88-4B-39-10-00-11;31/12/2027
13;IRM;GE;Optima;;à définir;;
"""


def origin(name: str = "list.csv") -> Origin:
    return Origin(name=name, ts=NOW, key=KEY)


def test_a_french_asset_list_needs_no_options() -> None:
    document, scanner, mri = read_list(FRENCH.encode("cp1252"), origin("parc.csv"))
    assert isinstance(document, DocumentAdded)
    assert (document.type, document.form, document.records, document.remarks) == ("assets", "CSV", 2, ())
    assert scanner == DeviceDeclared(
        ts=NOW,
        sensor="parc.csv",
        packet=3,
        name="Scanner 1",
        tag="12",
        manufacturer="SIEMENS",
        product="SOMATOM",
        serial_hash=pseudonym("LAB66301", KEY),
        mac="88:4b:39:10:00:11",
        addresses=("10.20.10.11",),
        end_of_support="2027-12-31",
    )
    assert isinstance(mri, DeviceDeclared)
    assert (mri.name, mri.addresses, mri.serial_hash, mri.end_of_support) == ("IRM", (), "", "")


def test_an_english_workbook_with_days_of_its_own() -> None:
    rows = [
        ("Asset tag", "Host name", "IP address (main)", "End of support", "Owner"),
        (12, "CT01", "10.20.10.11/24, 10.20.10.12:104", date(2027, 12, 31), "Biomed"),
    ]
    _, device = read_list(workbook(("Assets", rows)), origin("assets.xlsx"))
    assert isinstance(device, DeviceDeclared)
    assert device.addresses == ("10.20.10.11", "10.20.10.12")
    assert (device.tag, device.end_of_support, device.owner, device.packet) == ("12", "2027-12-31", "Biomed", 2)


def test_an_ae_register() -> None:
    data = b"AET;IP;Port;R\xf4le\nCT01;10.1.1.1;104;SCU\nPACS ARCHIVE;;99999;\n;10.1.1.3;104;\n"
    document, scanner, archive = read_list(data, origin("aet.csv"))
    assert isinstance(document, DocumentAdded)
    assert document.type is DocumentType.AE_REGISTER
    assert document.remarks == ("list.bad-port=3 99999", "list.no-title=4")
    assert scanner == TitleDeclared(
        ts=NOW, sensor="aet.csv", packet=2, ae_title="CT01", address="10.1.1.1", port=104, role="SCU"
    )
    assert isinstance(archive, TitleDeclared)
    assert (archive.ae_title, archive.address, archive.port) == ("PACS ARCHIVE", "", 0)


@pytest.mark.parametrize("plan", [".".join(["a"] * 20_000) + " = 1", "[[zones]]\n" * 200_000])
def test_toml_that_would_take_hours_is_not_read(plan: str) -> None:
    with pytest.raises(SourceError, match=r"plan\.toml: .* as CSV"):
        read_list(plan.encode(), origin("plan.toml"))


def test_a_network_plan_as_table_and_as_toml() -> None:
    table = b"VLAN,Name,Network,Mask,Purpose\n20,Imaging,10.20.10.0,255.255.255.0,imaging\n30,Office,10.30.0.0/16,,\n"
    plan = b"""[[zones]]
name = "Imaging"
network = "10.20.10.0/24"
vlan = 20
purpose = "imaging"
[[zones]]
name = "Office"
networks = ["10.30.0.0/16"]
vlan = 30
"""
    for data, name in ((table, "plan.csv"), (plan, "plan.toml")):
        document, imaging, office = read_list(data, origin(name))
        assert isinstance(document, DocumentAdded)
        assert document.type is DocumentType.ZONES
        assert isinstance(imaging, ZoneDeclared)
        assert (imaging.zone, imaging.network, imaging.vlan) == ("Imaging", "10.20.10.0/24", 20)
        assert imaging.purpose == "imaging"
        assert isinstance(office, ZoneDeclared)
        assert (office.zone, office.network, office.vlan) == ("Office", "10.30.0.0/16", 30)


def test_serial_numbers_hash_as_on_the_wire() -> None:
    wire = CaptureContext("sensor", lambda event: None, KEY, ())
    assert pseudonym("LAB66301", KEY) == wire.pseudonym("LAB66301")
    long = b"k" * 99
    assert pseudonym("é", long) == CaptureContext("sensor", lambda event: None, long, ()).pseudonym("é")


# ---------------------------------------------------------------- columns
ODD = b"Machine;Identit\xe9 r\xe9seau;Prise\nCT1;CT01;10.1.1.1\n"


def test_columns_that_a_person_names_win_and_are_remembered(tmp_path: Path) -> None:
    memory = ColumnMemory(tmp_path / "columns.toml")
    told = {"ae_title": "identite reseau", "adresse ip": "Prise"}
    document, row = read_list(ODD, origin(), columns=told, memory=memory)
    assert isinstance(document, DocumentAdded)
    assert isinstance(row, TitleDeclared)
    assert (document.type, row.ae_title, row.address) == (DocumentType.AE_REGISTER, "CT01", "10.1.1.1")
    assert read_list(ODD, origin(), memory=memory) == [document, row]
    assert not memory.path.exists(), "the list may still be refused"
    memory.save()
    assert read_list(ODD, origin(), memory=ColumnMemory(memory.path)) == [document, row]
    with pytest.raises(SourceError):
        read_list(ODD, origin())


def test_what_is_missing_is_said_with_the_option_to_use(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"'Machine', 'Identité réseau', 'Prise'.*--kind.*--column ae_title="):
        read_list(ODD, origin())
    with pytest.raises(SourceError, match=r'no column for ae_title .*--column ae_title="Machine"'):
        read_list(ODD, origin(), kind=DocumentType.AE_REGISTER)
    with pytest.raises(SourceError, match="no column 'AET'; its columns are 'Machine'"):
        read_list(ODD, origin(), columns={"ae_title": "AET"})
    with pytest.raises(UsageError, match="no field 'colour'; fields are addresses, ae_title"):
        read_list(ODD, origin(), columns={"colour": "Machine"})
    broken = tmp_path / "columns.toml"
    broken.write_text("kind = ")
    with pytest.raises(UsageError, match=r"columns\.toml: damaged .*correct or delete it"):
        read_list(ODD, origin(), memory=ColumnMemory(broken))


def test_a_list_of_which_nothing_can_be_read_is_refused() -> None:
    with pytest.raises(
        SourceError, match=r"no row could be read as an entry of zones .*row 2: bad network “everywhere”"
    ):
        read_list(b"Zone,Network\nImaging,everywhere\n", origin())
    for plan in (b"zones = 3", b"[[zones]]\nname = 'x'\nnetwork = 'y'", b"\xff", b"[[zones]]\nname = 'x'\n"):
        with pytest.raises(SourceError, match=r"plan\.toml"):
            read_list(plan, origin("plan.toml"))


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        (("AE Title", "Host", "Port"), DocumentType.AE_REGISTER),
        (("Nom AE", "Adresse IP"), DocumentType.AE_REGISTER),
        (("Nom", "Adresse IP", "Titre AE", "Fabricant", "Modèle", "N° de série"), DocumentType.ASSETS),
        (("Hostname", "IP"), DocumentType.ASSETS),
        (("Zone", "CIDR"), DocumentType.ZONES),
        (("VLAN", "Sous-réseau", "Usage"), DocumentType.ZONES),
        (("Question", "Answer"), None),
        (("Name",), None),
    ],
)
def test_the_kind_follows_from_the_columns(headers: tuple[str, ...], kind: DocumentType | None) -> None:
    assert kind_of(guess_columns(headers)) is kind


def test_a_column_fills_one_field_only() -> None:
    assert guess_columns(("Adresse IP", "IP (2)", "Nom AE *", "Zone")) == {
        "addresses": "Adresse IP",
        "ae_title": "Nom AE *",
        "zone": "Zone",
    }


# ---------------------------------------------------------------- cells
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2027-12-31", "2027-12-31"),
        ("31/12/2027", "2027-12-31"),
        ("31.12.27", "2027-12-31"),
        ("46752", "2027-12-31"),
        ("12/2027", "2027-12-31"),
        ("2028-02", "2028-02-29"),
        ("2027", "2027-12-31"),
        ("2027-12-31 00:00:00", "2027-12-31"),
        ("31/31/2027", ""),
        ("soon", ""),
        ("N/A", ""),
        ("²", ""),
    ],
)
def test_days_in_many_spellings(text: str, said: str) -> None:
    assert day(text, day_first=True, row=1, remarks=Remarks()) == said


def test_the_order_of_day_and_month_is_the_columns() -> None:
    assert is_day_first(["1/2/2027", "12/31/2027"]) is False
    assert is_day_first(["1/2/2027", "31/12/2027"]) is True
    remarks = Remarks()
    assert day("03/04/2027", day_first=is_day_first(["03/04/2027"]), row=7, remarks=remarks) == "2027-04-03"
    assert day("03/04/2027", day_first=False, row=7, remarks=remarks) == "2027-03-04"
    assert remarks.all() == ("list.date-day-first=7 03/04/2027",)


def test_addresses_macs_and_networks_in_many_spellings() -> None:
    remarks = Remarks()
    assert addresses("010.001.000.007 / 2001:DB8::1\n10.1.0.8", 1, remarks) == ("10.1.0.7", "2001:db8::1", "10.1.0.8")
    assert mac("884b.3910.0011", 1, remarks) == mac("88 4B 39 10 00 11", 1, remarks) == "88:4b:39:10:00:11"
    assert network("10.1.2.3/24", "", 1, remarks) == network("10.1.2.0", "/24", 1, remarks) == "10.1.2.0/24"
    assert remarks.all() == ()
    assert (addresses("DHCP", 2, remarks), mac("none yet", 2, remarks), network("10.1.2.0", "", 2, remarks)) == (
        (),
        "",
        "",
    )
    assert remarks.all() == ("list.bad-address=2 DHCP", "list.bad-mac=2 none yet", "list.bad-network=2 10.1.2.0")


def test_remarks_are_bounded() -> None:
    remarks = Remarks()
    for row in range(MAX_REMARKS + 5):
        remarks.add("list.bad-port", row, "x" * 999)
    assert len(remarks.all()) == MAX_REMARKS + 1
    assert remarks.all()[-1] == "list.more-remarks=5"
    assert max(map(len, remarks.all())) < 80


CELL = st.text(max_size=20) | st.from_regex(r"[0-9./:;,\- ]{1,16}", fullmatch=True)


@given(st.lists(st.tuples(CELL, CELL, CELL, CELL, CELL), min_size=1, max_size=6), st.sampled_from(DocumentType))
def test_any_cells_are_read_or_refused(rows: list[tuple[str, ...]], kind: DocumentType) -> None:
    heads = ("AE title", "IP", "MAC", "Network", "VLAN"), ("Name", "End of support", "Port", "Serial", "Mask")
    for headers in heads:
        lines = [headers, *rows]
        data = "\n".join(";".join('"' + cell.replace('"', '""') + '"' for cell in line) for line in lines)
        try:
            declared = read_list(data.encode("utf-8", "replace"), origin(), kind=kind)
        except SourceError:
            continue
        assert isinstance(declared[0], DocumentAdded)
        assert declared[0].records == len(declared) - 1 <= len(rows)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_list_or_refused(data: bytes) -> None:
    for name in ("x.csv", "x.toml"):
        with pytest.raises(SourceError):
            read_list(b"\xff" + data, origin(name))


@given(st.dictionaries(st.text(min_size=1, max_size=9), st.text(max_size=9), max_size=4), st.text(max_size=9))
def test_what_is_remembered_comes_back(
    tmp_path_factory: pytest.TempPathFactory, columns: dict[str, str], head: str
) -> None:
    memory = ColumnMemory(tmp_path_factory.mktemp("memory") / "columns.toml")
    sound = {name: header for name, header in columns.items() if name.isidentifier() and name.isascii()}
    memory.remember((head, "b"), DocumentType.ASSETS, sound)
    memory.remember((head, "c"), DocumentType.ZONES, {})
    memory.save()
    known = ColumnMemory(memory.path).recall((head, "b"))
    assert known is not None
    assert (known.kind, known.columns) == (DocumentType.ASSETS, sound)
