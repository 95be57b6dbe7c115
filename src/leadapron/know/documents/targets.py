"""Which device seen a document, or a row of a list, means: by everything people call a device. Pure.

Strict: what fits two devices fits none, because a wrong join would put one device's facts on another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from leadapron.model.events import DeviceDeclared, DocumentAdded, DocumentType, TitleDeclared
from leadapron.model.inventory import Asset, Inventory

Found = frozenset[str]
_NONE: Found = frozenset()


class Devices:
    """The devices of an inventory, to be found by what names them."""

    def __init__(self, inventory: Inventory) -> None:
        assets = inventory.assets
        self.by_mac = _index((asset, asset.macs or (asset.mac,)) for asset in assets)
        self.by_address = _index((asset, asset.addresses) for asset in assets)
        self.by_serial = _index((asset, (asset.serial_hash,)) for asset in assets)
        self.by_host = _index((asset, _hosts(asset)) for asset in assets)
        self.by_title = _index(((asset, asset.ae_titles) for asset in assets), fold=False)
        self._by_any = _index((asset, _names(asset)) for asset in assets)
        self._by_model = _index((asset, _models(asset)) for asset in assets)

    def named(self, name: str) -> str | None:
        """The one device of that id, address, AE title, host or station name, MAC or label."""
        return _one(self._by_any.get(_folded(name), _NONE))

    def of_model(self, *models: str) -> Found:
        """Every device of one of these models, written with its manufacturer or without."""
        return frozenset[str]().union(*(self._by_model.get(_folded(model), _NONE) for model in models if model))

    def declared(self, row: DeviceDeclared) -> tuple[str, bool] | None:
        """The one device that a row of an asset list means, and whether hardware says so; None when in doubt.

        MAC and serial number belong to the machine: where they find one, an address or name that another device
        uses is a contradiction to be shown. Without them, all of address, host name and AE title must agree.
        """
        hardware = (self.by_mac.get(row.mac, _NONE), self.by_serial.get(row.serial_hash, _NONE))
        if any(hardware):
            found = _agreed(hardware)
            return (found, True) if found else None
        network = (
            *(self.by_address.get(address, _NONE) for address in row.addresses),
            self.by_host.get(_host(row.hostname), _NONE),
            self.by_title.get(row.ae_title, _NONE),
        )
        found = _agreed(network)
        return (found, False) if found else None

    def titled(self, row: TitleDeclared) -> Found:
        """The devices that a register row is about: the one at its address, else all that use its title."""
        return self.by_address.get(row.address, _NONE) or self.by_title.get(row.ae_title, _NONE)


def doubts(document: DocumentAdded, inventory: Inventory) -> tuple[str, ...]:
    """Message ids of what speaks against the device that a form or SBOM was added for: a slip joins it to another."""
    devices = Devices(inventory)
    named = " ".join(filter(None, (document.manufacturer, document.product)))
    if document.asset:
        asset = next((one for one in inventory.assets if one.id == devices.named(document.asset)), None)
        told = document.product and document.type is not DocumentType.VEX  # a VEX file often has a title there
        if asset is None or not asset.model or not told or _alike(document.product, asset.model):
            return ()
        return (f"join.other-product={named} ≠ {asset.manufacturer} {asset.model}",)
    models = (document.model,) if document.model else (named, document.product)
    return () if devices.of_model(*models) else (f"join.no-device={document.model or named or document.sensor}",)


def _alike(one: str, other: str) -> bool:
    """One is the other, or a shorter way of writing it."""
    short, long = sorted(("".join(filter(str.isalnum, text.casefold())) for text in (one, other)), key=len)
    return short in long


def _index(named: Iterable[tuple[Asset, Iterable[str]]], *, fold: bool = True) -> Mapping[str, Found]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for asset, names in named:
        for name in names:
            if name:
                found[_folded(name) if fold else name].add(asset.id)
    return {name: frozenset(ids) for name, ids in found.items()}


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def _host(name: str) -> str:
    return _folded(name.partition(".")[0])


def _hosts(asset: Asset) -> tuple[str, ...]:
    return tuple(name.partition(".")[0] for name in (*asset.hostnames, *asset.station_names))


def _names(asset: Asset) -> tuple[str, ...]:
    own = (asset.id, asset.mac, *asset.macs, *asset.addresses, *asset.ae_titles, asset.label)
    return (*own, *asset.hostnames, *asset.station_names, *_hosts(asset))


def _models(asset: Asset) -> tuple[str, ...]:
    return (asset.model, f"{asset.manufacturer} {asset.model}") if asset.model else ()


def _one(found: Found) -> str | None:
    return next(iter(found)) if len(found) == 1 else None


def _agreed(found: Iterable[Found]) -> str | None:
    """The one device that all clues allow which find anything."""
    clues = [one for one in found if one]
    return _one(frozenset.intersection(*clues)) if clues else None
