"""Whatever a reader remarks on can be said in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import leadapron.know
from leadapron.model.errors import ContentError
from leadapron.report.remarks import read_remarks, remark_lines, remark_sentences
from leadapron.report.words import words

EN, FR = words("en"), words("fr")


def test_remarks_of_one_kind_are_one_line() -> None:
    remarks = ("mds2.corrected-question=SHAD-15", "mds2.blank-answers=12", "mds2.corrected-question=sahd 3")
    assert remark_lines(remarks, EN) == [
        "Question numbers with a slip of the pen, read as they are meant: SHAD-15, sahd 3.",
        "Questions without an answer: 12. Ask the maker.",
    ]


def test_remarks_on_rows_are_said_row_by_row() -> None:
    assert remark_lines(("list.bad-address=12 DHCP, salle 3", "list.bad-address=14 ?", "list.no-title=3"), FR) == [
        "Ligne 12\u00a0: «\u00a0DHCP, salle 3\u00a0» n’est pas une adresse IP\u202f; ignoré.",
        "Ligne 14\u00a0: «\u00a0?\u00a0» n’est pas une adresse IP\u202f; ignoré.",
        "La ligne 3 ne contient aucun titre AE\u202f; ignorée.",
    ]


def test_what_a_document_wrote_is_shown_harmless() -> None:
    (line,) = remark_lines(("list.bad-mac=2 \x1b[31m{row}",), EN)
    assert "\x1b" not in line
    assert "[U+001B][31m{row}" in line


def test_a_remark_of_a_newer_program_stays_as_it_is() -> None:
    assert remark_lines(("new.kind=3",), EN) == ["new.kind: 3"]


def test_every_remark_in_use_has_its_words_and_no_words_are_idle() -> None:
    source = Path(leadapron.know.__file__).parent / "documents"
    code = re.compile(r'f?"((?:join|list|mds2|sbom|vex)\.[a-z-]+)[="]')
    used = {found for path in source.glob("*.py") for found in code.findall(path.read_text("utf-8"))}
    assert used == remark_sentences().keys()


def test_french_typography() -> None:
    """A no-break space before double punctuation and inside guillemets, typographic apostrophes and ellipses."""
    wrong = re.compile(r"(?<![\u00a0])[:»](?=\s|$)|(?<!\u202f)[;!?](?=\s|$)|«(?!\u00a0)|'|\.\.\.")
    assert not [name for name, sentence in remark_sentences().items() if wrong.search(sentence.fr)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[x]\nen = 'a'", "fr"),
        ("[x]\nen = 'a {values}'\nfr = 'b'", "x: both languages"),
        ("[x]\nen = '{odd}'\nfr = '{odd}'", "x: both languages"),
        ("[x]\nen = '{'\nfr = 'b'", "remarks.toml"),
        ("[x", "remarks.toml"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "remarks.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ContentError, match=said):
        read_remarks(path)
