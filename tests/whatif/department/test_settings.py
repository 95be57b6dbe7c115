"""The department's own file: what it may say, what is refused, what it changes."""

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leadapron.model.department import Basis, DeviceClass, Role, Way
from leadapron.model.errors import SourceError
from leadapron.whatif.department import Settings, build_department, read_settings
from leadapron.whatif.department.week import working_mean
from tests.whatif.department.pictures import messages, nodes, site

SAMPLE = b"""
urgent = 0.5
[devices.ct]
class = "modality"
weak.smb = 0
weak.rdp = 0.9
zone = "new"
records = 12
[devices."10.0.4.1"]
importer = true
exposed = true
[[passages]]
source = "office"
target = "new"
deny = ["smb", "rdp", "dicom", "web", "remote"]
[[passages]]
source = "pc"
target = "ct"
allow = ["rdp"]
[chains.CT]
per_working_hour = 6
nodes.reporting = ["ris"]
nodes.worklist = []
kept.storage = 0.1
[scenario.worm]
contained = 4
within.smb = 0.5
recovery.modality.spread = 0.2
"""


PASSAGE = '[[passages]]\nsource = "a"\ntarget = "b"\n'


def read(text: str) -> Settings:
    return read_settings(text.encode(), "whatif.toml")


def test_what_is_written_overrides_and_nothing_else() -> None:
    settings = read_settings(SAMPLE, "whatif.toml")
    before = build_department(site(), (), zone=UTC)
    after = build_department(site(), (), zone=UTC, settings=settings)
    was, found = nodes(before), nodes(after)
    assert Way.SMB not in found["ct"].weak
    assert found["ct"].weak[Way.RDP] == 0.9
    assert found["ct"].weak[Way.DICOM] == was["ct"].weak[Way.DICOM]
    assert (found["ct"].zone, found["ct"].records) == ("new", 12)
    assert found["mr"] == was["mr"]
    assert found["pc"].importer
    assert found["pc"].exposed
    assert not found["ws"].importer
    assert not [one for one in after.passages if (one.source, one.target) == ("office", "new")]
    assert [(one.source, one.target, one.way, one.basis) for one in after.links] == [("pc", "ct", Way.RDP, Basis.GIVEN)]
    chain = after.chains[0]
    assert working_mean(chain.per_hour) == pytest.approx(6, abs=1e-3)
    assert (chain.urgent, chain.basis) == (0.5, Basis.GIVEN)
    assert {need.role: need.nodes for need in chain.needs} == {
        Role.STORAGE: ("pacs",),
        Role.READING: ("ws",),
        Role.REPORTING: ("ris",),
    }
    assert chain.needs[0].kept == 0.1
    assert settings.scenarios == {"worm": {"contained": 4, "within.smb": 0.5, "recovery.modality.spread": 0.2}}
    assert "chains-given" in messages(after)
    assert not any(one.params.get("modality") == "CT" for one in after.assumptions), "no figure where one is given"


def test_a_new_class_changes_chains_and_weakness() -> None:
    settings = read('[devices.pc2]\nclass = "modality"\nmodality = "MG"\n')
    department = build_department(site(), (), zone=UTC, settings=settings)
    assert nodes(department)["pc2"].kind is DeviceClass.MODALITY
    assert [chain.modality for chain in department.chains] == ["CT", "MG", "MR"]
    assert Way.DICOM in nodes(department)["pc2"].weak


def test_an_hour_and_a_day_may_be_given() -> None:
    sunday = ", ".join(["0"] * 24)
    department = build_department(site(), (), zone=UTC, settings=read(f"[chains.CT]\nper_hour.sunday = [{sunday}]"))
    hours = department.chains[0].per_hour
    assert not any(hours[144:])
    assert all(hours[:144])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("speed = 3", "speed: is no setting"),
        ('name = "x"', "name: is no setting"),
        ("urgent = nan", "urgent: must be within 0 and 1"),
        ("urgent = -0.1", "urgent: must be within 0 and 1"),
        ('urgent = "half"', "urgent: Expected `float`"),
        ("[devices.ct]\nspeed = 3", r"devices\.ct: Object contains unknown field `speed`"),
        ('[devices.ct]\nclass = "ct"', r"devices\.ct\.class: Invalid enum value 'ct'"),
        ("[devices.ct]\nweak.smb = 2", r"devices\.ct\.weak\.smb: must be within 0 and 1"),
        ("[devices.ct]\nrecords = 1e308", r"devices\.ct\.records: must be 0 or more studies, at most"),
        ("[devices.ct]\ndisk_gb = 1e308", r"devices\.ct\.disk_gb: must be gigabytes"),
        ("[devices.ct]\nrecords = inf", r"devices\.ct\.records: must be 0 or more"),
        ('[devices.ct]\nzone = " "', r"devices\.ct\.zone: must not be empty"),
        ('[devices.ct]\nmodality = "tomography"', r"devices\.ct\.modality: must be a DICOM code"),
        ("devices = 3", "devices: must be a table"),
        ("[chains.CT]\nper_working_hour = 0", r"chains\.CT\.per_working_hour: must be above 0"),
        ("[chains.CT]\nper_working_hour = -2", r"chains\.CT\.per_working_hour: must be above 0"),
        ("[chains.CT]\nper_working_hour = nan", r"chains\.CT\.per_working_hour: must be above 0"),
        ("[chains.CT]\nper_hour.monday = [1, 2]", r"chains\.CT\.per_hour\.monday: has 2 hours"),
        ("[chains.CT]\nper_hour.someday = [1]", r"chains\.CT\.per_hour\.someday: is no day"),
        (f"[chains.CT]\nper_hour.monday = [{'-1,' * 24}]", r"per_hour\.monday: holds a value"),
        ("[chains.CT]\nscanners = []", r"chains\.CT\.scanners: names no device"),
        ("[chains.CT]\nkept.storage = 1.5", r"chains\.CT\.kept\.storage: must be within"),
        ('[[passages]]\nsource = "a"\ntarget = "b"\nallow = ["smb"]\ndeny = ["smb"]', "number 1: smb from 'a' to 'b'"),
        (PASSAGE + 'allow = ["smb"]\n' + PASSAGE + 'deny = ["smb"]', "number 2: smb from 'a' to 'b' is allowed"),
        ('[[passages]]\nsource = ""\ntarget = "b"', "number 1: source or target is empty"),
        ("scenario = 4", "scenario: must be a table"),
        ('[scenario.worm]\ncontained = "soon"', r"scenario\.worm\.contained: must be a number"),
        ("[scenario]\nworm = 4", r"scenario\.worm: must be a table"),
        ("[scenario.worm]\ncontained = true", r"scenario\.worm\.contained: must be a number"),
        ("[scenario.worm]\ncontained = nan", r"scenario\.worm\.contained: must be a number"),
        ("a = ", "cannot be read as TOML"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_its_place(text: str, says: str) -> None:
    with pytest.raises(SourceError, match=rf"^whatif\.toml: .*{says}"):
        read(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[devices.nobody]\nrecords = 1", r"devices\.nobody: no device is called 'nobody'"),
        ('[devices.ct]\nrecords = 1\n[devices."10.0.1.1"]\nrecords = 2', r"the same device as 'ct'"),
        ('[devices.pc]\nmodality = "CT"', r"devices\.pc\.modality: only scanners have one"),
        (
            '[[passages]]\nsource = "moon"\ntarget = "srv"\ndeny = ["smb"]',
            "number 1: 'moon' is neither",
        ),
        ('[[passages]]\nsource = "srv"\ntarget = "srv"\ndeny = ["smb"]', "number 1: 'srv' is one zone"),
        ('[[passages]]\nsource = "pc"\ntarget = "ct"\ndeny = ["smb"]', "smb cannot be denied to pc alone"),
        ("[chains.XA]\nurgent = 1", r"chains\.XA: no scanner makes such exams \(there is CT, MR\)"),
        ('[chains.CT]\nscanners = ["pacs"]', r"chains\.CT\.scanners: pacs is no scanner"),
        ('[chains.CT]\nnodes.storage = ["x"]', r"chains\.CT\.nodes\.storage: no device is called 'x'"),
        ("[chains.MR]\nkept.worklist = 1", r"chains\.MR\.kept\.worklist: these exams need no worklist"),
    ],
)
def test_what_does_not_fit_the_workspace_is_refused_with_its_place(text: str, says: str) -> None:
    with pytest.raises(SourceError, match=rf"^whatif\.toml: .*{says}"):
        build_department(site(), (), zone=UTC, settings=read(text))


def test_a_week_without_exams_is_refused() -> None:
    idle = "\n".join(
        f"per_hour.{day} = [{'0,' * 24}]"
        for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    )
    with pytest.raises(SourceError, match="has no exam in the whole week"):
        read(f"[chains.CT]\n{idle}")


def test_a_name_of_several_devices_must_be_told_apart() -> None:
    twins = [{"id": one, "hostnames": ["twin"], "roles": ["office"], "zone": "office"} for one in ("t1", "t2")]
    with pytest.raises(SourceError, match="names several devices; write one of t1, t2"):
        build_department(site(assets=twins), (), zone=UTC, settings=read("[devices.twin]\nrecords = 1"))


def _mutated(draw: st.DrawFn) -> bytes:
    data = bytearray(SAMPLE)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data) - 1))
        data[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(data)


@given(st.binary(max_size=200) | st.composite(_mutated)())
@example(b"[devices." + b"a." * 900 + b"b]\n")
@example(b"a=" + b"[" * 2000)
@example(b"[scenario.x]\na.b.c.d = 1\n")
@example(b"[scenario.x]\na = 1" + b"0" * 400)
def test_any_bytes_are_settings_or_refused(data: bytes) -> None:
    said = "whatif.toml: "
    try:
        settings = read_settings(data, "whatif.toml")
        build_department(site(), (), zone=UTC, settings=settings)
    except SourceError as refused:
        said = str(refused)
    assert said.startswith("whatif.toml: ")
