"""The assessment in a terminal of 80 to 120 columns."""

import io

import msgspec
import pytest
from rich.console import Console

from leadapron.report import Document, document, render_findings, render_flows, render_inventory, render_terminal
from tests.report import sample


def printed(made: Document, width: int = 100, render: object = render_terminal) -> str:
    output = io.StringIO()
    render(made, Console(file=output, width=width))  # type: ignore[operator]
    return output.getvalue()


def test_summary_then_what_to_do_first_then_inventory() -> None:
    text = printed(document(sample.department(), sample.RULES, "en"))
    places = [text.index(part) for part in ("Leadapron saw 25 devices", "What to do first", "\nDevices ")]
    assert places == sorted(places)
    assert "CT1-CONSOLE still speaks SMB 1" in text
    assert "PACS" in text


@pytest.mark.parametrize("width", [80, 100, 120, 200])
@pytest.mark.parametrize("render", [render_terminal, render_inventory, render_flows, render_findings])
def test_lines_fit(width: int, render: object) -> None:
    text = printed(document(sample.department(), sample.RULES, "fr"), width, render)
    assert max(map(len, text.splitlines())) <= min(width, 120)


def test_a_long_inventory_says_what_it_left_out() -> None:
    made = document(sample.hospital(), sample.RULES, "en")
    assert "further devices are not shown (leadapron inventory)" in printed(made)
    assert "not shown" not in printed(made, render=render_inventory)


def test_findings_tell_where_to_look() -> None:
    text = printed(document(sample.department(), sample.RULES, "en"), 120, render_findings)
    assert "frame.number == 1042" in text
    assert "miroir-2026-11-24.pcapng" in text


def test_flows_name_what_was_said() -> None:
    text = printed(document(sample.department(), sample.RULES, "en"), 120, render_flows)
    assert "Modality Worklist - FIND" in text
    assert "C-FIND\u00a0×\u00a088" in text


def test_nothing_found() -> None:
    made = document(sample.empty(), sample.RULES, "fr")
    assert "ne contient aucun paquet" in printed(made)
    assert "Aucune faiblesse n’a été vue" in printed(made, render=render_findings)


def test_interrupted_is_said() -> None:
    made = document(msgspec.structs.replace(sample.empty(), interrupted=True), sample.RULES, "en")
    assert "Reading was stopped before the end" in printed(made)


def test_a_line_never_begins_with_a_colon() -> None:
    """French sets a no-break space before it, where no line may break."""
    made = document(sample.department(), sample.RULES, "fr")
    for width in range(60, 130, 5):
        for render in (render_terminal, render_findings):
            lines = printed(made, width, render).splitlines()
            assert not [line for line in lines if line.strip(" │")[:1] in (":", ";", "»")]
