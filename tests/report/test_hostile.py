"""Names from the wire cannot act on a terminal, a page or a spreadsheet, and stay visible."""

import csv
import io
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from leadapron.model.findings import Citation
from leadapron.model.inventory import Asset
from leadapron.report import (
    Document,
    document,
    render_findings,
    render_html,
    render_inventory,
    render_terminal,
    write_csv,
)
from leadapron.report.dossier import render_dossier_html
from leadapron.report.hostile import MAX_TEXT, harmless, visible
from leadapron.report.plan import plan_csv, render_plan_html, render_plan_terminal
from leadapron.report.practices import render_coverage, render_practices_html, render_procedures
from tests.report import known, sample

ESCAPE = "CT\x1b[2J\x1b]0;owned\x07"
OVERRIDE = "CT\u202egpj.exe"
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>[red]CT[/red]{{ 7*7 }}"
FORMULA = "=cmd|' /C calc'!A0"
HOSTILE = (ESCAPE, OVERRIDE, MARKUP, FORMULA, "+1", "-1", "@SUM(A1)", 'a";b', "x" * 5000)


def hostile_document(name: str) -> Document:
    """The department, in which one device calls itself `name` everywhere."""
    assessment = sample.department()
    device = msgspec.structs.replace(
        assessment.inventory.assets[0], station_names=(name,), hostnames=(name,), ae_titles=(name,), model=name,
        manufacturer=name, os=name, zone=name,
    )  # fmt: skip
    inventory = msgspec.structs.replace(assessment.inventory, assets=(device, *assessment.inventory.assets[1:]))
    finding = msgspec.structs.replace(
        assessment.findings[0],
        params={"server": name, "connections": 2},
        reasons=(name,),
        subject=msgspec.structs.replace(assessment.findings[0].subject, label=name),
    )
    return document(msgspec.structs.replace(assessment, inventory=inventory, findings=(finding,)), sample.RULES, "en")


def test_what_has_no_shape_is_spelled_out() -> None:
    assert visible("CT\x1b[2J") == "CT[U+001B][2J"
    assert visible("a\u202eb\u200bc\x7f\n") == "a[U+202E]b[U+200B]c[U+007F][U+000A]"
    assert visible("Échographe n° 2 – salle « B »") == "Échographe n° 2 – salle « B »"
    assert visible("x" * 5000) == "x" * MAX_TEXT + "…"


@given(st.text())
def test_visible_text_has_only_characters_with_a_shape(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable() or all(character.isprintable() or character.isspace() for character in shown)
    assert not set("\x1b\n\r\t\x00\u202e\u2066\u200f") & set(shown)
    assert len(shown) <= MAX_TEXT + 1
    assert shown.encode("utf-8").decode("utf-8") == shown


def test_every_string_of_a_struct_is_reached() -> None:
    asset = msgspec.structs.replace(
        sample.department().inventory.assets[0], addresses=("\x1b",), evidence={"\x1b": (sample.ref(1, "\x1b"),)}
    )
    cleaned = harmless(asset)
    assert isinstance(cleaned, Asset)
    assert b"\x1b" not in msgspec.json.encode(cleaned)
    assert b"\\u001b" not in msgspec.json.encode(cleaned)
    assert cleaned.roles == asset.roles


@pytest.mark.parametrize("name", HOSTILE)
def test_a_terminal_gets_no_control_characters(name: str) -> None:
    output = io.StringIO()
    console = Console(file=output, width=100, force_terminal=True, color_system=None)
    made = hostile_document(name)
    render_terminal(made, console)
    render_inventory(made, console)
    text = output.getvalue()
    assert not {character for character in text if ord(character) < 32} - {"\n"}
    assert "\u202e" not in text


@pytest.mark.parametrize("name", HOSTILE)
def test_nor_does_it_from_people_or_documents(name: str) -> None:
    output = io.StringIO()
    console = Console(file=output, width=100, force_terminal=True, color_system=None)
    made = known.department(name)
    render_terminal(made.assessed("en"), console)
    render_findings(made.assessed("en"), console)
    render_plan_terminal(made.planned("en"), console)
    render_procedures(made.procedures("en"), console)
    render_coverage(made.coverage("en"), console)
    text = output.getvalue()
    assert not {character for character in text if ord(character) < 32} - {"\n"}
    assert "\u202e" not in text


def test_a_terminal_shows_markup_as_it_is() -> None:
    output = io.StringIO()
    render_inventory(hostile_document("[red]CT[/red]"), Console(file=output, width=120))
    assert "[red]CT[/red]" in output.getvalue()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_page_runs_nothing_of_a_name(name: str) -> None:
    html = render_html(hostile_document(name))
    assert "<script>alert" not in html
    assert "<img" not in html
    assert html.count("<script>") == 1
    assert "\x1b" not in html
    assert "\u202e" not in html


@pytest.mark.parametrize("name", HOSTILE)
def test_nor_of_people_and_documents(name: str) -> None:
    made = known.department(name)
    for html in (
        render_html(made.assessed("en")),
        render_plan_html(made.planned("en")),
        render_practices_html(made.procedures("en"), made.coverage("en")),
        render_dossier_html(made.dossier("fr", "en", name=name)),
    ):
        assert "<script>alert" not in html
        assert "<img" not in html
        assert html.count("<script>") == 1
        assert not set("\x1b\x07\u202e") & set(html)
        assert "x" * 1200 not in html


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_ticket_calculates_nothing(name: str, language: str) -> None:
    plan = known.department(name).planned(language)
    text = plan_csv(plan)
    assert text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(text[1:], newline=""), delimiter=";" if language == "fr" else ","))
    assert len(rows) == len(plan.actions) + 1
    assert len({len(row) for row in rows}) == 1
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_a_link_leads_to_the_web_or_nowhere() -> None:
    made = sample.department()
    cited = Citation(source="X", quote="q", url="javascript:alert(1)")
    finding = msgspec.structs.replace(made.findings[0], citations=(cited,))
    html = render_html(document(msgspec.structs.replace(made, findings=(finding,)), sample.RULES, "en"))
    assert "javascript:" not in html


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_spreadsheet_calculates_nothing(name: str, language: str, tmp_path: Path) -> None:
    made = msgspec.structs.replace(hostile_document(name), language=language)
    separator = ";" if language == "fr" else ","
    for path in write_csv(made, tmp_path / language):
        assert path.read_bytes().startswith(b"\xef\xbb\xbf")
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, delimiter=separator))
        assert len({len(row) for row in rows}) == 1
        cells = [cell for row in rows for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t"))]
        assert not [cell for cell in cells if cell.startswith("-") and not cell[1:].isdecimal()]
