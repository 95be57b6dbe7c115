"""The evidence pack: everything once, in both languages, from the same blocks; and a list of inputs to be checked."""

import hashlib
import io
import re

import pypdfium2
import pytest
from msgspec.structs import replace

from leadapron.model.procedures import AnswerState
from leadapron.report.dossier import Dossier, input_list, render_dossier_html, render_dossier_pdf
from leadapron.report.dossier.blocks import Heading, Table
from tests.report import known

ALPHABETS = "Échographe œ – “…” ½ Ωμ Борис 放射線 تصوير 🩻"


def pages(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    try:
        return [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()


def chapters(made: Dossier) -> list[list[str]]:
    return [
        [block.text for block in edition.blocks if isinstance(block, Heading) and block.level == 2]
        for edition in made.editions
    ]


def test_french_stands_first_and_both_say_the_same() -> None:
    made = known.department().dossier("fr", "en")
    french, english = chapters(made)
    assert french[0] == "Bilan"
    assert english[0] == "Verdict"
    assert len(french) == len(english) == 11
    shapes = [[(type(block), len(block.rows) if isinstance(block, Table) else 0) for block in edition.blocks]
              for edition in made.editions]  # fmt: skip
    assert shapes[0] == shapes[1]


def test_a_table_is_whole() -> None:
    for edition in known.department().dossier("en").editions:
        for block in edition.blocks:
            if isinstance(block, Table):
                assert len(block.head) in (0, len(block.widths))
                assert {len(row) for row in block.rows} <= {len(block.widths)}


def table_below(made: Dossier, heading: str) -> Table:
    blocks = made.editions[0].blocks
    place = next(n for n, one in enumerate(blocks) if isinstance(one, Heading) and one.text == heading)
    return next(one for one in blocks[place:] if isinstance(one, Table))


def test_controls_name_weaknesses_and_questions_by_number() -> None:
    """What is told once can be looked up: the same numbers stand in the chapters on findings and procedures."""
    department = known.department()
    made = department.dossier("en")
    texts = [one.text for one in made.editions[0].blocks if isinstance(one, Heading)]
    numbers = {text.partition(".")[0] for text in texts if text[:1].isdigit()}
    rows = table_below(made, "NIS2").rows
    named = {number for row in rows for number in row[2].text.split(", ") if number}
    assert named <= numbers
    asked = " ".join(row[3].text for row in rows)
    belied = next(one for one in department.procedures("en").questions if one.state is AnswerState.CONTRADICTED)
    assert f"seen otherwise: {belied.number}" in asked


def test_questions_that_nobody_answered_are_listed() -> None:
    department = known.department()
    left = [one for one in department.procedures("en").questions if one.answer is None]
    rows = table_below(department.dossier("en"), "Questions that nobody has answered").rows
    told = " ".join(row[1].text for row in rows)
    assert left
    assert all(one.question in told for one in left)


def test_the_inputs_can_be_hashed_again() -> None:
    inputs = input_list(known.department().assessment)
    lines = inputs.canonical.decode("utf-8").splitlines()
    assert lines[0] == "leadapron.inputs/1"
    assert [line.split("\t")[0] for line in lines[1:]] == ["program", "capture", "document", "feed", "feed", "feed",
                                                           "answers"]  # fmt: skip
    assert all(line.count("\t") == 3 for line in lines[1:])
    assert f"sha256:{'5e' * 32}" in lines[3]
    assert inputs.sha256 == hashlib.sha256(inputs.canonical).hexdigest()
    assert input_list(known.department().assessment) == inputs


def test_another_answer_is_another_list() -> None:
    first, second = known.department("A").assessment, known.department("B").assessment
    assert input_list(first).sha256 != input_list(second).sha256


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return render_dossier_pdf(known.department().dossier("fr", "en"))


def test_a_pdf_has_cover_contents_and_numbered_pages(pdf: bytes) -> None:
    told = pages(pdf)
    assert "Centre hospitalier d’Exemple" in told[0]
    assert "Sommaire" in told[0]
    assert "Par quoi commencer cette semaine" in told[0]
    assert f"Page 1 sur {len(told)}" in told[0]
    assert f"Page {len(told)} of {len(told)}" in told[-1]
    assert any("Contents" in page for page in told)


def test_a_pdf_is_the_same_for_the_same_dossier(pdf: bytes) -> None:
    assert render_dossier_pdf(known.department().dossier("fr", "en")) == pdf


def test_a_pdf_can_be_read_aloud_and_brings_its_fonts(pdf: bytes) -> None:
    """PDF/UA-1 (ISO 14289-1): tagged, titled, in a language; every font inside."""
    assert b"/MarkInfo" in pdf
    assert b"pdfuaid" in pdf
    assert b"/Lang" in pdf
    assert len(re.findall(rb"/FontFile3?", pdf)) >= 2
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    assert document.get_page_size(0) == pytest.approx((595.28, 841.89), abs=0.1)
    document.close()


def test_a_pdf_carries_the_list_that_was_hashed(pdf: bytes) -> None:
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    held = {}
    for n in range(document.count_attachments()):
        attachment = document.get_attachment(n)
        held[attachment.get_name()] = bytes(attachment.get_data())
    document.close()
    assert held["inputs.txt"] == input_list(known.department().assessment).canonical
    assert held["inputs.pub.pem"].decode() == known.PEM
    assert set(held) == {"inputs.txt", "inputs.sig.b64", "inputs.pub.pem"}


def test_an_unsigned_dossier_says_so() -> None:
    made = known.department().dossier("en", signed=False)
    assert "Not signed: no key was given." in render_dossier_html(made)
    assert [one.name for one in made.attachments] == ["inputs.txt"]


def test_names_in_any_alphabet_make_a_pdf() -> None:
    told = " ".join(pages(render_dossier_pdf(known.department(ALPHABETS).dossier("fr"))))
    assert "Échographe" in told
    assert "[U+653E]" in told


def test_a_name_cannot_act_in_a_pdf() -> None:
    name = '#panic("x") #read("/etc/passwd") $x$ *b* `c` \\ #set text(size: 99pt) ] [ <end-fr> @end-fr'
    told = " ".join(" ".join(pages(render_dossier_pdf(known.department(name).dossier("fr")))).split())
    assert '#panic("x") #read("/etc/passwd") $x$ *b* `c`' in told.replace("\u200b", "")


def test_our_own_sentences_need_no_other_font() -> None:
    """Characters of catalogues and content are all in the fonts that travel with the library."""
    made = known.department().dossier("fr", "en")
    assert "[U+" not in " ".join(pages(render_dossier_pdf(made)))


def test_an_empty_assessment_makes_a_dossier() -> None:
    made = known.bare().dossier("fr", "en")
    assert pages(render_dossier_pdf(made))
    assert replace(made, attachments=()) != made
    assert "Rien n’est à faire" in render_dossier_html(made)
