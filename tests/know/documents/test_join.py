from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from leadapron.know.documents.join import join, zone_names
from leadapron.know.documents.targets import doubts
from leadapron.model.events import (
    ComponentDeclared,
    Declaration,
    DeclaredAnswer,
    DeviceDeclared,
    DocumentAdded,
    DocumentType,
    FormAnswer,
    ProcedureAnswer,
    ProcedureAnswered,
    TitleDeclared,
    ZoneDeclared,
)
from leadapron.model.inventory import Asset, Inventory

NOW = datetime(2026, 11, 24, tzinfo=UTC)
CT = Asset(
    id="asset-ct",
    addresses=("10.20.10.11",),
    mac="88:4b:39:10:00:11",
    macs=("88:4b:39:10:00:11",),
    hostnames=("CT01.hospital.example",),
    station_names=("CTAWP66301",),
    ae_titles=("CT01",),
    manufacturer="SIEMENS",
    model="SOMATOM Definition AS",
    serial_hash="aa",
    first_seen=NOW,
    last_seen=NOW,
)
MR = Asset(
    id="asset-mr",
    addresses=("10.20.10.12", "10.20.20.12"),
    ae_titles=("MR01", "SHARED"),
    manufacturer="SIEMENS",
    model="MAGNETOM",
    first_seen=NOW,
    last_seen=NOW,
)
PACS = Asset(id="asset-pacs", addresses=("10.20.20.10",), ae_titles=("PACS", "SHARED"), first_seen=NOW, last_seen=NOW)
INVENTORY = Inventory(assets=(CT, MR, PACS))


def document(
    kind: DocumentType, *, asset: str = "", model: str = "", name: str = "d", days: int = 0, product: str = ""
) -> DocumentAdded:
    return DocumentAdded(
        ts=NOW + timedelta(days=days),
        sensor=name,
        packet=0,
        asset=asset,
        model=model,
        type=kind,
        sha256="",
        product=product,
        manufacturer="Siemens" if product else "",
    )


def answer(of: DocumentAdded, question: str, said: DeclaredAnswer, number: int = 1) -> FormAnswer:
    return FormAnswer(
        ts=of.ts, sensor=of.sensor, packet=number, asset=of.asset, model=of.model, question=question, answer=said
    )


def row(
    number: int = 1,
    *,
    days: int = 0,
    mac: str = "",
    address: str = "",
    serial: str = "",
    hostname: str = "",
    title: str = "",
    name: str = "x",
) -> DeviceDeclared:
    return DeviceDeclared(
        ts=NOW + timedelta(days=days),
        sensor="assets.csv",
        packet=number,
        name=name,
        mac=mac,
        addresses=(address,) if address else (),
        serial_hash=serial,
        hostname=hostname,
        ae_title=title,
    )


def joined(*rows: DeviceDeclared) -> tuple[dict[str, str], list[str]]:
    """Device → name of its row, and names of rows that join nothing."""
    declared = join([document(DocumentType.ASSETS, name="assets.csv"), *rows], INVENTORY)
    return (
        {device: one.device.name for device, one in declared.of.items() if one.device},
        [each.name for each in declared.unseen],
    )


def test_a_form_and_a_list_meet_their_device() -> None:
    form = document(DocumentType.MDS2, asset="ct01", name="form.xlsx")
    declared = join(
        [
            form,
            answer(form, "SAHD-1", DeclaredAnswer.YES),
            document(DocumentType.ASSETS, name="assets.csv"),
            row(mac=CT.mac),
        ],
        INVENTORY,
    )
    assert set(declared.of) == {"asset-ct"}
    said = declared.of["asset-ct"]
    assert said.form["SAHD-1"].answer is DeclaredAnswer.YES
    assert said.documents == (form,)
    assert said.device == row(mac=CT.mac)
    assert len(declared.documents) == 2


def test_a_device_goes_by_many_names_and_a_model_by_two() -> None:
    names = ("asset-ct", "10.20.10.11", "CT01", "ct01.HOSPITAL.example", "ctawp66301", "88:4B:39:10:00:11")
    for name in names:
        assert set(join([document(DocumentType.SBOM, asset=name)], INVENTORY).of) == {"asset-ct"}
    for name in ("SHARED", "nobody"):
        assert not join([document(DocumentType.SBOM, asset=name)], INVENTORY).of
    for model in ("magnetom", "Siemens  MAGNETOM"):
        assert set(join([document(DocumentType.SBOM, model=model)], INVENTORY).of) == {"asset-mr"}
    assert set(join([document(DocumentType.SBOM, product="Magnetom")], INVENTORY).of) == {"asset-mr"}


# ---------------------------------------------------------------- rows of asset lists
def test_rows_match_by_hardware_first_and_then_by_all_that_the_network_shows() -> None:
    assert joined(row(mac=CT.mac, address="10.20.10.12")) == ({"asset-ct": "x"}, [])
    assert joined(row(serial="aa", title="MR01")) == ({"asset-ct": "x"}, [])
    assert joined(row(address="10.20.10.12", title="SHARED")) == ({"asset-mr": "x"}, [])
    assert joined(row(hostname="CT01")) == ({"asset-ct": "x"}, [])
    assert joined(row(hostname="ctawp66301.other.example")) == ({"asset-ct": "x"}, [])
    assert joined(row(mac="00:00:00:00:00:01", address="10.20.20.10")) == ({"asset-pacs": "x"}, [])


def test_a_row_in_doubt_joins_nothing() -> None:
    assert joined(row(title="SHARED")) == ({}, ["x"])
    assert joined(row(address="10.20.10.12", title="CT01")) == ({}, ["x"])
    assert joined(row(address="10.99.0.1")) == ({}, ["x"])
    assert joined(row(1, address="10.20.20.10", name="a"), row(2, title="PACS", name="b")) == ({}, ["a", "b"])
    assert joined(row(1, mac=CT.mac, name="a"), row(2, title="CT01", name="b")) == ({"asset-ct": "a"}, ["b"])


# ---------------------------------------------------------------- what holds today
def test_a_newer_form_of_the_same_device_replaces_the_older() -> None:
    old, new = document(DocumentType.MDS2, asset="CT01"), document(DocumentType.MDS2, asset="ct01", days=1, name="new")
    other = document(DocumentType.MDS2, model="SOMATOM Definition AS", days=2, name="model")
    events: list[Declaration] = [
        answer(old, "AUDT-1", DeclaredAnswer.YES),
        answer(old, "AUTH-1", DeclaredAnswer.YES),
        answer(new, "AUTH-1", DeclaredAnswer.NO),
        answer(other, "CONN-1", DeclaredAnswer.NOTE),
        new,
        other,
        old,
    ]
    said = join(events, INVENTORY).of["asset-ct"]
    assert {question: each.answer for question, each in said.form.items()} == {
        "AUTH-1": DeclaredAnswer.NO,
        "CONN-1": DeclaredAnswer.NOTE,
    }
    assert said.documents == (other, new)


def test_statements_on_flaws_add_up_and_bills_do_not() -> None:
    events: list[Declaration] = []
    for name, days in (("a", 0), ("b", 1)):
        events.append(document(DocumentType.SBOM, asset="PACS", name=name, days=days))
        events.append(document(DocumentType.VEX, asset="PACS", name=f"vex {name}", days=days))
        events.append(
            ComponentDeclared(ts=NOW + timedelta(days=days), sensor=name, packet=1, asset="PACS", name=f"part {name}")
        )
    said = join(events, INVENTORY).of["asset-pacs"]
    assert [component.name for component in said.components] == ["part b"]
    assert [(each.type, each.sensor) for each in said.documents] == [
        ("sbom", "b"),
        ("vex", "vex b"),
        ("vex", "vex a"),
    ]


def test_a_newer_list_replaces_the_older() -> None:
    old = document(DocumentType.ASSETS, name="assets.csv")
    new = document(DocumentType.ASSETS, name="assets-2027.csv", days=1)
    moved = document(DocumentType.ZONES, name="assets.csv", days=2)
    assert join([old, row(mac=CT.mac)], INVENTORY).of["asset-ct"].device is not None
    for events in ([old, row(mac=CT.mac), new], [old, row(mac=CT.mac), moved]):
        declared = join(events, INVENTORY)
        assert (declared.of, declared.unseen) == ({}, ())
        assert len(declared.documents) == 2


def test_titles_join_by_address_else_by_title() -> None:
    register = document(DocumentType.AE_REGISTER, name="aet.csv")
    titles = [
        TitleDeclared(ts=NOW, sensor="aet.csv", packet=number, ae_title=title, address=address)
        for number, (title, address) in enumerate(
            [("OLD", "10.20.10.11"), ("MR01", ""), ("SHARED", "10.99.9.9"), ("ct01", ""), ("DEAD", "10.99.9.8")], 1
        )
    ]
    declared = join([register, *titles], INVENTORY)
    assert {device: [t.ae_title for t in said.titles] for device, said in declared.of.items()} == {
        "asset-ct": ["OLD"],
        "asset-mr": ["MR01", "SHARED"],
        "asset-pacs": ["SHARED"],
    }
    assert declared.titles == tuple(titles)


def test_the_last_answer_to_a_question_holds() -> None:
    answers = [
        ProcedureAnswered(
            ts=NOW + timedelta(days=days), sensor="answers", packet=1, question="BCK-1", answer=said, by="A. Martin"
        )
        for days, said in ((2, ProcedureAnswer.NO), (1, ProcedureAnswer.YES))
    ]
    assert join(answers, INVENTORY).answers == {"BCK-1": answers[0]}


def test_zones_by_the_smallest_network_of_the_plan() -> None:
    zones = [
        ZoneDeclared(ts=NOW, sensor="plan", packet=1, zone=zone, network=network)
        for zone, network in (
            ("Hospital", "10.0.0.0/8"),
            ("Imaging", "10.20.10.0/24"),
            ("one host", "10.20.10.12/32"),
            ("six", "2001:db8::/32"),
            ("broken", "nonsense"),
        )
    ]
    assert zone_names(INVENTORY, zones) == {"asset-ct": "Imaging", "asset-mr": "one host", "asset-pacs": "Hospital"}
    assert zone_names(INVENTORY, zones[1:2]) == {"asset-ct": "Imaging", "asset-mr": "Imaging"}
    assert zone_names(INVENTORY, ()) == {}


CLUE = st.sampled_from(["", "10.20.10.11", "10.20.10.12", "10.20.20.10", "10.9.9.9"])
ROWS = st.lists(
    st.builds(
        row,
        st.integers(1, 99),
        mac=st.sampled_from(["", CT.mac, "00:00:00:00:00:01"]),
        address=CLUE,
        serial=st.sampled_from(["", "aa", "bb"]),
        title=st.sampled_from(["", "CT01", "SHARED", "PACS"]),
    ),
    max_size=6,
    unique_by=lambda each: each.packet,
)


@given(ROWS)
def test_every_row_joins_one_device_or_is_unseen_in_any_order(rows: list[DeviceDeclared]) -> None:
    head = document(DocumentType.ASSETS, name="assets.csv")
    declared = join([head, *rows], INVENTORY)
    taken = [said.device for said in declared.of.values() if said.device]
    assert sorted(each.packet for each in (*taken, *declared.unseen)) == sorted(each.packet for each in rows)
    assert join([*reversed(rows), head], INVENTORY) == declared


def test_a_form_on_the_wrong_device_is_doubted() -> None:
    """It would take the place of the device's own form, and its promises would clear that device."""

    def doubted(**of: str) -> tuple[str, ...]:
        return doubts(document(DocumentType.MDS2, **of), INVENTORY)

    assert doubted(asset="MR01", product="SOMATOM Definition AS") == (
        "join.other-product=Siemens SOMATOM Definition AS ≠ SIEMENS MAGNETOM",
    )
    assert doubted(model="SOMATOM go") == ("join.no-device=SOMATOM go",)
    assert doubted(product="Ingenia") == ("join.no-device=Siemens Ingenia",)
    for right in ({"asset": "CT01", "product": "somatom"}, {"asset": "PACS", "product": "X"}, {"model": "MAGNETOM"}):
        assert doubted(**right) == ()
