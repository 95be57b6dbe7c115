"""Samples are inventories with the tedious parts filled in."""

from __future__ import annotations

import msgspec
import pytest

from leadapron.model.events import Service
from leadapron.model.inventory import Role
from leadapron.model.picture import Picture
from leadapron.rules.rows import asset_row, flow_row, inventory_row
from leadapron.rules.samples import inventory_of, picture_of


def test_devices_are_made_from_flows() -> None:
    inventory = inventory_of(
        {"flows": [{"server_roles": ["pacs"], "server_zone": "z", "service": "dicom", "port": 104}]}
    )
    client, server = inventory.assets
    assert (client.id, server.id, server.roles, server.zone) == ("client", "server", (Role.PACS,), "z")
    assert inventory.flows[0].service is Service.DICOM


def test_flows_take_roles_and_zone_from_devices() -> None:
    inventory = inventory_of(
        {"assets": [{"id": "ct", "roles": ["modality"], "zone": "z"}], "flows": [{"client": "ct", "port": 1}]}
    )
    assert (inventory.flows[0].client_roles, inventory.flows[0].client_zone) == ((Role.MODALITY,), "z")


def test_a_key_that_the_model_lacks_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="flowz"):
        inventory_of({"flowz": []})


def test_rows_leave_out_what_was_not_seen() -> None:
    inventory = inventory_of(
        {"flows": [{"shares": ["IPC$", r"\\srv\IPC$", "DATA"], "client_zone": "a", "server_zone": "b"}]}
    )
    row = flow_row(inventory.flows[0])
    assert "tls_versions" not in row
    assert row["encrypted"] is False
    assert row["open_shares"] == ("DATA",)
    assert row["cross_zone"] is True
    assert asset_row(inventory.assets[0])["imaging"] is False
    assert inventory_row(Picture(inventory=inventory))["duration"] == 3600


def test_rows_show_what_documents_and_advisories_say() -> None:
    picture = picture_of(
        {
            "assets": [{"id": "ct"}],
            "declared": {"ct": {"mds2": {"AUTH-1": "no"}, "device": {"owner": "Ada"}}},
            "exposures": {"ct": [{"part": "toolkit", "product": "DCMTK", "verdict": "affected"}]},
            "ageing": {"ct": [{"part": "system", "product": "Windows", "version": "5.1", "certain": True}]},
        }
    )
    row = asset_row(picture.inventory.assets[0], picture)
    assert row["mds2"] == {"AUTH-1": "no"}
    assert (row["documents"], row["documented"], row["owner"]) == (("assets", "mds2"), True, "Ada")
    assert (row["exposure"], row["ageing"]) == ({"toolkit": ("affected",)}, {"system": "ended"})
