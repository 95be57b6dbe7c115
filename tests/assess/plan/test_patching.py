"""What MDS2 forms say of updates."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from leadapron.assess.plan.patching import patching
from leadapron.model.plan import Patching, PatchWord
from leadapron.rules.samples import picture_of


def word(*forms: dict[str, str]) -> Patching | None:
    """What forms say, one for each device."""
    names = [f"ct{number}" for number in range(len(forms))]
    sample = {"assets": [{"id": name} for name in names]}
    declared = {name: {"mds2": form} for name, form in zip(names, forms, strict=True)}
    return patching(picture_of({**sample, "declared": declared}).declarations, names)


def test_the_makers_own_answers_are_quoted() -> None:
    said = word({"CSUP-2.1": "yes", "CSUP-2.4": "no"})
    assert said is not None
    assert said.word is PatchWord.APPROVED
    assert [(one.place, one.quote) for one in said.citations] == [("CSUP-2.1", "yes"), ("CSUP-2.4", "no")]


def strictest(*forms: dict[str, str]) -> PatchWord | None:
    """Their word alone."""
    said = word(*forms)
    return said.word if said else None


def test_the_strictest_part_and_device_count() -> None:
    own = {"CSUP-2.1": "yes", "CSUP-2.4": "yes"}
    assert strictest(own) is PatchWord.OWNER
    assert strictest({**own, "CSUP-6.2": "yes"}) is PatchWord.MAKER
    assert strictest(own, {"CSUP-5.2": "optional"}) is PatchWord.MAKER


def test_nobody_updates_only_when_no_part_can_be() -> None:
    never = {"CSUP-2.1": "no", "CSUP-2.2": "no"}
    assert strictest(never) is PatchWord.NOBODY
    assert strictest({**never, "CSUP-2.3": "yes"}) is None
    assert strictest({**never, "CSUP-6.2": "yes"}) is PatchWord.MAKER
    assert strictest({"CSUP-1": "no"}) is PatchWord.NOBODY


def test_a_silent_form_says_nothing() -> None:
    assert word({"AUTH-1": "yes", "CSUP-2.1": "note"}) is None
    assert word() is None


@given(
    st.dictionaries(
        st.sampled_from(["CSUP-1", *(f"CSUP-{part}.{number}" for part in (2, 5, 6) for number in (1, 2, 3, 4))]),
        st.sampled_from(["yes", "no", "n/a", "note", "optional", "blank"]),
    )
)
def test_what_is_said_rests_on_answers_of_the_form(form: dict[str, str]) -> None:
    said = word(form)
    if said is not None:
        assert said.citations
        assert all(form[one.place] == one.quote for one in said.citations)
