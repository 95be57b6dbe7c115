"""JSON exports keep to their schemas, and no two things in them share a name."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from leadapron.model.segmentation import Segmentation
from leadapron.whatif.segment.export import export
from tests.whatif.segment.export.departments import SMALL, segmentations

HERE = Path(__file__).parent
LIGHT_BULB = {
    "ietf-mud:mud": {
        "mud-version": 1,
        "mud-url": "https://lighting.example.com/bulb.json",
        "last-update": "2019-01-28T11:20:51+01:00",
        "cache-validity": 48,
        "is-supported": True,
        "systeminfo": "A bulb",
        "from-device-policy": {"access-lists": {"access-list": [{"name": "bulb-from"}]}},
        "to-device-policy": {"access-lists": {"access-list": [{"name": "bulb-to"}]}},
    },
    "ietf-access-control-list:acls": {
        "acl": [
            {
                "name": "bulb-to",
                "type": "ipv6-acl-type",
                "aces": {
                    "ace": [
                        {
                            "name": "1",
                            "matches": {
                                "ipv6": {"protocol": 6},
                                "tcp": {
                                    "ietf-mud:direction-initiated": "from-device",
                                    "source-port": {"operator": "eq", "port": 443},
                                },
                            },
                            "actions": {"forwarding": "accept"},
                        }
                    ]
                },
            }
        ]
    },
}
"""A file of the shape that RFC 8520 §9 shows: the schema here must take it."""


def schema(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((HERE / f"{name}.schema.json").read_text("utf-8")))


def documents(files: Mapping[str, str]) -> list[dict[str, Any]]:
    return [json.loads(text) for name, text in files.items() if name.endswith(".json")]


def test_the_pacs_has_a_mud_file() -> None:
    files = export(SMALL, "mud", device="10.20.1.10")
    (document,) = documents(files)
    schema("mud").validate(document)
    assert document["ietf-mud:mud"]["mud-url"] == "https://mud.example.invalid/leadapron/10.20.1.10.json"
    assert document["ietf-mud:mud"]["systeminfo"] == "Imaging device 10.20.1.10"
    assert document["ietf-mud:mud"]["last-update"] == "2024-05-06T17:30:00+00:00"


def test_the_schema_of_mud_files_takes_and_refuses_what_the_rfc_does() -> None:
    schema("mud").validate(LIGHT_BULB)
    without_url = {key: value for key, value in LIGHT_BULB["ietf-mud:mud"].items() if key != "mud-url"}
    with pytest.raises(ValidationError):
        schema("mud").validate({**LIGHT_BULB, "ietf-mud:mud": without_url})


@given(segmentation=segmentations())
def test_every_mud_file_is_sound(segmentation: Segmentation) -> None:
    for document in documents(export(segmentation, "mud")):
        schema("mud").validate(document)
        lists = document["ietf-access-control-list:acls"]["acl"]
        named = [
            entry["name"]
            for direction in ("from-device-policy", "to-device-policy")
            for entry in document["ietf-mud:mud"][direction]["access-lists"]["access-list"]
        ]
        assert sorted(named) == sorted({entry["name"] for entry in lists})
        for entry in lists:
            names = [ace["name"] for ace in entry["aces"]["ace"]]
            assert len(set(names)) == len(names)


@given(segmentation=segmentations())
def test_every_network_policy_is_sound(segmentation: Segmentation) -> None:
    (document,) = documents(export(segmentation, "kubernetes"))
    schema("networkpolicy").validate(document)
    names = [item["metadata"]["name"] for item in document["items"]]
    assert len(set(names)) == len(names)
