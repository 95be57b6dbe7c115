"""From findings to pieces of work: findings with the same remedy and the same key are settled in one go."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
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
    groups: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    unsettled = []
    for finding in findings:
        if action := settling.get(finding.rule):
            groups[action.id, _key(site, action, finding)].append(finding)
        else:
            unsettled.append(finding.id)
    works = tuple(_work(site, actions[name], key, found) for (name, key), found in sorted(groups.items()))
    return works, tuple(sorted(unsettled))


def unfixed(finding: Finding) -> bool:
    """A flaw of which the sources name no repaired version."""
    return finding.params.get(FIXED) in ("", NOT_SEEN)


def _work(site: Site, action: Action, key: str, findings: list[Finding]) -> Work:
    ordered = tuple(sorted(findings, key=lambda finding: (-finding.score, finding.id)))
    return Work(
        action=action,
        key=key,
        subject=_label(site, action, ordered[0]),
        findings=ordered,
        assets=tuple(sorted({device for finding in ordered for device in site.concerned(finding)})),
        units={finding.id: _units(site, action, finding) for finding in ordered},
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
        case Scope.MAKER:
            return f"maker:{_folded(device.manufacturer if device else '')}"
        case Scope.MODEL:
            apart = action.compensate is Compensate.UNFIXED and unfixed(finding)
            return f"model:{_model(device, finding)}{':unfixed' if apart else ''}"
        case Scope.SERVER | Scope.ASSET:
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
        case Scope.MAKER:
            return device.manufacturer if device else ""
        case Scope.MODEL if device and device.model:
            return " ".join(f"{device.manufacturer} {device.model}".split())
        case Scope.SERVER | Scope.ASSET if device:
            return device.label
        case _:
            return str(finding.params.get(SOFTWARE, "")) or finding.subject.label or finding.subject.id


def _units(site: Site, action: Action, finding: Finding) -> tuple[str, ...]:
    devices = site.concerned(finding) or (finding.subject.id,)
    if action.scope is not Scope.SERVER:
        return devices
    ends = {end for flow in site.flows_of(finding) for end in (flow.client, flow.server)}
    return tuple(sorted(ends - {devices[0]})) or devices
