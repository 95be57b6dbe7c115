"""Exploited flaws, probabilities of exploitation, ends of support."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.know.advisories import read_endoflife, read_epss, read_kev
from leadapron.model.advisories import Exploited, Release
from leadapron.model.errors import SourceError

CSV = """cveID,vendorProject,product,vulnerabilityName,dateAdded,shortDescription,dueDate,knownRansomwareCampaignUse
CVE-2020-1938,Apache,Tomcat,Improper Privilege,2022-03-03,"Two
lines",2022-03-17,Unknown
CVE-2017-0144,Microsoft,SMBv1,SMBv1 Remote Code,2022-02-10,One,2022-08-10,Known
"""
CATALOGUE = {
    "title": "Catalogue",
    "catalogVersion": "2022.03.04",
    "dateReleased": "2022-03-04T17:04:19.9796Z",
    "vulnerabilities": [
        {"cveID": "CVE-2020-1938", "dateAdded": "2022-03-03", "knownRansomwareCampaignUse": "Unknown", "notes": ""},
        {"cveID": "CVE-2017-0144", "dateAdded": "2022-02-10", "knownRansomwareCampaignUse": "Known"},
    ],
}
SCORES = b"""#model_version:v2025.03.14,score_date:2026-05-18T00:00:00Z
cve,epss,percentile
CVE-1999-0001,0.0046,0.7385
CVE-2020-1938,0.94469,0.99995
CVE-2021-0001,1e-05,0.1
"""


def test_exploited_flaws_in_either_form() -> None:
    as_json = read_kev(json.dumps(CATALOGUE).encode(), "kev.json")
    as_csv = read_kev(CSV.encode(), "kev.csv")
    assert as_json.exploited == as_csv.exploited
    assert as_csv.exploited["CVE-2017-0144"] == Exploited(cve="CVE-2017-0144", added=date(2022, 2, 10), ransomware=True)
    assert not as_csv.exploited["CVE-2020-1938"].ransomware
    assert (as_json.as_of, as_csv.as_of) == (date(2022, 3, 4), date(2022, 3, 3))


def test_probabilities_of_exploitation() -> None:
    day = read_epss(gzip.compress(SCORES), "epss.csv.gz")
    assert day == read_epss(SCORES.replace(b"\n", b"\r\n"), "epss.csv")
    assert (day.epss["CVE-2020-1938"], day.epss["CVE-2021-0001"], day.as_of) == (0.94469, 1e-05, date(2026, 5, 18))
    assert list(read_epss(SCORES, "epss.csv", keep={"CVE-2020-1938"}).epss) == ["CVE-2020-1938"]


PAGES = {
    "windows": {
        "title": "Microsoft Windows",
        "identifiers": [{"cpe": "cpe:/o:microsoft:windows"}],
        "releases": [
            {"releaseCycle": "10-22h2", "releaseLabel": "10 22H2", "eol": "2025-10-14", "eoes": "2028-10-10"},
            {"releaseCycle": "7", "releaseLabel": "7 '__CODENAME__'", "eol": "True", "latest": "6.1.7601"},
            {"releaseCycle": "12", "eol": "False"},
        ],
    }
}
FIRST_API = [
    {"cycle": "10-22h2", "releaseLabel": "10 22H2", "eol": "2025-10-14", "extendedSupport": "2028-10-10"},
    {"cycle": 7, "eol": True, "latest": "6.1.7601"},
    {"cycle": "12", "eol": False, "lts": False},
]
API = {
    "schema_version": "1.2.0",
    "generated_at": "2026-08-22T00:00:00+00:00",
    "total": 1,
    "result": [
        {
            "name": "windows",
            "label": "Microsoft Windows",
            "releases": [
                {"name": "10-22h2", "label": "10 22H2", "isEol": True, "eolFrom": "2025-10-14", "isEoes": False,
                 "eoesFrom": "2028-10-10", "latest": None},
                {"name": "7", "label": "7", "isEol": True, "eolFrom": None, "latest": {"name": "6.1.7601"}},
                {"name": "12", "label": "12", "isEol": False, "eolFrom": None},
            ],
        }
    ],
}  # fmt: skip
RELEASES = (
    Release(cycle="10-22h2", label="10 22H2", end=date(2025, 10, 14), extended_end=date(2028, 10, 10)),
    Release(cycle="7", label="7", end=None, ended=True, latest="6.1.7601"),
    Release(cycle="12", label="12", end=None),
)


def test_ends_of_support_in_three_forms() -> None:
    day = date(2026, 8, 22)
    pages = read_endoflife(json.dumps(PAGES).encode(), "eol.json", as_of=day)
    first = read_endoflife(json.dumps(FIRST_API).encode(), "windows.json")
    api = read_endoflife(json.dumps(API).encode(), "full.json")
    one = read_endoflife(json.dumps(API | {"result": API["result"][0]}).encode(), "windows.json")
    assert [read.lifecycles[0].releases for read in (pages, first, api, one)] == [RELEASES] * 4
    assert [read.lifecycles[0].product for read in (pages, first, api, one)] == ["windows"] * 4
    assert [read.as_of for read in (pages, first, api, one)] == [day, None, day, day]


Reader = Callable[[bytes, str], object]


@pytest.mark.parametrize(
    ("reader", "data", "words"),
    [
        (read_kev, b"", "line 1: the columns"),
        (read_kev, b"{", "not a KEV catalogue"),
        (
            read_kev,
            b'{"dateReleased": "2022-03-04T17:04:19Z", "vulnerabilities": [{"cveID": 7}]}',
            r"vulnerabilities\[0\]",
        ),
        (read_kev, CSV.replace("2022-02-10", "10/02/2022").encode(), "line 4: "),
        (read_kev, CSV.splitlines()[0].encode(), "holds no entry"),
        (read_kev, "é".encode("latin-1"), "not a KEV catalogue"),
        (read_epss, b"", "line 1: an EPSS file"),
        (read_epss, SCORES.replace(b"0.94469", b"94%"), "line 4: a CVE and a probability"),
        (read_epss, SCORES.replace(b"0.94469", b"1.5"), "line 4: a CVE and a probability"),
        (read_epss, SCORES.partition(b"\n")[2], "names no date"),
        (read_epss, SCORES.replace(b"2026-05-18", b"2026-13-99"), "names no date"),
        (read_epss, gzip.compress(SCORES)[:-12], "ends too early|damaged"),
        (read_epss, b"\x1f\x8b\x00", "damaged|too early"),
        (read_endoflife, b"7", "not lifecycles"),
        (read_endoflife, b"[" * 100_000, "not lifecycles"),
        (read_endoflife, b'{"windows": {"title": "W", "releases": [{"eol": []}]}}', "not lifecycles"),
        (read_endoflife, b'{"result": [{"name": "w"}]}', "not lifecycles"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(reader: Reader, data: bytes, words: str) -> None:
    with pytest.raises(SourceError, match=words) as refused:
        reader(data, "feed")
    assert str(refused.value).startswith("feed")


def test_a_bomb_of_zeros_is_refused() -> None:
    with pytest.raises(SourceError, match="larger than"):
        read_epss(gzip.compress(bytes(101_000_000), compresslevel=1), "bomb.gz")


def damaged(data: bytes) -> st.SearchStrategy[bytes]:
    edits = st.lists(st.tuples(st.integers(0, len(data) - 1), st.binary(max_size=5)), max_size=4)

    def apply(changes: list[tuple[int, bytes]]) -> bytes:
        changed = bytearray(data)
        for place, junk in changes:
            changed[place : place + len(junk)] = junk
        return bytes(changed)

    return edits.map(apply)


FEEDS = [
    (read_kev, json.dumps(CATALOGUE).encode()),
    (read_kev, CSV.encode()),
    (read_epss, SCORES),
    (read_epss, gzip.compress(SCORES)),
    *((read_endoflife, json.dumps(form).encode()) for form in (PAGES, FIRST_API, API)),
]


@given(data=st.data(), feed=st.sampled_from(FEEDS))
def test_a_damaged_feed_is_read_or_refused(data: st.DataObject, feed: tuple[Reader, bytes]) -> None:
    reader, sound = feed
    try:
        reader(data.draw(damaged(sound) | st.binary(max_size=200)), "feed")
    except SourceError as refused:
        assert str(refused)[:4] == "feed"  # noqa: PT017, it may as well be read


def test_a_copy_made_today_is_as_old_as_its_newest_release() -> None:
    days = ("2022-10-18", "2009-10-22", "2027-01-01")
    made = [{**release, "releaseDate": day} for release, day in zip(FIRST_API, days, strict=True)]
    for form in (made, {"windows": {"title": "Microsoft Windows", "releases": made}}):
        read = read_endoflife(json.dumps(form).encode(), "windows.json", today=date(2026, 11, 24))
        assert read.as_of == date(2022, 10, 18)  # what is announced for next year makes it no newer
