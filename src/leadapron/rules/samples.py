"""Small pictures written by hand: a rule's samples, and what tests build.

A sample is a mapping with the keys of `Inventory`; what it leaves out gets a default. A flow without `client` goes
from `client` to `server`; devices that only flows name are made with the roles and zone the flow gives them; a
device has its id as host name unless told otherwise. Times may be given as seconds from a fixed start.

Beside the inventory, a sample may say what is declared and known:

    declared:                                   # by device
      ct: {documents: [mds2], mds2: {AUTH-1: no, CONN-7: {answer: yes, note: TLS 1.2}}, device: {owner: Ada}}
    titles: [{ae_title: CT1, address: 192.0.2.1}]
    unseen: [{name: old ct}]                    # rows of the asset list that no device fits
    exposures: {ct: [{part: toolkit, vendor: OFFIS, product: DCMTK, version: 3.6.6, verdict: affected}]}
    ageing: {ct: [{part: system, product: Windows, version: "5.1", certain: true}]}
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from leadapron.model.advisories import Answer, Answers, Product
from leadapron.model.declared import Declarations
from leadapron.model.inventory import Inventory
from leadapron.model.picture import Ageing, Exposure, Part, Picture

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""The time that seconds in samples count from."""

DURATION = 3600
"""Seconds a sample lasts unless it says `duration`."""

_TIMES = ("first_seen", "last_seen", "certificate_not_after")


_PARTS = ("declared", "titles", "unseen", "zones", "exposures", "ageing")


def picture_of(sample: Mapping[str, Any]) -> Picture:
    """Complete a sample. Raises `msgspec.ValidationError` where it does not fit the model, naming the place."""
    return Picture(
        inventory=inventory_of({key: value for key, value in sample.items() if key not in _PARTS}),
        declarations=_declarations(sample),
        exposures={
            asset: tuple(_exposure(one) for one in given) for asset, given in sample.get("exposures", {}).items()
        },
        ageing={
            asset: msgspec.convert([{"releases": (), **one} for one in given], tuple[Ageing, ...])
            for asset, given in sample.get("ageing", {}).items()
        },
    )


def _declarations(sample: Mapping[str, Any]) -> Declarations:
    of = {asset: _declared(given) for asset, given in sample.get("declared", {}).items()}
    listed = [row for key in ("titles", "unseen", "zones") for row in sample.get(key, ())]
    documents = [document for said in of.values() for document in said["documents"]]
    if listed and not documents:
        documents = [_row(0, {"type": "assets", "sha256": ""})]
    return msgspec.convert(
        {
            "of": of,
            "documents": documents,
            "answers": {},
            **{
                key: [_row(number, row) for number, row in enumerate(sample.get(key, ()), start=1)]
                for key in ("titles", "unseen", "zones")
            },
        },
        Declarations,
    )


def _declared(given: Mapping[str, Any]) -> dict[str, Any]:
    """What documents say of one device. An answer may be given alone, or with its text and note."""
    form = {
        question: _row(number, {"question": question, **(said if isinstance(said, Mapping) else {"answer": said})})
        for number, (question, said) in enumerate(given.get("mds2", {}).items(), start=1)
    }
    device = given.get("device")
    types = [*given.get("documents", ()), *(["assets"] if device else ()), *(["mds2"] if form else ())]
    return {
        "documents": [_row(1, {"type": name, "sha256": ""}) for name in dict.fromkeys(types)],
        "form": form,
        "device": _row(1, device) if device else None,
        **{
            key: [_row(number, row) for number, row in enumerate(given.get(key, ()), start=1)]
            for key in ("components", "exploitability", "titles")
        },
    }


def _row(number: int, given: Mapping[str, Any]) -> dict[str, Any]:
    return {"ts": START, "sensor": "sample", "packet": number, **given}


def _exposure(given: Mapping[str, Any]) -> Exposure:
    """One part and one answer about it."""
    said = {"vendor": "", "product": "", "version": "", **given}
    product = Product(vendor=said["vendor"], name=said["product"], version=said["version"])
    answer = {
        "advisory": "SAMPLE-1", "title": "", "url": "", "published": START.date().isoformat(), "cves": (), "cvss": None,
        "cvss_vector": "", "exploited": (), "ransomware": False, "epss": None, "constraint": "", "reason": "",
        "params": {}, "fixed": "", "curated": False,
        **{key: value for key, value in said.items() if key in Answer.__struct_fields__},
    }  # fmt: skip
    answers = Answers(
        product=product, vendor_known=True, product_known=True, answers=(msgspec.convert(answer, Answer),)
    )
    return Exposure(part=msgspec.convert(said["part"], Part), answers=answers)


def inventory_of(sample: Mapping[str, Any]) -> Inventory:
    """Complete a sample. Raises `msgspec.ValidationError` where it does not fit the model, naming the place."""
    flows = [_flow(flow) for flow in sample.get("flows", ())]
    assets: dict[str, dict[str, Any]] = {}
    for given in sample.get("assets", ()):
        assets[given["id"]] = _asset(given)
    for flow in flows:
        for end in ("client", "server"):
            assets.setdefault(flow[end], _asset({"id": flow[end], **_end(flow, end)}))
    for flow in flows:
        for end in ("client", "server"):
            for name in ("zone", "roles", "external", "addresses"):
                flow.setdefault(f"{end}_{name}", assets[flow[end]].get(name, _EMPTY[name]))
    extent = sample.get("duration", DURATION)
    document = {
        **sample,
        "assets": sorted(assets.values(), key=lambda asset: asset["id"]),
        "flows": flows,
        "sweeps": [_times({"addresses": (), **sweep}) for sweep in sample.get("sweeps", ())],
        "quality": {"first": START, "last": START + timedelta(seconds=extent)},
    }
    document.pop("duration", None)
    for index, flow in enumerate(flows):
        flow.setdefault("id", f"{flow['client']}>{flow['server']}:{flow['service']}/{flow['port']}#{index}")
    return msgspec.convert(_strict(document), Inventory, strict=True)


_EMPTY: Mapping[str, object] = {"zone": "", "roles": (), "external": False, "addresses": ()}


def _strict(document: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(document) - set(Inventory.__struct_fields__))
    if unknown:
        raise msgspec.ValidationError(f"unknown key {unknown[0]!r}")
    return document


def _asset(given: Mapping[str, Any]) -> dict[str, Any]:
    return _times({"hostnames": (given["id"],), "addresses": (), **given})


def _end(flow: Mapping[str, Any], end: str) -> dict[str, Any]:
    names = ("zone", "roles", "external", "addresses")
    return {name: flow[f"{end}_{name}"] for name in names if f"{end}_{name}" in flow}


def _flow(given: Mapping[str, Any]) -> dict[str, Any]:
    flow = {"client": "client", "server": "server", "service": "unknown", "port": 0, "connections": 1,
            "answered": 1, **given}  # fmt: skip
    if "starts" in flow:
        flow["starts"] = [START + timedelta(seconds=seconds) for seconds in flow["starts"]]
    return _times(flow)


def _times(item: dict[str, Any]) -> dict[str, Any]:
    item.setdefault("first_seen", 0)
    item.setdefault("last_seen", DURATION)
    for name in _TIMES:
        if isinstance(item.get(name), int):
            item[name] = START + timedelta(seconds=item[name])
    return item
