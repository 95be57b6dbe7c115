"""Small inventories written by hand: a rule's samples, and what tests build.

A sample is a mapping with the keys of `Inventory`; what it leaves out gets a default. A flow without `client` goes
from `client` to `server`; devices that only flows name are made with the roles and zone the flow gives them; a
device has its id as host name unless told otherwise. Times may be given as seconds from a fixed start.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from leadapron.model.inventory import Inventory

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""The time that seconds in samples count from."""

DURATION = 3600
"""Seconds a sample lasts unless it says `duration`."""

_TIMES = ("first_seen", "last_seen", "certificate_not_after")


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
