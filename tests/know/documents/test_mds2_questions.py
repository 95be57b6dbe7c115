"""Our wording of the MDS2 questions: complete in both languages, and tied to the older form."""

from __future__ import annotations

from collections import Counter

from leadapron.know.documents.mds2_questions import (
    AnswerKind,
    Edition,
    SafeAnswer,
    load_old_form,
    load_questions,
    load_sections,
)


def test_a_question_is_a_statement_in_two_languages() -> None:
    question = load_questions()["SAHD-9"]
    assert question.en == "Services that are not needed (Telnet, FTP, web …) are off"
    assert question.fr.startswith("Les services inutiles")
    assert (question.section, question.kind, question.safe) == ("SAHD", AnswerKind.YES_NO, SafeAnswer.YES)
    assert question.nist_800_53 == ("CM-6",)
    assert load_questions()["SAHD-3.2"].parent == "SAHD-3"


def test_the_form_of_2019_is_complete() -> None:
    counts = {section.id: len(section.questions) for section in load_sections()}
    assert counts == {
        "DOC": 15, "MPII": 22, "ALOF": 2, "AUDT": 30, "AUTH": 8, "CSUP": 34, "DIDT": 2, "DTBK": 6, "EMRG": 1,
        "IGAU": 2, "MLDP": 15, "NAUT": 4, "CONN": 19, "PAUT": 16, "PLOK": 4, "RDMP": 4, "SBOM": 8, "SAHD": 22,
        "SGUD": 5, "STCF": 7, "TXCF": 6, "TXIG": 2, "RMOT": 6,
    }  # fmt: skip
    assert sum(counts.values()) == 240


def test_clauses_beside_questions() -> None:
    new = [question for question in load_questions().values() if question.edition is Edition.HN_2019]
    assert sum(bool(question.nist_800_53) for question in new) == 107
    for question in new:
        assert all(clause == clause.strip() and " " not in clause for clause in question.nist_800_53), question.id


def test_wording_is_short_and_nothing_is_said_twice() -> None:
    for language in ("en", "fr"):
        texts = Counter(
            (question.edition, question.section, getattr(question, language)) for question in load_questions().values()
        )
        assert not [text for text, times in texts.items() if times > 1]
        assert not [text for *_, text in texts if len(text) > 90 or text.endswith((".", "?"))]
    assert not [q.id for q in load_questions().values() if " :" in q.fr], "French sets a no-break space before a colon"


def test_every_parent_is_a_question() -> None:
    assert not [q.id for q in load_questions().values() if q.edition is Edition.HN_2019 and q.parent
                and q.parent not in load_questions()]  # fmt: skip


def test_the_form_of_2013_points_to_known_questions() -> None:
    old = load_old_form()
    assert old.questions["18-2"] == "TXCF-2"
    assert old.questions["15-10"] == "2013:15-10", "turned round in 2019: no longer the same question"
    assert load_questions()["2013:14-1"].kind is AnswerKind.TEXT
    assert len(set(old.questions.values())) == len(old.questions)
    assert not old.headings & set(old.questions)
