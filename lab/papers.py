"""Writes the papers of a scenario's department: AE register, asset list, network plan and makers' MDS2 forms.

They come from the scenario, with the errors of papers.toml: that is how papers are, and what a comparison with the
wire must reveal. `python -m lab.papers --out DIR` writes those of department.toml.
"""

from __future__ import annotations

import argparse
import csv
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_interface
from pathlib import Path

import msgspec
from msgspec import Struct, field

from lab.forms import filled_form, load_forms
from lab.scenario import Device, Expectations, Scenario, load

LAB = Path(__file__).parent
PAPERS = LAB / "papers.toml"
SHIPPED = LAB.parent / "src" / "leadapron" / "content" / "captures" / "department-papers"

REGISTER, ASSETS, PLAN = "ae-register.csv", "asset-list.csv", "network-plan.csv"
_ABOUT = """# Papers of the bundled department

An AE register, an asset list, a network plan and two MDS2 forms, as a hospital might hold them for the machines of
`department.pcapng.zst`. All of it is invented, and some of it is wrong on purpose: a title that nobody uses any more,
one at an old address, devices that nobody listed, others that are gone, promises that the capture disproves.

Written by `python -m lab.papers --out DIR` from `lab/department.toml`, `lab/papers.toml` (which says what is wrong,
and what must be found) and `lab/forms.toml`. The forms have the layout of HN 1-2019 with questions in Leadapron's own
words. Licence: that of Leadapron.
"""


class Title(Struct, kw_only=True, forbid_unknown_fields=True):
    """A row of the register."""

    ae_title: str
    address: str
    port: int = 0
    name: str = ""
    role: str = ""


class Register(Struct, kw_only=True, forbid_unknown_fields=True):
    left_out: list[str] = []
    moved: dict[str, str] = {}
    """Device → the address under which it is registered."""
    extra: list[Title] = []


class Gone(Struct, kw_only=True, forbid_unknown_fields=True):
    """A row of the asset list that no device of the scenario stands behind."""

    name: str
    manufacturer: str
    model: str
    modality: str
    address: str
    zone: str
    owner: str
    support: str


class Assets(Struct, kw_only=True, forbid_unknown_fields=True):
    zones: list[str]
    owners: dict[str, str]
    """Zone → who answers for its devices."""
    support_until: str
    left_out: list[str] = []
    no_owner: list[str] = []
    support: dict[str, str] = {}
    systems: dict[str, str] = {}
    extra: list[Gone] = []


class Plan(Struct, kw_only=True, forbid_unknown_fields=True):
    vlans: dict[str, int]
    purposes: dict[str, str]


class Papers(Struct, kw_only=True, forbid_unknown_fields=True):
    """What papers.toml says: where the papers differ from the scenario, and what that must reveal."""

    register: Register
    assets: Assets
    plan: Plan
    expect: Expectations = field(default_factory=Expectations)


def load_papers(path: Path = PAPERS) -> Papers:
    """Raises msgspec.ValidationError naming the field that is wrong."""
    return msgspec.convert(tomllib.loads(path.read_text("utf-8")), Papers)


def write(scenario: Scenario, papers: Papers, folder: Path) -> None:
    """Every paper of the department, into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    _table(folder / REGISTER, _register(scenario, papers.register))
    _table(folder / ASSETS, _assets(scenario, papers.assets))
    _table(folder / PLAN, _plan(scenario, papers.plan))
    for form in load_forms():
        filled_form(folder / f"mds2-{form.device}.xlsx", form.complete(), form.header)
    (folder / "PROVENANCE.md").write_text(_ABOUT, "utf-8")


def _table(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    written = list(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, fieldnames=list(written[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(written)


# ---------------------------------------------------------------- rows
def _register(scenario: Scenario, register: Register) -> Iterator[dict[str, object]]:
    for device in scenario.devices:
        if device.name not in register.left_out:
            for title in _titles(device):
                title.address = register.moved.get(device.name, title.address)
                yield _titled(title)
    yield from map(_titled, register.extra)


def _titles(device: Device) -> Iterator[Title]:
    """One for each service that has a title; the device's own where no service bears it."""
    ports = {service.ae_title: service.port for service in device.services if service.ae_title}
    for ae_title in dict.fromkeys((device.ae_title, *ports)):
        if ae_title:
            yield Title(
                ae_title=ae_title,
                address=device.addresses[0],
                port=ports.get(ae_title, 0),
                name=device.hostname,
                role="SCP" if ae_title in ports else "SCU",
            )


def _titled(title: Title) -> dict[str, object]:
    return {
        "AE title": title.ae_title,
        "IP address": title.address,
        "Port": title.port or "",
        "Device": title.name,
        "Role": title.role,
    }


def _assets(scenario: Scenario, assets: Assets) -> Iterator[dict[str, object]]:
    listed = [
        device for device in scenario.devices if device.zone in assets.zones and device.name not in assets.left_out
    ]
    for number, device in enumerate(listed, start=1):
        yield {
            "Inventory number": f"INV-{number:04}",
            "Device": device.hostname,
            "Manufacturer": device.manufacturer,
            "Model": device.model,
            "Modality": device.modality,
            "Software version": ", ".join(device.software),
            "Operating system": assets.systems.get(device.name, ""),
            "Serial number": device.serial,
            "MAC address": device.mac,
            "IP address": device.addresses[0],
            "Zone": device.zone,
            "Owner": "" if device.name in assets.no_owner else assets.owners[device.zone],
            "End of support": assets.support.get(device.name, assets.support_until),
        }
    for number, gone in enumerate(assets.extra, start=len(listed) + 1):
        yield {
            "Inventory number": f"INV-{number:04}",
            "Device": gone.name,
            "Manufacturer": gone.manufacturer,
            "Model": gone.model,
            "Modality": gone.modality,
            "IP address": gone.address,
            "Zone": gone.zone,
            "Owner": gone.owner,
            "End of support": gone.support,
        }


def _plan(scenario: Scenario, plan: Plan) -> Iterator[dict[str, object]]:
    for zone in scenario.zones:
        if zone.mirrored:
            yield {
                "Zone": zone.name,
                "Network": ip_interface(f"{zone.gateway}/{zone.prefix}").network,
                "VLAN": plan.vlans[zone.name],
                "Purpose": plan.purposes[zone.name],
            }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lab.papers", description="Write the papers of the department.")
    parser.add_argument("--out", type=Path, default=SHIPPED, metavar="DIR", help="default: the shipped ones")
    write(load(LAB / "department.toml"), load_papers(), parser.parse_args().out)


if __name__ == "__main__":
    main()
