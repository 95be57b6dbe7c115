"""The page in a real browser: it works, it is silent, it asks for nothing, and a keyboard is enough."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from leadapron.report import document, render_html
from leadapron.report.dossier import render_dossier_html
from leadapron.report.plan import render_plan_html
from leadapron.report.practices import render_practices_html
from tests.report import known, sample
from tests.report.browser import PROGRAM, Browser, chromium

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed")

WIDE = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
HIDDEN = """[...document.querySelectorAll('.wide')].filter(one => one.scrollWidth > one.clientWidth + 1)
.map(one => one.closest('section').id)"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    made = {}
    for name, assessment in (("department", sample.department()), ("hospital", sample.hospital()),
                             ("empty", sample.empty())):  # fmt: skip
        for language in ("en", "fr"):
            made[f"{name}-{language}"] = folder / f"{name}-{language}.html"
            made[f"{name}-{language}"].write_text(render_html(document(assessment, sample.RULES, language)), "utf-8")
    everything = known.department()
    for name, text in (
        ("plan-fr", render_plan_html(everything.planned("fr"))),
        ("practices-en", render_practices_html(everything.procedures("en"), everything.coverage("en"))),
        ("dossier-fr", render_dossier_html(everything.dossier("fr", "en"))),
        ("known-en", render_html(everything.assessed("en"))),
    ):
        made[name] = folder / f"{name}.html"
        made[name].write_text(text, "utf-8")
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.mark.parametrize(
    "name", ["department-en", "department-fr", "hospital-en", "empty-fr", "plan-fr", "practices-en", "dossier-fr"]
)
def test_it_opens_in_silence_and_asks_for_nothing(browser: Browser, pages: dict[str, Path], name: str) -> None:
    browser.said.clear()
    browser.asked.clear()
    browser.open(pages[name])
    assert browser.run("document.querySelector('h1').textContent")
    assert browser.said == []
    assert browser.asked == [pages[name].as_uri()]


@pytest.mark.parametrize("name", ["department-fr", "hospital-en", "known-en", "plan-fr", "practices-en", "dossier-fr"])
def test_it_fits(browser: Browser, pages: dict[str, Path], name: str) -> None:
    """On a desktop no table is cut; no page is wider than its window (640 is 1280 at 200 %)."""
    browser.open(pages[name], width=1280)
    assert browser.run(HIDDEN) == []
    for width in (1280, 800, 640, 400):
        browser.resize(width=width)
        needed, given = browser.run(WIDE)
        assert needed <= given == width


def test_a_filter_keeps_what_matches(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["department-fr"])
    shown = "[...document.querySelectorAll('#devices tbody')].filter(one => !one.hidden).length"
    everyone = browser.run(shown)
    browser.run(
        "(box => { box.value = 'PACS'; box.dispatchEvent(new Event('input')) })"
        "(document.querySelector('#filter-devices'))"
    )
    assert 0 < browser.run(shown) < everyone
    assert " sur " in browser.run("document.querySelector('[for=filter-devices] ~ output').textContent")


def test_a_column_sorts(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["department-en"])
    browser.run("document.querySelector('#devices thead th:last-child button').click()")
    assert (
        browser.run("document.querySelector('#devices thead th:last-child').getAttribute('aria-sort')") == "ascending"
    )
    assert "Critical" in browser.run("document.querySelector('#devices tbody').rows[0].cells[6].textContent")


def test_a_link_to_an_action_opens_it(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["plan-fr"])
    target = browser.run("document.querySelector('#action-list tbody:last-child a').getAttribute('href')")
    browser.run(f"new Promise(done => {{ addEventListener('hashchange', () => done()); location.hash = '{target}' }})")
    assert browser.run(f"document.querySelector('{target}').open")


def test_a_zone_of_the_map_opens(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["hospital-en"])
    browser.run("document.querySelector('.zone-map summary').click()")
    assert browser.run("document.querySelector('.zone-map .map svg').getBoundingClientRect().height") > 100


def test_a_link_opens_what_it_leads_to(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["department-en"])
    target = browser.run("document.querySelector('.map a[href^=\"#asset-\"]').getAttribute('href')")
    browser.run(f"new Promise(done => {{ addEventListener('hashchange', () => done()); location.hash = '{target}' }})")
    assert browser.run(f"document.querySelector('{target} details').open")
    assert browser.run(f"document.querySelector('{target} .more').getBoundingClientRect().height") > 0


def test_the_keyboard_reaches_everything_in_sight(browser: Browser, pages: dict[str, Path]) -> None:
    """The first stop is the way past the navigation; each stop shows that it has the focus."""
    browser.open(pages["department-en"])
    focused = "document.activeElement"
    browser.press("Tab")
    assert browser.run(f"{focused}.className") == "skip"
    for _ in range(12):
        browser.press("Tab")
        assert browser.run(f"getComputedStyle({focused}).outlineStyle") != "none"
    browser.run("document.querySelector('#devices summary').focus()")
    browser.press("Enter")
    assert browser.run("document.querySelector('#devices details').open")


def test_what_is_cut_off_can_be_scrolled_by_keyboard(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["department-en"], width=640)
    browser.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert browser.run("document.querySelector('#inventory .wide').tabIndex") == 0
    assert browser.run("document.querySelector('#inventory .wide').getAttribute('aria-label')") == "Devices"
