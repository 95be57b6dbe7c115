"""What makers say of installing updates, from the section CSUP of their MDS2 forms (ANSI/NEMA HN 1-2019).

For the operating system (2), bought software (5) and other software (6), the form answers in four parts: the
documentation tells the owner how to install updates (.1), the maker must do it (.2), it can be done from afar (.3),
and third parties' security updates need no approval (.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from leadapron.assess.quoting import POSITIVE, answer_citation
from leadapron.model.declared import Declarations
from leadapron.model.events import FormAnswer
from leadapron.model.events.declared import DeclaredAnswer
from leadapron.model.plan import Patching, PatchWord

UPDATES = "CSUP-1"
"""Whether anything in the device may ever need a security update."""

PARTS = ("CSUP-2", "CSUP-5", "CSUP-6")
STRICTEST = tuple(PatchWord)

Form = Mapping[str, FormAnswer]
Said = tuple[PatchWord, tuple[FormAnswer, ...]]


def patching(declarations: Declarations, assets: Iterable[str]) -> Patching | None:
    """The strictest word of the forms of these devices; None when none says anything."""
    held = (declarations.of[asset] for asset in assets if asset in declarations.of)
    said = [(one, *found) for one in held if (found := _word(one.form))]
    if not said:
        return None
    word = min((word for _, word, _ in said), key=STRICTEST.index)
    quoted = {
        (answer.sensor, answer.question): answer_citation(one, answer)
        for one, of, given in said
        if of is word
        for answer in given
    }
    return Patching(word=word, citations=tuple(quoted[place] for place in sorted(quoted)))


def _word(form: Form) -> Said | None:
    """One form's word. That nobody installs updates must hold for every part that it answers."""
    never = form.get(UPDATES)
    if never and never.answer is DeclaredAnswer.NO:
        return PatchWord.NOBODY, (never,)
    parts = list(_parts(form))
    some = [part for part in parts if part[0] is not PatchWord.NOBODY] or parts
    if not some:
        return None
    word = min((word for word, _ in some), key=STRICTEST.index)
    return word, tuple(answer for of, answers in some if of is word for answer in answers)


def _parts(form: Form) -> Iterator[Said]:
    for part in PARTS:
        own, maker, remote, third = (form.get(f"{part}.{number}") for number in (1, 2, 3, 4))
        if _yes(maker):
            yield PatchWord.MAKER, _given(maker)
        elif _yes(own):
            yield PatchWord.OWNER if _yes(third) else PatchWord.APPROVED, _given(own, third)
        elif _no(own) and _no(maker) and not _yes(remote):
            yield PatchWord.NOBODY, _given(own, maker, remote)


def _yes(answer: FormAnswer | None) -> bool:
    return answer is not None and answer.answer in POSITIVE


def _no(answer: FormAnswer | None) -> bool:
    return answer is not None and answer.answer is DeclaredAnswer.NO


def _given(*answers: FormAnswer | None) -> tuple[FormAnswer, ...]:
    return tuple(answer for answer in answers if answer)
