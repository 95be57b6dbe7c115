"""The first repaired version, and what a repair leaves open, from sentences as vendors write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.know.advisories.remedies import fixed_version, leaves_open

CVE = "CVE-2025-1001"


@pytest.mark.parametrize(
    ("sentence", "version"),
    [
        ("Example recommends all users update to Version 3.6.7 or later. For more see Bug #1021", "3.6.7"),
        ("Example recommends updating the Lantern Viewer Pro to v12.2.6.", "12.2.6"),
        ("Users should upgrade to the latest Version 1.7.15b or later.", "1.7.15b"),
        ("Update the workstation to release VM6.0.", "VM6.0"),
        (f"For {CVE}, upgrade Lantern to version 4.2.", "4.2"),
    ],
)
def test_a_plain_sentence(sentence: str, version: str) -> None:
    assert fixed_version(sentence, CVE) == version


@pytest.mark.parametrize(
    "sentence",
    [
        "Version 4.2 is affected.",
        "Update A to version 3.03.1745 or higher and update B to version 3.03.1758 or higher.",
        "Users are to update to a version later than Ventilator Version 2.2.3 where possible.",
        "Lantern will be updated to version 5.1 in the third quarter.",
        "Update Lantern to version 5.1 with the latest available service pack.",
        "Upgrade to the latest Lantern version 12.2.8.400* released in August.",
        "For CVE-2020-0001, upgrade Lantern to version 4.2.",
        "For Version 4.1 or prior, upgrade to version 4.2.",
        "Partially repaired: update to version 4.2.",
        "Do not update to version 4.2.",
        "Update to the newest release.",
        "Update to version 4.",
        "Update to version 4.2. " + "Call us. " * 100,
    ],
)
def test_whatever_could_be_misread_yields_nothing(sentence: str) -> None:
    assert fixed_version(sentence, CVE) == ""


@given(st.text(max_size=200), st.from_regex(r"[0-9]{1,2}(\.[0-9]{1,3}){1,3}", fullmatch=True))
def test_a_version_comes_from_the_sentence_itself(noise: str, version: str) -> None:
    found = fixed_version(f"{noise} Please update to version {version} or later.", CVE)
    assert found in {"", version}


@pytest.mark.parametrize(
    "text",
    [
        f"Version 7.2 is reported to fix all vulnerabilities above except {CVE}. Use the latest version.",
        f"The following CVEs are still present on model 15 version 12.3.1: CVE-2025-0001, and {CVE}.",
        f"Version 12.5 remediates CVE-2025-0001; partially remediates {CVE}",
        "Lantern 5.1 requires manual intervention to remediate CWE-757.",
        "The update does not fully address this vulnerability.",
    ],
)
def test_a_repair_that_leaves_the_flaw_open(text: str) -> None:
    assert leaves_open(text, CVE)


@pytest.mark.parametrize(
    "text",
    [
        "Update Lantern to version 5.1, which fixes all vulnerabilities.",
        "Version 7.2 is reported to fix all vulnerabilities above except CVE-2025-0001.",
        f"Version 12.5 remediates {CVE}; partially remediates CVE-2025-0001",
        "All models except the Lantern 2 can be updated.",
    ],
)
def test_a_repair_that_does_not(text: str) -> None:
    assert not leaves_open(text, CVE)


@given(st.text(max_size=200), st.text(max_size=20))
def test_no_text_makes_it_stumble(text: str, cve: str) -> None:
    leaves_open(text, cve)
