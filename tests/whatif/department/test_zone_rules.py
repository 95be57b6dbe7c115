"""Firewall rules: read, laid over the devices, kept in the settings."""

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leadapron.model.department import Basis, Department, Way
from leadapron.model.errors import SourceError
from leadapron.whatif.department import (
    Settings,
    build_department,
    read_settings,
    read_zone_rules,
    with_zone_rules,
    write_settings,
)
from tests.whatif.department.pictures import messages, site

CSV = b"""\
source;target;service;action;comment
# what the network team says
office;scan;any;deny;
10.0.1.0/24;srv;dicom;permit;images
10.0.3.1;10.0.2.1;tcp/4242;allow;
read;srv;443;allow;
srv;any;any;allow;
"""


def built(data: bytes, name: str = "rules.csv") -> Department:
    settings = with_zone_rules(Settings(), read_zone_rules(data, name), site())
    return build_department(site(), (), zone=UTC, settings=settings)


def routes(department: Department) -> set[tuple[str, str, Way]]:
    passages = {(one.source, one.target, one.way) for one in department.passages}
    return passages | {(one.source, one.target, one.way) for one in department.links}


def test_the_first_rule_that_fits_decides_and_the_rest_is_denied() -> None:
    department = built(CSV)
    inner = {(one.source, one.target, one.way) for one in department.passages if one.source != "srv"}
    assert inner == {("scan", "srv", Way.DICOM), ("read", "srv", Way.WEB)}
    assert [(one.source, one.target, one.way) for one in department.links] == [("ws", "pacs", Way.DICOM)]
    basis = {(one.source, one.target, one.way): one.basis for one in department.passages}
    assert basis["scan", "srv", Way.DICOM] is Basis.MEASURED
    assert basis["srv", "office", Way.SMB] is Basis.GIVEN
    assert not {"passages-open"} & set(messages(department))
    assert {"rules", "passages-given", "seen-though-shut"} <= set(messages(department))


def test_single_devices_pass_where_their_zones_may_not() -> None:
    department = built(b"source,target,port,action\n10.0.4.1,10.0.1.1,3389,allow\nany,any,any,deny\n")
    assert not department.passages
    assert routes(department) == {("pc", "ct", Way.RDP)}


def test_toml_may_name_zones() -> None:
    data = b"""
[zones]
imaging = ["10.0.1.0/24", "10.0.2.0/24"]
archive = ["10.0.2.1/32"]
[[rules]]
source = "imaging"
target = "archive"
service = "dicom"
action = "allow"
[[rules]]
source = "any"
target = "imaging"
service = 3389
action = "allow"
"""
    department = built(data, "rules.toml")
    assert {node.label: node.zone for node in department.nodes} == {
        "ct": "imaging", "mr": "imaging", "ris": "imaging", "pacs": "archive", "ws": "read", "pc": "office",
        "pc2": "office",
    }  # fmt: skip
    assert routes(department) == {
        ("imaging", "archive", Way.DICOM),
        ("archive", "imaging", Way.RDP),
        ("read", "imaging", Way.RDP),
        ("office", "imaging", Way.RDP),
    }


def test_one_file_holds_everything_afterwards() -> None:
    settings = with_zone_rules(Settings(), read_zone_rules(CSV, "rules.csv"), site())
    department = build_department(site(), (), zone=UTC, settings=settings)
    text = write_settings(department, "fr", given=settings)
    again = build_department(site(), (), zone=UTC, settings=read_settings(text.encode(), "whatif.toml"))
    assert (again.nodes, again.passages, again.links) == (department.nodes, department.passages, department.links)


def test_own_settings_have_the_last_word() -> None:
    own = read_settings(b'[[passages]]\nsource = "office"\ntarget = "scan"\nallow = ["web"]\n', "whatif.toml")
    settings = with_zone_rules(own, read_zone_rules(CSV, "rules.csv"), site())
    department = build_department(site(), (), zone=UTC, settings=settings)
    assert ("office", "scan", Way.WEB) in routes(department)


def test_rules_that_do_nothing_are_told() -> None:
    data = b"""source,target,service,action
office,any,any,deny
10.0.4.2,scan,445,allow
10.99.0.0/16,any,any,allow
scan,srv,dicom,allow
"""
    remarks = {one.message: one.params for one in built(data).assumptions}
    assert remarks["department.rules-shadowed"]["places"] == "line 3"
    assert remarks["department.rules-idle"]["places"] == "line 4"
    assert remarks["department.rules-unnamed"]["devices"] == "ws"


def test_a_refusal_of_one_port_says_what_stays_open() -> None:
    rules = b"source,target,service,action\noffice,scan,445,deny\noffice,read,smb,deny\nany,any,any,allow\n"
    department = built(rules)
    assert ("office", "scan", Way.SMB) in routes(department)
    assert ("office", "read", Way.SMB) not in routes(department)
    partly = [one.params["places"] for one in department.assumptions if one.message == "department.rules-partly"]
    assert partly == ["line 2 (smb: 139)"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "holds no rule"),
        (b"source,target,action\n", "needs one column 'service'"),
        (b"source,target,service,action\na,b,any,maybe\n", "line 2: 'maybe' is no action"),
        (b"source,target,service,action\na,,any,allow\n", "line 2: source or target is empty"),
        (b"source,target,service,action\na,10.0.0.300/24,any,allow\n", "line 2: '10.0.0.300/24' is no network"),
        (b"source,target,service,action\na,b,70000,allow\n", "line 2: '70000' is no service"),
        (b"source,target,service,action\na,b,90-80,allow\n", "line 2: '90-80' is no service"),
        (b"source,target,service,action\na,b,445,allow\na,b,tcp/445,deny\n", "line 3: contradicts line 2"),
        (b"source,target,service,action\na,b\n", "line 2"),
        (b'source,target,service,action\n"a,b\n', "cannot be read as CSV"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(data: bytes, says: str) -> None:
    with pytest.raises(SourceError, match=rf"^rules\.csv: .*{says}"):
        read_zone_rules(data, "rules.csv")


def test_zones_that_overlap_or_are_unknown_are_refused() -> None:
    twice = b'[zones]\na = ["10.0.0.0/8"]\nb = ["10.0.0.0/8"]\n[[rules]]\nsource="a"\ntarget="b"\naction="allow"\n'
    with pytest.raises(SourceError, match=r"zones\.b: 10\.0\.0\.0/8 is the network of 'a' too"):
        read_zone_rules(twice, "rules.toml")
    rules = read_zone_rules(b"source,target,service,action\nmoon,scan,any,allow\n", "rules.csv")
    with pytest.raises(SourceError, match=r"line 2: 'moon' is no zone; .* one of office, read, scan, srv"):
        with_zone_rules(Settings(), rules, site())


def _mutated(draw: st.DrawFn) -> bytes:
    data = bytearray(CSV)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data) - 1))
        data[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3) | st.sampled_from([b",", b"\n", b'"']))
    return bytes(data)


@given(st.binary(max_size=120) | st.composite(_mutated)(), st.sampled_from(["r.csv", "r.toml"]))
@example(b"source,target,service,action\na,b," + b"9" * 5000 + b",allow\n", "r.csv")
@example(b"source,target,service,action\n::1%eth0,fe80::/10,any,allow\n", "r.csv")
@example("source,target,service,action\na,b,²,allow\n".encode(), "r.csv")
@example(b'"' + b"x" * 200_000 + b'"\n', "r.csv")
def test_any_bytes_are_rules_or_refused(data: bytes, name: str) -> None:
    said = f"{name}: "
    try:
        with_zone_rules(Settings(), read_zone_rules(data, name), site())
    except SourceError as refused:
        said = str(refused)
    assert said.startswith(f"{name}: ")
