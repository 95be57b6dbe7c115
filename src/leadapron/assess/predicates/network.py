"""Judgements on the shape of the network: walls that are missing, sideways moves, doubled addresses, lone servers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from leadapron.assess.hits import Case, Hit
from leadapron.assess.subjects import asset_subject, network_subject
from leadapron.assess.view import View
from leadapron.model.events import Service
from leadapron.model.findings import Confidence
from leadapron.model.inventory import Asset, Flow, Role

REMOTE_SERVICES = frozenset({Service.SMB, Service.RDP, Service.SSH, Service.TELNET, Service.VNC})
REMOTE_PORTS = frozenset({22, 23, 135, 139, 445, 3389, 5900, 5985, 5986})
"""Ports by which malicious programs move from one computer to the next."""

WATCHERS = frozenset({Role.SERVER, Role.NETWORK})
"""Roles of monitoring and inventory servers, which try many addresses by trade."""

SWEPT = 4
"""Addresses tried on one port from which on it is a sweep."""

VIRTUAL_ROUTER_MACS = ("00:00:5e:00:01", "00:00:5e:00:02", "00:00:0c:07:ac", "00:05:73:a0", "00:07:b4")
"""Prefixes of VRRP (RFC 9568), HSRP and GLBP: routers that share an address on purpose."""

NEARLY_ALL = 0.75
"""Share of scanners with one server only from which on the department depends on it."""

WORKLIST = "1.2.840.10008.5.1.4.31"
"""Modality Worklist Information Model FIND (PS3.4 K.6)."""


def office_client(case: Case) -> Iterator[Hit]:
    """An office computer, or any computer of an office zone, that got an answer from a scanner."""
    flow = case.flow
    if flow is None or flow.client_external:
        return
    if Role.OFFICE in flow.client_roles or flow.client_zone in case.view.office_zones:
        yield Hit(flow=flow, values={"reached": (_door(case.view, flow),)})


def sideways(case: Case) -> Iterator[Hit]:
    """Scanners and workstations that reach other scanners by remote administration, and hosts that try many."""
    view = case.view
    for flow in view.inventory.flows:
        if flow.answered and _remote(flow) and _from_peer(view, flow):
            yield Hit(
                subject=asset_subject(view, flow.client),
                flows=(flow,),
                reasons=(f"client_roles={', '.join(flow.client_roles)}", f"port={flow.port}"),
                values={"tried": (_door(view, flow),)},
            )
    for sweep in view.inventory.sweeps:
        if sweep.targets < SWEPT or sweep.client not in view.assets:
            continue
        watcher = set(view.assets[sweep.client].roles) <= WATCHERS and view.assets[sweep.client].roles
        yield Hit(
            subject=asset_subject(view, sweep.client),
            assets=tuple(asset.id for asset in view.inventory.assets if set(asset.addresses) & set(sweep.addresses)),
            reasons=(f"sweep_port={sweep.port}", f"sweep_targets={sweep.targets}"),
            evidence=sweep.evidence,
            values={"tried": (f"{sweep.targets} × port {sweep.port}",)},
            confidence=Confidence.POSSIBLE if watcher else Confidence.LIKELY,
        )


def address_conflict(case: Case) -> Iterator[Hit]:
    """Two network cards that claim one address, unless routers share it on purpose."""
    view = case.view
    holders = {address: asset for asset in view.inventory.assets for address in asset.addresses}
    for address, macs in sorted(view.inventory.arp_conflicts.items()):
        if any(mac.casefold().startswith(VIRTUAL_ROUTER_MACS) for mac in macs):
            continue
        asset = holders.get(address)
        label = asset.label if asset else address
        yield Hit(
            subject=asset_subject(view, asset.id)
            if asset
            else network_subject(view, (), key=f"ip:{address}", label=label),
            reasons=(f"arp_conflicts={address}",),
            evidence=asset.evidence.get("arp", asset.evidence.get("first", ())) if asset else (),
            values={"address": (address,), "macs": tuple(_card(view, mac, asset) for mac in sorted(macs))},
        )


def _card(view: View, mac: str, holder: Asset | None) -> str:
    """A network card, with the name of the other device it belongs to."""
    owners = [asset.label for asset in view.inventory.assets if asset.mac == mac and asset is not holder]
    return f"{mac} ({', '.join(owners)})" if owners else mac


def single_server(case: Case) -> Iterator[Hit]:
    """One server that nearly all scanners use, and no other, for storage, worklist or names."""
    view = case.view
    for function, flows in _functions(view).items():
        server = _lone_server(flows)
        if not server:
            continue
        yield Hit(
            assets=(server,),
            flows=tuple(flow for flow in flows if flow.server == server),
            reasons=(f"{function}={view.label(server)}",),
            values={"lone": (f"{view.label(server)} ({function})",)},
        )


def _lone_server(flows: list[Flow]) -> str:
    """The server that at least two scanners, and nearly all, have as their only one; empty when there is none."""
    used: dict[str, set[str]] = defaultdict(set)
    for flow in flows:
        used[flow.client].add(flow.server)
    only = Counter(server for servers in used.values() if len(servers) == 1 for server in servers)
    if not only:
        return ""
    server, scanners = min(only.items(), key=lambda item: (-item[1], item[0]))
    return server if scanners >= 2 and scanners >= NEARLY_ALL * len(used) else ""


def _functions(view: View) -> dict[str, list[Flow]]:
    found: dict[str, list[Flow]] = defaultdict(list)
    for flow in view.inventory.flows:
        if Role.MODALITY not in flow.client_roles or not flow.answered:
            continue
        if flow.operations.get("C-STORE"):
            found["C-STORE"].append(flow)
        elif flow.service.startswith("dicom") and flow.encrypted:
            found["DICOM TLS"].append(flow)
        if WORKLIST in flow.sop_classes:
            found["worklist"].append(flow)
        if flow.service is Service.DNS:
            found["DNS"].append(flow)
    return dict(sorted(found.items()))


def _door(view: View, flow: Flow) -> str:
    """`CT01 (smb/445)`, or `CT01 (port 9000)` where the service was not recognised."""
    name = "port " if flow.service is Service.UNKNOWN else f"{flow.service}/"
    return f"{view.label(flow.server)} ({name}{flow.port})"


def _remote(flow: Flow) -> bool:
    return flow.service in REMOTE_SERVICES or flow.port in REMOTE_PORTS


def _from_peer(view: View, flow: Flow) -> bool:
    """From a scanner, a workstation, or an unrecognised device that stands among them, into a scanner."""
    if Role.MODALITY not in flow.server_roles or flow.client == flow.server:
        return False
    if not {Role.MODALITY, Role.WORKSTATION}.isdisjoint(flow.client_roles):
        return True
    return set(flow.client_roles) <= {Role.UNKNOWN} and flow.client_zone in view.imaging_zones
