"""Foreign names made harmless."""

import re

from hypothesis import given
from hypothesis import strategies as st

from leadapron.whatif.segment.export.names import plain, slugs

ANY = st.text(max_size=60)


def test_names_stay_readable() -> None:
    assert slugs(["Modalités (IRM)", "modalites irm", "名前"]) == ("modalites-irm", "modalites-irm-2", "x")
    assert slugs(["modalities-servers-dicom-4242"]) == ("moda-serv-dico-4242",)
    assert plain("Échographe d’étage; rm -rf $(pwd) `x`", 80) == "Echographe d_etage_ rm -rf _(pwd) _x_"


@given(st.lists(ANY, max_size=40))
def test_slugs_are_short_safe_and_all_different(texts: list[str]) -> None:
    found = slugs(texts)
    assert len(set(found)) == len(texts)
    assert all(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?", slug) for slug in found)


@given(ANY, st.integers(1, 40))
def test_plain_text_can_end_no_quotation_comment_or_line(text: str, limit: int) -> None:
    found = plain(text, limit)
    assert len(found) <= limit
    assert re.fullmatch(r"[A-Za-z0-9 _.,:/()+=-]*", found)
