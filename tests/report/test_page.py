"""The HTML report: complete, self-contained, accessible, and true to its document."""

import re
from collections import Counter
from datetime import timedelta, timezone
from functools import cache
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise

import msgspec
import pytest

from leadapron.report import document, render_html
from leadapron.report.dossier import render_dossier_html
from leadapron.report.frame import _hash
from leadapron.report.plan import render_plan_html
from leadapron.report.practices import render_practices_html
from tests.report import known, sample

VOID = {"meta", "input", "br", "img", "link", "hr"}
ASSESSMENTS = {"department": sample.department, "hospital": sample.hospital, "empty": sample.empty}
MADE = {"known": known.department, "bare": known.bare}
PAGES = [
    *((name, language) for name in ASSESSMENTS for language in ("en", "fr")),
    *((f"{made}-{page}", language) for made in MADE for page in ("report", "plan", "practices", "dossier")
      for language in ("en", "fr")),
]  # fmt: skip


CITED = r"https://advisories\.example/[\w-]+"
"""Addresses of sources: a reader may follow them, nothing is fetched by itself."""


class Page(HTMLParser):
    """What the tests ask of a page: its elements in order, with attributes, and whether they nest."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@cache
def html(name: str, language: str) -> str:
    if name in ASSESSMENTS:
        return render_html(document(ASSESSMENTS[name](), sample.RULES, language))
    which, _, kind = name.partition("-")
    made = MADE[which]()
    if kind == "plan":
        return render_plan_html(made.planned(language))
    if kind == "practices":
        return render_practices_html(made.procedures(language), made.coverage(language))
    if kind == "dossier":
        return render_dossier_html(made.dossier(language, "en" if language == "fr" else "fr"))
    return render_html(made.assessed(language))


@cache
def page(name: str, language: str) -> Page:
    return Page(html(name, language))


def test_a_page_says_what_the_document_says() -> None:
    made = document(sample.department(), sample.RULES, "en")
    text = html("department", "en")
    assert " ".join(made.summary.verdict) in text
    for asset in made.assets:
        assert f'id="asset-{asset.id}"' in text
    for finding in made.findings:
        assert f'id="{finding.id}"' in text
        assert finding.seen in text
    assert "frame.number == 88317" in text


@pytest.mark.parametrize(("name", "language"), PAGES)
def test_elements_nest(name: str, language: str) -> None:
    assert not page(name, language).wrong
    assert not page(name, language).open


@pytest.mark.parametrize(("name", "language"), PAGES)
def test_it_asks_nothing_of_anyone(name: str, language: str) -> None:
    text = html(name, language)
    assert "://" not in re.sub(CITED, "", text.replace("http://www.w3.org", ""))
    for _, attributes in page(name, language).elements:
        assert not {"src", "srcset", "data", "poster", "action", "style"} & set(attributes)
        assert not [key for key in attributes if key.startswith("on")]
        href = attributes.get("href")
        assert href is None or href.startswith("#") or attributes.get("rel") == "noreferrer"
    assert not page(name, language).all("link")


@pytest.mark.parametrize(("name", "language"), PAGES)
def test_the_policy_names_the_inline_parts_by_hash(name: str, language: str) -> None:
    policy = next(
        one["content"] for one in page(name, language).all("meta") if one.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    style, script = (re.search(f"<{tag}>(.*?)</{tag}>", html(name, language), re.DOTALL) for tag in ("style", "script"))
    assert style is not None
    assert script is not None
    assert policy.startswith("default-src 'none';")
    assert f"style-src '{_hash(style[1])}'" in policy
    assert f"script-src '{_hash(script[1])}'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(("name", "language"), PAGES)
def test_a_screen_reader_finds_its_way(name: str, language: str) -> None:
    made = page(name, language)
    assert made.all("html")[0]["lang"] == language
    assert [len(made.all(tag)) for tag in ("main", "header", "nav", "footer", "h1")] == [1, 1, 1, 1, 1]
    assert made.all("a")[0]["class"] == "skip"
    levels = [int(tag[1]) for tag, _ in made.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(one.get("scope") for one in made.all("th"))
    labelled = {one.get("for") for one in made.all("label")}
    assert all(one["type"] == "checkbox" or one["id"] in labelled for one in made.all("input"))


@pytest.mark.parametrize(("name", "language"), PAGES)
def test_ids_are_unique_and_links_arrive(name: str, language: str) -> None:
    made = page(name, language)
    ids = Counter(attributes["id"] for _, attributes in made.elements if attributes.get("id"))
    assert not [one for one, count in ids.items() if count > 1]
    links = [attributes["href"] or "" for _, attributes in made.elements if attributes.get("href")]
    targets = {link[1:] for link in links if link.startswith("#")}
    targets |= {one for _, attributes in made.elements for one in (attributes.get("aria-labelledby") or "").split()}
    assert targets <= set(ids)


@pytest.mark.parametrize(("name", "language"), PAGES)
def test_every_picture_has_a_table(name: str, language: str) -> None:
    text = html(name, language)
    pictures = re.findall(r"<figure.*?</figure>\s*(<details class=\"twin\">.*?<table>)?", text, re.DOTALL)
    assert all(pictures)
    assert len(pictures) == text.count("<figure") == len(re.findall(r"<details class=\"twin\">", text))
    for one in page(name, language).all("svg"):
        assert one.get("aria-hidden") == "true" or one.get("aria-label")


def test_a_large_network_is_drawn_by_zone() -> None:
    text = html("hospital", "en")
    made = document(sample.hospital(), sample.RULES, "en")
    assert len(made.assets) >= 500
    assert text.count('class="zone-map"') == len(made.zones) + 1
    assert "Modality × 56" in text
    assert len(text) < 5_000_000


def test_many_places_of_one_rule_fold() -> None:
    finding = sample.department().findings[0]
    many = tuple(
        msgspec.structs.replace(finding, subject=msgspec.structs.replace(finding.subject, id=f"a-{number}"))
        for number in range(40)
    )
    text = render_html(document(msgspec.structs.replace(sample.department(), findings=many), sample.RULES, "en"))
    assert "32 further places" in text
    assert text.count('class="place"') == 40


def test_times_are_shown_in_the_zone_asked_for() -> None:
    made = document(sample.department(), sample.RULES, "fr")
    text = render_html(made, zone=timezone(timedelta(hours=1)))
    assert "24 nov. 2026 07:58" in text
    assert "UTC+01:00" in text


def test_an_interrupted_reading_is_said() -> None:
    assessment = msgspec.structs.replace(sample.department(), interrupted=True)
    assert "La lecture a été arrêtée avant la fin" in render_html(document(assessment, sample.RULES, "fr"))


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, two: str) -> float:
    low, high = sorted((luminance(one), luminance(two)))
    return (high + 0.05) / (low + 0.05)


def palette() -> dict[str, str]:
    css = (files("leadapron.report") / "templates" / "report.css").read_text("utf-8")
    named = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6}|#[0-9a-f]{3});", css.split("}")[0]))
    bars = dict(re.findall(r"\.(c[0-7]) \{ fill: (#[0-9a-f]{6});", css))
    full = {name: value if len(value) == 7 else "#" + "".join(2 * digit for digit in value[1:]) for name, value in
            named.items()}  # fmt: skip
    return full | bars


def test_text_has_contrast() -> None:
    """WCAG AA: 4.5 for text on each background it stands on, 3 for lines of a map."""
    colours = palette()
    for ink in ("ink", "soft", "blue", "critical", "high", "medium", "low", "info"):
        for ground in ("paper", "ground", "faint"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    for line in ("dicom", "hl7", "web", "files", "remote", "database", "support", "other"):
        assert contrast(colours[line], "#f8fafb") >= 3, line
    for number in range(8):
        assert contrast(colours[f"c{number}"], "#ffffff") >= 4.5, number
