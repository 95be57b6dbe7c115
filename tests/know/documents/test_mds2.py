"""Filled MDS2 forms as workbooks and CSV, as makers and hospitals really save them."""

from __future__ import annotations

import csv
import io
import random
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.forms import load_forms
from leadapron.know.documents.mds2 import (
    MAX_REMARKS,
    Answered,
    Form,
    declarations,
    holds_mds2,
    read_mds2,
)
from leadapron.know.documents.mds2_questions import Edition, load_questions, load_sections
from leadapron.know.documents.origin import Origin
from leadapron.model.errors import SourceError
from leadapron.model.events import DeclaredAnswer, DocumentAdded, DocumentType, FormAnswer
from tests.know.documents.mds2_samples import ANSWERS, Row, form_2019, rows_2013, ticked_2013, workbook

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def by_question(form: Form) -> dict[str, Answered]:
    return {each.question: each for each in form.answers}


def test_a_form_of_2019_becomes_declarations(tmp_path: Path) -> None:
    form = read_mds2(form_2019(tmp_path), "scanone.xlsx")
    document, *answers = declarations(form, Origin(name=form.name, ts=NOW, key=b"", model="ScanOne 3000"))
    assert isinstance(document, DocumentAdded)
    assert (document.type, document.form, document.dated) == (DocumentType.MDS2, "HN 1-2019", "2024-02-29")
    assert (document.manufacturer, document.product, document.software_version) == (
        "ACME Imaging",
        "ScanOne 3000",
        "VA30A",
    )
    assert (document.records, len(answers), document.model) == (240, 240, "ScanOne 3000")
    said = {each.question: each for each in answers if isinstance(each, FormAnswer)}
    assert said["ALOF-1"].answer is DeclaredAnswer.NO
    assert said["TXCF-2"].answer is DeclaredAnswer.OPTIONAL
    assert said["CONN-7"].answer is DeclaredAnswer.NOTE
    assert said["EMRG-1"].answer is DeclaredAnswer.NOT_APPLICABLE
    assert said["SAHD-15"].answer is DeclaredAnswer.YES
    assert (said["RMOT-1"].answer, said["RMOT-1"].note) == (DeclaredAnswer.YES, "By VPN, on request")
    assert said["CSUP-2"].note == "Windows 10 IoT Enterprise 2019"
    assert document.remarks[0] == "mds2.corrected-question=SHAD-15"
    assert said["DOC-1"].packet == 5, "the row in the sheet"


def test_questions_in_another_language_change_nothing(tmp_path: Path) -> None:
    english = read_mds2(form_2019(tmp_path), "a.xlsx")
    french = read_mds2(form_2019(tmp_path, language="fr"), "a.xlsx")
    assert french.answers == english.answers


def test_a_form_of_2013_is_mapped_to_the_newer_questions() -> None:
    rows = rows_2013({"18-2": "Yes", "15-10": "Yes", "14-1": "Windows XP SP3|__", "A": "Yes", "1-1": "See Note|1"})
    rows += [("Notes:",), ("1", "After ten minutes"), ("2", "Unused")]
    form = read_mds2(workbook(("MDS²", rows)), "old.xlsx")
    said = by_question(form)
    assert (form.edition, form.manufacturer, form.product) == (Edition.HN_2013, "ACME Imaging", "EchoTwo")
    assert (form.software_version, form.document, form.dated) == ("R4.1L1", "D-9", "2014-03-05")
    assert said["TXCF-2"].answer is DeclaredAnswer.YES
    assert said["2013:15-10"].answer is DeclaredAnswer.YES, "asked the other way round in 2019"
    assert said["2013:14-1"].text == "Windows XP SP3"
    assert said["MPII-1"].answer is DeclaredAnswer.YES
    assert (said["ALOF-1"].answer, said["ALOF-1"].note) == (DeclaredAnswer.NOTE, "After ten minutes")
    assert form.remarks == ()


def test_columns_with_ticks() -> None:
    rows = ticked_2013({"18-2": "Yes|4", "11-1": "N/A"})
    rows.append(("19-9", "?", "✓", "", "", ""))
    form = read_mds2(workbook(("form", rows)), "old.xlsx")
    said = by_question(form)
    assert said["TXCF-2"].answer is DeclaredAnswer.YES
    assert said["TXCF-2"].note == "4", "a note that the form does not explain"
    assert said["NAUT-1"].answer is DeclaredAnswer.NOT_APPLICABLE
    assert said["PAUT-2"].answer is DeclaredAnswer.NO
    assert "mds2.unknown-question=19-9" in form.remarks


def test_two_ticks_are_no_answer() -> None:
    rows = [list(row) for row in ticked_2013({})]
    both = next(row for row in rows if row[0] == "17-1")
    both[2] = "X"
    form = read_mds2(workbook(("form", rows)), "old.xlsx")
    assert by_question(form)["STCF-1"] == Answered(
        place=rows.index(both) + 1, question="STCF-1", answer=DeclaredAnswer.NOTE, text="yes/no"
    )
    assert "mds2.unreadable-answer=17-1" in form.remarks


def test_columns_may_stand_anywhere() -> None:
    rows: list[Row] = [
        (None,),
        (None, "MDS2 form"),
        (None, None, "Nr.", None, "Frage", None, None, "Antwort", "Anmerkung"),
    ]
    rows += [
        (None, None, question.id, None, question.en, "NIST 800-53", None, "Ja", "siehe Handbuch")
        for question in load_sections()[3].questions
    ]
    form = read_mds2(workbook(("Info", [("see the next sheet",)]), ("Formular", rows)), "form.xlsx")
    assert {each.answer for each in form.answers} == {DeclaredAnswer.YES}
    assert {each.note for each in form.answers} == {"siehe Handbuch"}


def test_a_question_answered_twice_keeps_the_first_answer() -> None:
    questions = load_sections()[4].questions
    english = [(question.id, question.en, "Yes", "") for question in questions]
    french = [(question.id, question.fr, "Oui", "") for question in questions[:-1]] + [
        (questions[-1].id, "", "Non", "")
    ]
    form = read_mds2(workbook(("English", english), ("Français", french)), "form.xlsx")
    assert {each.answer for each in form.answers} == {DeclaredAnswer.YES}
    assert [r for r in form.remarks if "twice" in r] == [f"mds2.answered-twice={questions[-1].id}"]


def test_odd_cells_are_remarks() -> None:
    rows: list[Row] = [(question.id, "", "Yes", "") for question in load_sections()[1].questions]
    rows += [("MPII-99", "", "Yes", ""), ("ALOF-1", "", "after a while, it depends", ""), ("DOC-7", "", "4/5/2020", "")]
    rows += [(f"AUDT-{number}", "", "No", "") for number in range(20, 80)]
    form = read_mds2(workbook(("form", rows)), "form.xlsx")
    assert form.remarks[0] == "mds2.unclear-date=4/5/2020"
    assert "mds2.unknown-question=MPII-99" in form.remarks
    assert "mds2.unreadable-answer=ALOF-1" in form.remarks
    assert by_question(form)["ALOF-1"].text == "after a while, it depends"
    assert len(form.remarks) == MAX_REMARKS
    assert form.remarks[-1].startswith("mds2.more-remarks=")


def test_notes_of_each_section_are_found_below_it() -> None:
    rows: list[Row] = []
    for section, note in zip(load_sections()[2:4], ("Ten minutes", "To a USB stick"), strict=True):
        rows += [(question.id, "", "Yes", "1") for question in section.questions]
        rows += [(f"{section.id} notes:",), (f"1. {note}",)]
    said = by_question(read_mds2(workbook(("form", rows)), "form.xlsx"))
    assert said["ALOF-1"].note == "Ten minutes"
    assert said["AUDT-5"].note == "To a USB stick"


@pytest.mark.parametrize(("separator", "encoding"), [(";", "cp1252"), (",", "utf-8-sig"), ("\t", "utf-16")])
def test_a_csv_export(separator: str, encoding: str) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=separator)
    writer.writerow(["Numéro", "Question", "Réponse", "Remarque"])
    for question in load_sections()[0].questions:
        writer.writerow([question.id, question.fr, "ACME" if question.id == "DOC-1" else "Oui", "voir §3"])
    form = read_mds2(stream.getvalue().encode(encoding), "form.csv")
    assert form.manufacturer == "ACME"
    assert by_question(form)["DOC-8"] == Answered(
        place=9, question="DOC-8", answer=DeclaredAnswer.YES, text="", note="voir §3"
    )


def test_what_is_no_form_says_so() -> None:
    data = workbook(("Devices", [("Name", "Address"), ("CT1", "10.0.0.1")]))
    assert not holds_mds2(data, "list.xlsx")
    with pytest.raises(SourceError, match=r"list.xlsx: no MDS2 form found: question numbers such as"):
        read_mds2(data, "list.xlsx")


def test_a_long_list_is_no_form() -> None:
    assert not holds_mds2(b"Name;Address\n" + b"CT;10.0.0.1\n" * 6_000, "list.csv")


def test_an_empty_form_says_so(tmp_path: Path) -> None:
    data = form_2019(tmp_path, {})
    assert holds_mds2(data, "form.xlsx")
    with pytest.raises(SourceError, match=r"form.xlsx: an empty MDS2 form; none of its 240 questions is answered"):
        read_mds2(data, "form.xlsx")


def test_a_formula_matters_only_where_it_would_be_read() -> None:
    rows: list[list[str]] = [["=B2"], *([question.id, "", "Yes", ""] for question in load_sections()[1].questions)]
    assert len(read_mds2(workbook(("form", rows)), "form.xlsx").answers) == 22
    rows[3][2] = "=1+1"
    with pytest.raises(SourceError, match=r"form.xlsx, sheet 'form', cell C4: holds a formula"):
        read_mds2(workbook(("form", rows)), "form.xlsx")


def test_a_sheet_without_end_is_refused() -> None:
    rows = "\n".join(f"DOC-1,{number},Yes" for number in range(6_000))
    with pytest.raises(SourceError, match=r"form.csv, row 5001: more than 5000 rows"):
        read_mds2(rows.encode(), "form.csv")


def test_texts_are_bounded(tmp_path: Path) -> None:
    form = read_mds2(form_2019(tmp_path, {"DOC-1": "A" * 5_000, "ALOF-1": ("No", "long " * 1_000)}), "form.xlsx")
    assert max(len(each.text) for each in form.answers) == 500
    assert max(len(each.note) for each in form.answers) <= 500
    assert len(form.manufacturer) <= 500


def test_the_lab_forms_say_what_the_capture_contradicts(tmp_path: Path) -> None:
    promised, honest = load_forms()
    forms = {each.device: by_question(read_mds2(form_2019(tmp_path, each.complete()), "f")) for each in load_forms()}
    assert (promised.device, honest.device) == ("ct1", "mr1")
    assert {forms["ct1"][each].answer for each in ("TXCF-2", "NAUT-1", "CONN-7", "SAHD-9")} == {DeclaredAnswer.YES}
    assert {forms["mr1"][each].answer for each in ("TXCF-2", "NAUT-1", "CONN-7", "ALOF-1")} == {DeclaredAnswer.NO}
    for form in load_forms():
        assert not set(form.answers) - set(load_questions()), form.device


# ---------------------------------------------------------------- hostile input
@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return form_2019(tmp_path_factory.mktemp("form"))


@given(st.binary(max_size=2_000))
def test_random_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(SourceError, match=r"^form"):
        read_mds2(data, "form")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1 << 32), inside=st.booleans())
def test_a_spoilt_workbook_is_read_or_refused(sound: bytes, seed: int, inside: bool) -> None:
    form = read_or_refused(spoilt(sound, random.Random(seed), inside=inside), "form.xlsx")
    assert form is None or 0 < len(form.answers) <= len(load_questions())


def read_or_refused(data: bytes, name: str) -> Form | None:
    """The form, or None where a SourceError named the file."""
    try:
        return read_mds2(data, name)
    except SourceError as error:
        if not str(error).startswith(name):
            raise
        return None


def spoilt(data: bytes, chance: random.Random, *, inside: bool) -> bytes:
    """Some bytes of the file, or of a part inside it, are changed, lost or doubled."""
    if not inside:
        return _damaged(data, chance)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        chosen = chance.choice(source.namelist())
        for part in source.namelist():
            content = source.read(part)
            target.writestr(part, _damaged(content, chance) if part == chosen else content)
    return out.getvalue()


def _damaged(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(changed))
        match chance.randrange(3):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                del changed[at : at + chance.randint(1, 64)]
            case _:
                changed[at:at] = changed[at : at + chance.randint(1, 64)]
        if not changed:
            return b""
    return bytes(changed)


@given(st.lists(st.tuples(st.sampled_from(["DOC-1", "SHAD-15", "18-2", "Notes:", "1", "", "ALOF-1"]),
                          st.text(max_size=12), st.sampled_from(["Yes", "No", "X", "=1", "", "See Note 1", "1"])),
                max_size=40))  # fmt: skip
def test_any_rows_are_read_or_refused(rows: list[tuple[str, str, str]]) -> None:
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    form = read_or_refused(stream.getvalue().encode(), "form.csv")
    assert form is None or form.answers


def test_every_sample_answer_is_asked() -> None:
    assert not set(ANSWERS) - set(load_questions())
