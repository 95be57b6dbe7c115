"""`leadapron document`: what a person adds stands beside what was seen; what is refused leaves no trace."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import zstandard

from lab.forms import load_forms
from leadapron.model.events import ComponentDeclared, DeviceDeclared, DocumentAdded, FormAnswer, TitleDeclared
from leadapron.store import Workspace
from tests.app.captures import capture, echo
from tests.cli.running import content_of, done, refused, run
from tests.know.documents.mds2_samples import ANSWERS, filled_form, one_page
from tests.know.documents.workbooks import part, with_parts, workbook

SAMPLES = Path(__file__).parents[1] / "know/documents/samples"
SERVER, CLIENT = "10.1.1.2", "10.1.1.1"
ASSETS = "Nom;Adresse IP;N° de série;Fin de support\nIRM 1;10.1.1.1;LAB1;31/12/2027\nÉcho;salle 3;;bientôt\n"
SHEET = "xl/worksheets/sheet1.xml"
FLAW = "CVE-2022-2119"


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which two devices spoke."""
    folder = tmp_path_factory.mktemp("seen")
    (folder / "echo.pcap").write_bytes(capture(echo((CLIENT, 50000), (SERVER, 11112)).frames))
    done("assess", folder / "echo.pcap", "--workspace", folder / "ws")
    return folder / "ws"


@pytest.fixture
def ws(seen: Path, tmp_path: Path) -> Path:
    """A copy to add to."""
    return shutil.copytree(seen, tmp_path / "ws")


def file(folder: Path, name: str, data: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def form(folder: Path, name: str = "mds2.xlsx") -> Path:
    filled_form(folder / name, ANSWERS, {"Software Revision": "VA30A"})
    return folder / name


def bill(**parts: Any) -> str:
    component = {"type": "library", "name": "dcmtk", "version": "3.6.6", "supplier": {"name": "OFFIS"}, "bom-ref": "d"}
    whole = {"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [component]}
    return json.dumps(whole | parts)


def vex(*cves: str) -> str:
    return json.dumps({
        "@context": "https://openvex.dev/ns/v0.2.0",
        "author": "Example Imaging",
        "statements": [
            {"vulnerability": {"name": cve}, "products": [{"@id": "dcmtk"}], "status": "not_affected",
             "justification": "vulnerable_code_not_present"} for cve in cves
        ],
    })  # fmt: skip


def findings(ws: Path) -> Mapping[str, Any]:
    return {finding["rule"]: finding for finding in json.loads(done("findings", "--workspace", ws, "--json"))}


def test_a_workspace_that_a_document_makes_is_told(tmp_path: Path) -> None:
    path = tmp_path / "zones.csv"
    path.write_text("zone;network\nModalities;10.20.10.0/24\n", encoding="utf-8")
    adding = ("document", "add", path, "--workspace", tmp_path / "mistyped")
    first, again = run(*adding, language="fr_FR.UTF-8"), run(*adding)
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert first.stderr == f"{tmp_path / 'mistyped'}\N{NO-BREAK SPACE}: un nouvel espace de travail.\n"
    assert again.stderr == ""


# ---------------------------------------------------------------- add
def test_a_form_is_added_to_a_device(ws: Path, tmp_path: Path) -> None:
    said = done("document", "add", form(tmp_path), "--asset", SERVER, "--workspace", ws)
    first, *remarks = said.splitlines()
    assert first.startswith("mds2.xlsx: MDS2 (HN 1-2019), 240 entries")
    assert "  Question numbers with a slip of the pen, read as they are meant: SHAD-15." in remarks
    (document,) = Workspace.open(ws).events(DocumentAdded)
    assert (document.asset, document.manufacturer, document.product) == (SERVER, "ACME Imaging", "ScanOne 3000")
    assert sum(answer.sensor == "mds2.xlsx" for answer in Workspace.open(ws).events(FormAnswer)) == 240


def test_remarks_in_french(ws: Path, tmp_path: Path) -> None:
    said = done("document", "add", form(tmp_path), "--model", "ScanOne 3000", "--workspace", ws, "--lang", "fr")
    assert "240 entrées" in said
    assert "mal orthographiés" in said


@pytest.mark.parametrize("name", ["dcmtk.cdx.json", "dcmtk.cdx.xml", "dcmtk.spdx", "orthanc.spdx.json"])
def test_a_bill_of_materials_in_every_standard(ws: Path, tmp_path: Path, name: str) -> None:
    path = file(tmp_path, name, zstandard.decompress((SAMPLES / f"{name}.zst").read_bytes()))
    assert f"{name}: SBOM (" in done("document", "add", path, "--asset", SERVER, "--workspace", ws)


def test_a_document_that_finds_no_device_says_so(ws: Path, tmp_path: Path) -> None:
    path = file(tmp_path, "bom.json", bill(metadata={"component": {"name": "SOMATOM", "type": "device"}}))
    said = done("document", "add", path, "--workspace", ws)
    assert "No device seen so far is of this model: SOMATOM." in said


def test_lists_name_their_devices_themselves(ws: Path, tmp_path: Path) -> None:
    path = file(tmp_path, "parc.csv", ASSETS.encode("cp1252"))
    said = done("document", "add", path, "--workspace", ws)
    assert said.splitlines() == [
        "parc.csv: asset list (CSV), 2 entries",
        "  Row 3: “salle” is no IP address; left out.",
        "  Row 3: “3” is no IP address; left out.",
        "  Row 3: “bientôt” is no date; left out.",
    ]
    names = [device.name for device in Workspace.open(ws).events(DeviceDeclared)]
    assert names == ["IRM 1", "Écho"]


def test_columns_that_are_named_once_are_remembered(ws: Path, tmp_path: Path) -> None:
    path = file(tmp_path, "export.csv", "Identité;Prise\nCT01;10.1.1.1\n")
    assert "--column" in refused("document", "add", path, "--workspace", ws)
    named = ("--column", "ae_title=Identité", "--column", "adresse IP=Prise")
    assert "AE register" in done("document", "add", path, *named, "--workspace", ws)
    next_month = file(tmp_path, "export-2.csv", "Identité;Prise\nCT01;10.1.1.1\nMR01;10.1.1.3\n")
    assert "AE register (CSV), 2 entries" in done("document", "add", next_month, "--workspace", ws)
    assert {title.ae_title for title in Workspace.open(ws).events(TitleDeclared)} == {"CT01", "MR01"}


def test_what_a_list_is_can_be_said(ws: Path, tmp_path: Path) -> None:
    path = file(tmp_path, "plan.csv", "Name,Network\nImaging,10.1.1.0/24\n")
    assert "network plan (CSV), 1 entry" in done("document", "add", path, "--kind", "zones", "--workspace", ws)
    zones = {asset["zone"] for asset in json.loads(done("inventory", "--workspace", ws, "--json"))}
    assert zones == {"Imaging"}


def test_a_document_added_twice_counts_once(ws: Path, tmp_path: Path) -> None:
    path = file(tmp_path, "bom.json", bill())
    for _ in range(2):
        done("document", "add", path, "--asset", SERVER, "--workspace", ws)
    assert len(list(Workspace.open(ws).events(DocumentAdded))) == 1
    assert len(list(Workspace.open(ws).events(ComponentDeclared))) == 1
    done("document", "add", path, "--asset", CLIENT, "--workspace", ws)
    assert len(list(Workspace.open(ws).events(DocumentAdded))) == 2


# ---------------------------------------------------------------- list and remove
def test_documents_are_listed_and_taken_out_again(ws: Path, tmp_path: Path) -> None:
    before = content_of(ws)
    done("document", "add", form(tmp_path), "--asset", SERVER, "--workspace", ws)
    done("document", "add", file(tmp_path, "parc.csv", ASSETS), "--workspace", ws)
    listed = done("document", "list", "--workspace", ws)
    assert [line.split()[0] for line in listed.splitlines()] == ["Document", "mds2.xlsx", "parc.csv"]
    assert SERVER in listed
    assert "Entrées" in done("document", "list", "--workspace", ws, "--lang", "fr")
    message = refused("document", "remove", "mds2.pdf", "--workspace", ws)
    assert message.endswith("it holds: mds2.xlsx, parc.csv")
    for name in ("mds2.xlsx", "parc.csv"):
        done("document", "remove", name, "--workspace", ws)
    assert content_of(ws) == before


# ---------------------------------------------------------------- what follows
def test_a_flaw_in_a_declared_part_is_found_until_its_maker_excuses_it(ws: Path, tmp_path: Path) -> None:
    assert "sbom-cve" not in findings(ws)
    done("document", "add", file(tmp_path, "bom.json", bill()), "--asset", SERVER, "--workspace", ws)
    finding = findings(ws)["sbom-cve"]
    assert "DCMTK 3.6.6".lower() in json.dumps(finding).lower()
    assert FLAW in json.dumps(finding)

    asked = json.loads(done("knowledge", "ask", "--product", "dcmtk", "--version", "3.6.6", "--json"))
    every = [cve for answer in asked["answers"] for cve in answer["cves"]]
    done("document", "add", file(tmp_path, "one.json", vex(FLAW)), "--asset", SERVER, "--workspace", ws)
    assert FLAW not in json.dumps(findings(ws)["sbom-cve"])
    done("document", "add", file(tmp_path, "all.json", vex(*every)), "--asset", SERVER, "--workspace", ws)
    assert "sbom-cve" not in findings(ws)
    devices = json.loads(done("inventory", "--workspace", ws, "--json"))
    excused = [one for device in devices for one in device["exposures"] if one["excused"]]
    assert excused, "what a document settles stays in sight"
    assert all("all.json" in one["reason"] for one in excused)
    done("document", "remove", "all.json", "--workspace", ws)
    assert "sbom-cve" in findings(ws)


# ---------------------------------------------------------------- refused
def external_link() -> bytes:
    book = workbook(("S", [("Name", "IP address"), ("CT1", "10.1.1.1")]))
    relations = (
        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
        b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLinkPath" '
        b'Target="file:///x.xlsx" TargetMode="External"/></Relationships>'
    )
    return with_parts(book, {"xl/worksheets/_rels/sheet1.xml.rels": relations})


def billion_laughs() -> bytes:
    book = workbook(("S", [("Name", "IP address"), ("CT1", "10.1.1.1")]))
    laughs = b'<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;">]>'
    head, end, rest = part(book, SHEET).partition(b"?>")
    return with_parts(book, {SHEET: head + end + laughs + rest if end else b'<?xml version="1.0"?>' + laughs + head})


def zip_bomb(folder: Path) -> bytes:
    path = folder / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b"<Types/>")
        archive.writestr("xl/workbook.xml", bytes(200 << 20))
    return path.read_bytes()


BOOK = workbook(("S", [("Name", "IP address"), ("CT1", "10.1.1.1")]))
REFUSED: list[tuple[str, bytes, str]] = [
    ("macros.xlsm", with_parts(BOOK, {"xl/vbaProject.bin": b"x"}), "macros.xlsm, part xl/vbaProject.bin: holds macros"),
    ("links.xlsx", external_link(), "links.xlsx, part xl/worksheets/_rels/sheet1.xml.rels: holds a link"),
    ("laughs.xlsx", billion_laughs(), f"laughs.xlsx, part {SHEET}: declares a document type or entities"),
    ("formula.xlsx", workbook(("S", [("Name", "IP address"), ("CT1", "=1+1")])), "formula"),
    ("cut.xlsx", BOOK[:-200], "cut.xlsx: not a whole .xlsx workbook"),
    ("laughs.xml", b'<!DOCTYPE b [<!ENTITY a "x">]><bom>&a;</bom>', "laughs.xml: declares a document type or entities"),
    ("cut.json", bill()[:-9].encode(), "cut.json: not whole JSON"),
    ("other.json", b'{"a": 1}', "other.json: JSON of another kind"),
    ("unnamed.json", bill(components=[{"type": "library"}]).encode(), "unnamed.json, components[0]"),
    ("latin.csv", "Réf;Désignation commerciale\n1;Né\n".encode("latin-1"), "latin.csv: neither an asset list"),
    ("scan.pdf", one_page(b"0 0 100 100 re f"), "scan.pdf: holds only pictures, no text"),
    ("empty.csv", b"", "empty.csv: empty"),
    ("photo.png", b"\x89PNG\r\n\x1a\n\0\0", "photo.png: neither a workbook nor text"),
    ("plan.toml", b"[[zones]]\nname = 'x'\nnetwork = 'here'\n", "plan.toml"),
]


@pytest.mark.parametrize(("name", "data", "words"), REFUSED, ids=[name for name, _, _ in REFUSED])
def test_what_cannot_be_read_leaves_no_trace(ws: Path, tmp_path: Path, name: str, data: bytes, words: str) -> None:
    path, before = file(tmp_path, name, data), content_of(ws)
    assert words in refused("document", "add", path, "--workspace", ws)
    assert content_of(ws) == before


def test_a_bomb_is_measured_before_it_is_unpacked(ws: Path, tmp_path: Path) -> None:
    path, before = file(tmp_path, "bomb.xlsx", zip_bomb(tmp_path)), content_of(ws)
    assert "bomb.xlsx, part xl/workbook.xml: unpacks to" in refused("document", "add", path, "--workspace", ws)
    assert content_of(ws) == before


def test_a_failed_reading_does_not_replace_an_earlier_one(ws: Path, tmp_path: Path) -> None:
    done("document", "add", file(tmp_path, "bom.json", bill()), "--asset", SERVER, "--workspace", ws)
    before = content_of(ws)
    file(tmp_path, "bom.json", bill()[:-9])
    refused("document", "add", tmp_path / "bom.json", "--asset", SERVER, "--workspace", ws)
    assert content_of(ws) == before


def test_a_workspace_made_for_a_document_that_is_refused_does_not_stay(tmp_path: Path) -> None:
    parc = file(tmp_path, "parc.csv", ASSETS)
    refused("document", "add", parc, "--model", "x", "--workspace", tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert run("document", "add", parc, "--workspace", tmp_path / "new").exit_code == 0
    assert len(list(Workspace.open(tmp_path / "new").events(DeviceDeclared))) == 2


def test_requests_that_make_no_sense(ws: Path, tmp_path: Path) -> None:
    before, path, parc = content_of(ws), file(tmp_path, "bom.json", bill()), file(tmp_path, "parc.csv", ASSETS)
    to = ("--workspace", ws)
    assert "`leadapron inventory` lists them" in refused("document", "add", path, "--asset", "CT9", *to)
    assert "exclude each other" in refused("document", "add", path, "--asset", SERVER, "--model", "x", *to)
    assert "leave --asset and --model out" in refused("document", "add", parc, "--asset", SERVER, *to)
    odd = file(tmp_path, "odd.csv", "Identité;Prise\nCT01;10.1.1.1\n")
    named = ("--column", "ae_title=Identité", "--model", "x")
    assert "leave --asset and --model out" in refused("document", "add", odd, *named, *to)
    assert "which has no columns to name" in refused("document", "add", path, "--column", "name=Nom", *to)
    assert 'ae_title="Nom AE"' in refused("document", "add", parc, "--column", "name", *to)
    assert "no field 'colour'" in refused("document", "add", parc, "--column", "colour=Nom", *to)
    assert "no column 'Name'; its columns are 'Nom'" in refused("document", "add", parc, "--column", "name=Name", *to)
    assert "none.csv: cannot be read" in refused("document", "add", tmp_path / "none.csv", *to)
    assert str(tmp_path) in refused("document", "add", tmp_path, *to)
    os.mkfifo(tmp_path / "pipe.csv")
    for endless in (tmp_path / "pipe.csv", Path("/dev/zero")):
        assert "which may have no end" in refused("document", "add", endless, *to)
    assert "--kind" in run("document", "add", parc, "--kind", "novel", *to).stderr
    assert content_of(ws) == before
    assert "no workspace here" in refused("document", "list", "--workspace", tmp_path / "nowhere")


def test_forms_of_the_lab(ws: Path, tmp_path: Path) -> None:
    for made in load_forms():
        filled_form(tmp_path / f"{made.device}.xlsx", made.complete(), made.header)
        said = done("document", "add", tmp_path / f"{made.device}.xlsx", "--model", made.device, "--workspace", ws)
        assert "MDS2 (HN 1-2019), 240 entries" in said


# ---------------------------------------------------------------- privacy
def test_what_a_document_holds_stays_where_it_was_declared(ws: Path, tmp_path: Path) -> None:
    """Serial numbers are hashed, a contact stands in its row alone, and nothing declared is among what was seen."""
    before = content_of(ws)
    serial, contact, note = "CANARYSERIAL77", "canary.contact@maker.example", "CANARYNOTE"
    parc = f"Name;IP address;Serial number;Contact\nCT 1;{SERVER};{serial};{contact}\n"
    done("document", "add", file(tmp_path, "parc.csv", parc), "--workspace", ws)
    filled_form(tmp_path / "mds2.xlsx", {**ANSWERS, "RMOT-1": ("Yes", note)}, {})
    done("document", "add", tmp_path / "mds2.xlsx", "--asset", SERVER, "--workspace", ws)

    assert {name: data for name, data in content_of(ws).items() if name in before} == before
    texts = {str(path.relative_to(ws)): str(pq.read_table(path).to_pylist()) for path in ws.rglob("*.parquet")}
    assert not [name for name, text in texts.items() if serial in text]
    assert {name.split("/")[1] for name, text in texts.items() if contact in text} == {"device_declared"}
    assert {name.split("/")[1] for name, text in texts.items() if note in text} == {"form_answer"}

    shown = done("inventory", "--workspace", ws) + done("inventory", "--workspace", ws, "--json")
    assert not [canary for canary in (serial, contact) if canary in shown]
