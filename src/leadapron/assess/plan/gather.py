"""From findings to pieces of work: findings with the same remedy and the same key are settled in one go."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import assert_never

from msgspec import Struct

from leadapron.assess.findings import NOT_SEEN
from leadapron.assess.plan.actions import Action
from leadapron.assess.plan.site import Site
from leadapron.model.findings import Finding, SubjectType
from leadapron.model.inventory import Asset
from leadapron.model.plan import Compensate, Scope

FIXED = "fixed"
"""Parameter of a finding that names the repaired version; `NOT_SEEN` when there is none."""

SOFTWARE = "software"
"""Parameter of a finding that names the software concerned."""


class Work(Struct, frozen=True, kw_only=True):
    """One action on one subject, with what it settles, worst first."""

    action: Action
    key: str
    subject: str
    findings: tuple[Finding, ...]
    assets: tuple[str, ...]
    """Devices to be worked on; partners of a server left out."""
    units: Mapping[str, tuple[str, ...]]
    """Finding id → what the hours go to: partners of a server, else devices. Never empty."""

    @property
    def id(self) -> str:
        """Stable while action and key are."""
        return work_id(self.action.id, self.key)


def work_id(action: str, key: str) -> str:
    """Id of a piece of work, from its action's name and its key."""
    return "a-" + hashlib.sha256(f"{action}\0{key}".encode("utf-8", "replace")).hexdigest()[:12]


def gather(
    site: Site, findings: Iterable[Finding], actions: Mapping[str, Action]
) -> tuple[tuple[Work, ...], tuple[str, ...]]:
    """Pieces of work, and the ids of findings that no action settles."""
    settling = {rule: action for action in actions.values() for rule in action.settles if action.scope}
    found: dict[str, list[Finding]] = defaultdict(list)
    unsettled = []
    for finding in findings:
        if action := settling.get(finding.rule):
            found[action.id].append(finding)
        else:
            unsettled.append(finding.id)
    works = (work for name, group in sorted(found.items()) for work in _works(site, actions[name], group))
    return tuple(works), tuple(sorted(unsettled))


def unfixed(finding: Finding) -> bool:
    """A flaw of which the sources name no repaired version."""
    return finding.params.get(FIXED) in ("", NOT_SEEN)


def _works(site: Site, action: Action, findings: list[Finding]) -> Iterator[Work]:
    centres = _centres(site, findings) if action.scope is Scope.LINK else {}
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        centre = centres.get(finding.id)
        groups[f"asset:{centre}" if centre else _key(site, action, finding)].append(finding)
    for key, group in sorted(groups.items()):
        yield _work(site, action, key, group)


def _centres(site: Site, findings: list[Finding]) -> Mapping[str, str]:
    """Finding id → the server whose work it belongs to: its own device, or its partner when all partners are servers
    of more links than itself. The archive's links to printers and stations are thus one work with the others."""
    own = {finding.id: device.id for finding in findings if (device := site.device(finding))}
    partners: dict[str, set[str]] = defaultdict(set)
    for finding in findings:
        if centre := own.get(finding.id):
            partners[centre].update(site.partners(finding, centre))
    size = {centre: len(ends) for centre, ends in partners.items()}
    busiest = {
        centre: max(ends, key=lambda end: (size.get(end, 0), end))
        for centre, ends in partners.items()
        if ends and all(size.get(end, 0) > size[centre] for end in ends)
    }
    return {finding: busiest.get(centre, centre) for finding, centre in own.items()}


def _work(site: Site, action: Action, key: str, findings: list[Finding]) -> Work:
    centre = key.removeprefix("asset:")
    ordered = tuple(sorted(findings, key=lambda finding: (-finding.score, finding.id)))
    hub = centre if action.scope in (Scope.SERVER, Scope.LINK) and centre in site.assets else ""
    return Work(
        action=action,
        key=key,
        subject=site.label(hub) if hub else min(_label(site, action, finding) for finding in ordered),
        findings=ordered,
        assets=(hub,) if hub else tuple(sorted({one for finding in ordered for one in site.concerned(finding)})),
        units={finding.id: _units(site, hub, finding) for finding in ordered},
    )


def _key(site: Site, action: Action, finding: Finding) -> str:
    """What findings of one piece of work have in common."""
    device = site.device(finding)
    match action.scope:
        case Scope.NETWORK | None:
            return "network"
        case Scope.ZONE:
            return f"zone:{_zone(device, finding)}"
        case Scope.TITLE:
            return f"title:{finding.subject.id}"
        case Scope.MODEL:
            apart = action.compensate is Compensate.UNFIXED and unfixed(finding)
            return f"model:{_model(device, finding)}{':unfixed' if apart else ''}"
        case Scope.SERVER | Scope.LINK | Scope.ASSET:
            return f"asset:{device.id if device else finding.subject.id}"
        case _:
            assert_never(action.scope)


def _model(device: Asset | None, finding: Finding) -> str:
    """Make and model, else the software concerned, else the device alone."""
    if device and device.model:
        return _folded(f"{device.manufacturer} {device.model}")
    return _folded(str(finding.params.get(SOFTWARE, ""))) or finding.subject.id


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _zone(device: Asset | None, finding: Finding) -> str:
    return finding.subject.id if finding.subject.type is SubjectType.ZONE or device is None else device.zone


def _label(site: Site, action: Action, finding: Finding) -> str:
    """Words for the subject that a person knows; empty for the network."""
    device = site.device(finding)
    match action.scope:
        case Scope.NETWORK | None:
            return ""
        case Scope.ZONE:
            return _zone(device, finding)
        case Scope.MODEL if device and device.model:
            return " ".join(f"{device.manufacturer} {device.model}".split())
        case Scope.ASSET if device:
            return device.label
        case _:
            return str(finding.params.get(SOFTWARE, "")) or finding.subject.label or finding.subject.id


def _units(site: Site, hub: str, finding: Finding) -> tuple[str, ...]:
    """What the hours go to: the partners of a server, else the devices; the subject itself when neither is known."""
    found = site.partners(finding, hub) or (hub,) if hub else site.concerned(finding)
    return found or (finding.subject.id,)
