"""The door for content files."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import Struct

from leadapron.model.content import check_sentences, read_toml, shipped, toml_files
from leadapron.model.errors import ContentError


class Lead(Struct, forbid_unknown_fields=True):
    """Something to read."""

    thickness: dict[str, float]


def test_a_file_becomes_a_structure(tmp_path: Path) -> None:
    (tmp_path / "lead.toml").write_text("[thickness]\napron = 0.5\n")
    (tmp_path / "SOURCE.md").write_text("Measured.")
    (file,) = toml_files(tmp_path)
    assert read_toml(file, Lead) == Lead({"apron": 0.5})
    assert "order.toml" in {entry.name for entry in toml_files(shipped("actions"))}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'[thickness]\napron = "thick"', r"^lead\.toml: thickness\[\.\.\.\]: Expected `float`"),
        (b"odd = 1", r"^lead\.toml: Object contains unknown field `odd`"),
        (b"thickness = ", r"^lead\.toml: cannot be read as TOML \(Invalid value"),
        (b"\xff", r"^lead\.toml: cannot be read as TOML \('utf-8'"),
        (None, r"^lead\.toml: cannot be read \(No such file"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, data: bytes | None, said: str) -> None:
    file = tmp_path / "lead.toml"
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(ContentError, match=said):
        read_toml(file, Lead)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"en": {"a": "x"}, "fr": {"a": " "}}, r"fr: no sentence for \['a'\]"),
        ({"en": {"a": "x"}}, r"fr: no sentence for \['a'\]"),
        ({"en": {}}, "fr: no sentence for anything"),
    ],
)
def test_both_languages_have_every_sentence(words: dict[str, dict[str, str]], said: str) -> None:
    check_sentences({"en": {"a": "x"}, "fr": {"a": "y"}}, "words.toml")
    with pytest.raises(ContentError, match=rf"^words\.toml: {said}"):
        check_sentences(words, "words.toml")
