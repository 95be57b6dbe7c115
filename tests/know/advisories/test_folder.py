"""Files, folders and archives of advisories."""

from __future__ import annotations

import io
import json
import shutil
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.know.advisories import Problem, folder, read_advisories
from leadapron.know.advisories.document import MAX_DOCUMENT
from leadapron.model.advisories import Advisory
from leadapron.model.errors import SourceError

SAMPLES = Path(__file__).with_name("samples")
DCMTK = (SAMPLES / "icsma-22-174-01.json").read_bytes()


def read(path: Path) -> tuple[dict[str, Advisory], dict[str, str]]:
    """Advisories by identifier, problems by file."""
    advisories, problems = {}, {}
    for found in read_advisories(path):
        if isinstance(found, Problem):
            problems[found.file] = found.text
        else:
            assert found.id not in advisories
            advisories[found.id] = found
    return advisories, problems


def edition(number: str, day: int, *, status: str = "final", title: str = "") -> bytes:
    """The DCMTK advisory as published again."""
    document = json.loads(DCMTK)
    document["document"]["title"] = title or f"Edition {number}"
    document["document"]["tracking"] |= {
        "version": number,
        "current_release_date": f"2023-01-{day:02}T00:00:00Z",
        "status": status,
    }
    return json.dumps(document).encode()


def archive(path: Path, files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return path


def test_a_folder_of_advisories(tmp_path: Path) -> None:
    shutil.copytree(SAMPLES, tmp_path / "2024")
    (tmp_path / "provider-metadata.json").write_text("{}")
    (tmp_path / "2024" / "icsma-22-174-01.json.sha256").write_text("0")
    advisories, problems = read(tmp_path)
    assert problems == {}
    assert sorted(advisories) == [
        "EX-2026-3",
        "EX-VEX-7",
        "ICSMA-17-215-01",
        "ICSMA-22-174-01",
        "ICSMA-23-285-01",
        "ICSMA-24-163-01",
        "ICSMA-24-200-01",
    ]


def test_one_file() -> None:
    advisories, problems = read(SAMPLES / "icsma-22-174-01.json")
    assert (list(advisories), problems) == (["ICSMA-22-174-01"], {})


def test_an_archive_says_the_same_as_its_folder(tmp_path: Path) -> None:
    files = {f"CSAF/white/{path.name}": path.read_bytes() for path in SAMPLES.iterdir()}
    assert read(archive(tmp_path / "all.zip", files)) == read(SAMPLES)


def test_the_newest_edition_counts_and_drafts_do_not(tmp_path: Path) -> None:
    for name, data in {
        "a.json": edition("2.0.0", 3),
        "b.json": edition("1.9.9", 2),
        "c.json": edition("2.0.10", 3, title="Newest"),
        "d.json": edition("2.0.9", 3),
        "e.json": edition("3.0.0", 9, status="draft"),
    }.items():
        (tmp_path / name).write_bytes(data)
    advisories, problems = read(tmp_path)
    assert [advisory.title for advisory in advisories.values()] == ["Newest"]
    assert list(problems) == ["e.json"]
    assert "draft" in problems["e.json"]


def test_a_bad_document_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    circle = json.loads((SAMPLES / "vex-2.0.json").read_bytes())
    circle["product_tree"]["relationships"][0]["product_reference"] = "T20-P43"
    files = {
        "broken.json": DCMTK[:-200],
        "circle.json": json.dumps(circle).encode(),
        "good.json": DCMTK,
        "kev.json": b'{"title": "catalogue", "vulnerabilities": []}',
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "inner.zip").write_bytes(b"PK")
    with (tmp_path / "huge.json").open("wb") as sparse:
        sparse.truncate(200_000_000)
    tracemalloc.start()
    advisories, problems = read(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert list(advisories) == ["ICSMA-22-174-01"]
    assert sorted(problems) == ["broken.json", "circle.json", "huge.json", "inner.zip", "kev.json"]
    assert all(text.startswith(f"{name}: ") for name, text in problems.items())
    assert "200,000,000 bytes" in problems["huge.json"]
    assert "made of itself" in problems["circle.json"]
    assert peak < 5_000_000, "the large document was read"


def test_what_is_of_no_use_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nowhere: cannot be read \(No such file"):
        read(tmp_path / "nowhere")
    with pytest.raises(SourceError, match="holds no advisory"):
        read(tmp_path)
    with pytest.raises(SourceError, match="holds no advisory"):
        read(archive(tmp_path / "empty.zip", {"README": b""}))
    (tmp_path / "cut.zip").write_bytes((tmp_path / "empty.zip").read_bytes()[:40])
    with pytest.raises(SourceError, match="damaged ZIP archive"):
        read(tmp_path / "cut.zip")


# ---------------------------------------------------------------- hostile archives
def test_a_bomb_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    path = archive(tmp_path / "bomb.zip", {"a.json": DCMTK, "b.json": b"[" * 20_000_000})
    with pytest.raises(SourceError, match=r"bomb\.zip: b\.json unpacks to 200 times its size"):
        next(read_advisories(path))


def test_many_small_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "MAX_UNPACKED", 100_000)
    with pytest.raises(SourceError, match="unpacks to more than 100,000 bytes"):
        next(read_advisories(archive(tmp_path / "many.zip", {f"{n}.json": bytes(30_000) for n in range(9)})))
    monkeypatch.setattr(folder, "MAX_FILES", 5)
    with pytest.raises(SourceError, match="more than 5 files"):
        next(read_advisories(archive(tmp_path / "many.zip", {f"{n}.json": b"" for n in range(9)})))


def test_a_table_of_contents_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "MAX_DIRECTORY", 100_000)
    path = archive(tmp_path / "wide.zip", {f"{'x' * 1_000}{n}.json": b"" for n in range(200)})
    with pytest.raises(SourceError, match="table of contents"):
        next(read_advisories(path))


def test_a_false_size_gives_nothing(tmp_path: Path) -> None:
    path = archive(tmp_path / "liar.zip", {"a.json": DCMTK, "b.json": DCMTK})
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, entry + 24, 100)  # the size of the last file, once unpacked
    path.write_bytes(data)
    advisories, problems = read(path)
    assert list(advisories) == ["ICSMA-22-174-01"]
    assert list(problems) == ["liar.zip/b.json"]


def test_a_file_without_a_name_is_passed_over(tmp_path: Path) -> None:
    path = archive(tmp_path / "nameless.zip", {"a.json": DCMTK, "x": b"{}"})
    data = bytearray(path.read_bytes())
    struct.pack_into("<HH", data, data.rindex(b"PK\x01\x02") + 28, 0, 1)  # its name counts as a further field
    path.write_bytes(data)
    advisories, problems = read(path)
    assert (list(advisories), problems) == (["ICSMA-22-174-01"], {})


def test_what_an_archive_should_not_hold_is_named(tmp_path: Path) -> None:
    inner = archive(tmp_path / "inner.zip", {"a.json": DCMTK}).read_bytes()
    path = archive(tmp_path / "outer.zip", {"good.json": DCMTK, "inner.zip": inner, "locked.json": DCMTK})
    data = bytearray(path.read_bytes())
    struct.pack_into("<H", data, data.rindex(b"PK\x01\x02") + 8, 1)  # encrypted
    path.write_bytes(data)
    odd = archive(tmp_path / "odd.zip", {"odd.json": DCMTK}, zipfile.ZIP_LZMA)
    assert read(path)[1].keys() == {"outer.zip/inner.zip", "outer.zip/locked.json"}
    assert "unusual method" in read(odd)[1]["odd.zip/odd.json"]
    large = archive(tmp_path / "large.zip", {"a.json": bytes(MAX_DOCUMENT + 1)}, zipfile.ZIP_STORED)
    assert "left out unread" in read(large)[1]["large.zip/a.json"]


@given(cuts=st.lists(st.tuples(st.integers(0, 2_000), st.binary(min_size=1, max_size=6)), max_size=5))
def test_a_damaged_archive_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[tuple[int, bytes]]
) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a.json", DCMTK[:900])
        made.writestr("b.json", b"{}")
    data = bytearray(buffer.getvalue())
    for place, junk in cuts:
        start = place % len(data)
        data[start : start + len(junk)] = junk
    path = tmp_path_factory.mktemp("zip") / "a.zip"
    path.write_bytes(data)
    try:
        advisories, _ = read(path)
    except SourceError:
        return
    assert advisories == {}
