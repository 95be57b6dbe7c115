"""The file that `whatif init` writes: it changes nothing as it stands, nor when its lines are taken as they are."""

from __future__ import annotations

import re
from datetime import UTC
from typing import Any

import pytest
from msgspec.structs import replace

from leadapron.model.department import Basis, Department
from leadapron.whatif.department import Settings, build_department, read_settings, write_settings
from leadapron.whatif.scenarios import load_scenarios, with_overrides
from tests.whatif.department.pictures import finding, site

FINDINGS = (finding("smb1", "ct"), finding("net-internet", "pacs"))
MORE: dict[str, Any] = {
    "assets": [
        {"id": "dc", "hostnames": ["DC01"], "roles": ["server"], "zone": "srv", "services": ["ldap/389"]},
        {"id": "nasty", "hostnames": ['a"]\nurgent = 1\n#é\x7f'], "roles": ["office"], "zone": "office"},
        {"id": "twin1", "hostnames": ["twin"], "roles": ["office"], "zone": "office"},
        {"id": "twin2", "hostnames": ["twin"], "roles": ["office"], "zone": "office"},
        {"id": "srv2", "hostnames": ["scan"], "roles": ["server"], "zone": "srv"},
    ],
    "flows": [
        {"client": "ws", "server": "dc", "service": "ldap", "port": 389},
        {"client": "support", "client_external": True, "client_zone": "external", "client_addresses": ["198.51.100.7"],
         "server": "ct", "service": "vnc", "port": 5900},
    ],
}  # fmt: skip


def built(settings: Settings | None = None) -> Department:
    return build_department(site(**MORE), FINDINGS, zone=UTC, settings=settings)


def taken(text: str) -> str:
    """Every setting with its `#` taken away; explanations keep theirs."""
    return re.sub(r"(?m)^#(?=\S)", "", text)


def facts(department: Department) -> Any:
    """All but what passages and links rest on: who takes a line vouches for it."""
    return (
        department.nodes,
        department.chains,
        department.seen,
        [(one.source, one.target, one.way, one.flows) for one in department.passages],
        [(one.source, one.target, one.way, one.flows) for one in department.links],
    )


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_file_as_written_changes_nothing(language: str) -> None:
    department = built()
    scenarios = [content.scenario for content in load_scenarios().values()]
    text = write_settings(department, language, scenarios=scenarios)
    settings = read_settings(text.encode(), "whatif.toml")
    assert built(settings) == department
    assert not any(settings.scenarios.values())
    assert settings.urgent is None
    assert not settings.passages


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_line_taken_as_it_is_changes_nothing(language: str) -> None:
    department = built()
    scenarios = {name: content.scenario for name, content in load_scenarios().items()}
    text = taken(write_settings(department, language, scenarios=scenarios.values()))
    settings = read_settings(text.encode(), "whatif.toml")
    same = built(settings)
    assert facts(same) == facts(department)
    assert Basis.ASSUMED not in {one.basis for one in same.passages}, "who takes a line vouches for it"
    for name, scenario in scenarios.items():
        again = with_overrides(scenario, settings.scenarios[name])
        assert replace(again, assumptions=()) == replace(scenario, assumptions=())


def test_names_from_the_network_cannot_write_settings() -> None:
    text = write_settings(built(), "en")
    assert read_settings(text.encode(), "whatif.toml").urgent is None
    assert "\nurgent" not in text


def test_what_was_given_stays_given() -> None:
    given = read_settings(
        b'urgent = 0.5\n[devices.ct]\nzone = "new"\n[[passages]]\nsource = "office"\ntarget = "new"\n'
        b'deny = ["smb", "rdp", "dicom", "web", "remote"]\n[[passages]]\nsource = "pc"\ntarget = "ct"\n'
        b'allow = ["rdp"]\n'
        b"[chains.CT]\nper_working_hour = 6\n[scenario.worm]\ncontained = 4\nrecovery.modality.spread = 0.2\n",
        "old.toml",
    )
    department = built(given)
    scenarios = [content.scenario for content in load_scenarios().values()]
    text = write_settings(department, "en", scenarios=scenarios, given=given)
    settings = read_settings(text.encode(), "new.toml")
    assert facts(built(settings)) == facts(department)
    assert settings.scenarios["worm"] == {"contained": 4, "recovery.modality.spread": 0.2}
    assert facts(built(read_settings(taken(text).encode(), "new.toml"))) == facts(department)


def test_every_number_says_what_it_rests_on() -> None:
    text = write_settings(built(), "en")
    assert "[assumed]" in text
    assert "[published]" in text
    assert "findings: 1" in text


def test_french_keeps_its_spaces() -> None:
    department = build_department(site(), FINDINGS, zone=UTC)
    assert "�" not in write_settings(department, "fr")
