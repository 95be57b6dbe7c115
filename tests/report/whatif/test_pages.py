"""What-if on pages and terminals: every picture has its table, sliders work by keyboard, no name breaks out."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from leadapron.report.segment import (
    rehearsal_document,
    render_rehearsal_html,
    render_rehearsal_terminal,
    render_segmentation_terminal,
    segmentation_document,
)
from leadapron.report.whatif import (
    outcome_document,
    render_best_html,
    render_best_terminal,
    render_comparison_html,
    render_comparison_terminal,
    render_outcome_html,
    render_outcome_terminal,
    render_paths_html,
    render_paths_terminal,
)
from tests.report.browser import PROGRAM, Browser, chromium
from tests.report.test_hostile import HOSTILE
from tests.report.whatif import sample
from tests.report.whatif.test_documents import documents

PAGES: dict[str, Callable[[Any], str]] = {
    "whatif": render_outcome_html,
    "comparison": render_comparison_html,
    "best": render_best_html,
    "paths": render_paths_html,
    "rehearsal": render_rehearsal_html,
}
SCREENS: dict[str, Callable[[Any, Console], None]] = {
    "whatif": render_outcome_terminal,
    "comparison": render_comparison_terminal,
    "best": render_best_terminal,
    "paths": render_paths_terminal,
    "rehearsal": render_rehearsal_terminal,
    "segmentation": render_segmentation_terminal,
}
WIDE = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"


@cache
def everything(language: str, name: str = "") -> dict[str, Any]:
    made = sample.made(language)
    rules = sample.segmentation(name or "imaging")
    names = {"10.20.1.11": name or "CT1"}
    return {
        **documents(language, name),
        "segmentation": segmentation_document(rules, made, names=names),
        "rehearsal": rehearsal_document(sample.rehearsal(name or "CT1"), rules, made, names=names),
    }


def printed(name: str, document: Any, width: int = 100) -> str:
    output = io.StringIO()
    SCREENS[name](document, Console(file=output, width=width, force_terminal=True, color_system=None))
    return output.getvalue()


def test_the_page_begins_with_the_answer_and_shows_each_picture_as_a_table() -> None:
    document = outcome_document(sample.outcome(), sample.department(), sample.told(), sample.made("en"))
    html = render_outcome_html(document)
    assert document.answer[0] in html
    assert html.count('class="chart band"') == 3
    assert html.count('<details class="twin">') == 3
    assert html.count('type="range"') == 2
    assert "PC-SECRETARIAT6" in html


def test_the_screen_begins_with_the_answer() -> None:
    text = printed("whatif", everything("en")["whatif"])
    parts = ["In half of 1,000 runs", "How far to trust this", "Exams lost by modality", "Over time",
             "What moves the answer most", "What it rests on"]  # fmt: skip
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert "measured: 1 · published: 1 · assumed: 2" in text


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", SCREENS)
@pytest.mark.parametrize("width", [80, 120])
def test_lines_fit(name: str, language: str, width: int) -> None:
    assert max(map(len, printed(name, everything(language)[name], width).splitlines())) <= width


@pytest.mark.parametrize("name", HOSTILE)
def test_a_page_runs_nothing_of_a_name(name: str) -> None:
    made = everything("en", name)
    for page, render in PAGES.items():
        html = render(made[page])
        assert "<script>alert" not in html
        assert "<img" not in html
        assert html.count("<script>") == 1
        assert "\x1b" not in html
        assert "\u202e" not in html


@pytest.mark.parametrize("name", HOSTILE)
def test_a_terminal_gets_no_control_characters(name: str) -> None:
    made = everything("en", name)
    text = "".join(printed(screen, made[screen]) for screen in SCREENS)
    assert not {character for character in text if ord(character) < 32} - {"\n"}
    assert "\u202e" not in text


def test_an_empty_result_has_its_page() -> None:
    made = sample.made("fr")
    nothing = outcome_document(sample.nothing(), sample.department(), sample.told(), made)
    assert "aucun examen n’est perdu" in render_outcome_html(nothing)
    assert "aucun examen" in printed("whatif", nothing)
    calm = rehearsal_document(sample.rehearsal(refused=False), sample.segmentation(), made)
    assert "Aucun des 830 examens n’aurait échoué." in render_rehearsal_html(calm)


def test_a_rehearsal_tells_what_looks_legitimate_from_attacks() -> None:
    text = printed("rehearsal", everything("en")["rehearsal"])
    legitimate, attacks = text.index("Would be refused, looks legitimate"), text.index("Would be stopped, as meant")
    assert text.index("DICOM 104 ", legitimate) < attacks < text.index("SMB 445", attacks)
    assert "12 of 830 exams would have failed." in text
    assert "Questions to ask first" in text


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if PROGRAM is None:
        pytest.skip("Chromium is not installed")
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("whatif")
    made = {}
    for language in ("en", "fr"):
        for name, document in everything(language).items():
            if name in PAGES:
                made[f"{name}-{language}"] = folder / f"{name}-{language}.html"
                made[f"{name}-{language}"].write_text(PAGES[name](document), "utf-8")
    return made


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", PAGES)
def test_it_opens_in_silence_and_fits(browser: Browser, pages: dict[str, Path], name: str, language: str) -> None:
    page = pages[f"{name}-{language}"]
    browser.said.clear()
    browser.asked.clear()
    browser.open(page)
    assert browser.said == []
    assert browser.asked == [page.as_uri()]
    for width in (1280, 800, 400):
        browser.resize(width=width)
        needed, given = browser.run(WIDE)
        assert needed <= given == width


def test_a_slider_shows_one_moment_and_tells_it_aloud(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["whatif-en"])
    slide = "document.querySelector('#slide-contained')"
    shown = "[...document.querySelectorAll('#contained p.told.on')].map(one => one.textContent)"
    before = browser.run(shown)
    assert len(before) == 1
    browser.run(f"({slide}.value = 0, {slide}.dispatchEvent(new Event('input')))")
    after = browser.run(shown)
    assert len(after) == 1
    assert after != before
    assert browser.run(f"{slide}.getAttribute('aria-valuetext')") == after[0]
    assert browser.run("document.querySelectorAll('#contained g.cursor.on').length") == 1


def test_the_map_follows_its_slider(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["whatif-fr"])
    slide, tile = "document.querySelector('#slide-spread')", "document.querySelector('#spread .tile')"
    assert browser.run(f"{tile}.classList.contains('f5')")
    browser.run(f"({slide}.value = 0, {slide}.dispatchEvent(new Event('input')))")
    assert not browser.run(f"{tile}.classList.contains('f5')")
    assert browser.run(f"{tile}.querySelector('b').textContent").endswith("\u00a0%")


def test_without_scripts_the_worst_moment_shows(pages: dict[str, Path]) -> None:
    html = pages["whatif-en"].read_text("utf-8")
    assert html.count('class="told on"') == 2
    assert html.count('<p class="slide" hidden>') == 2
