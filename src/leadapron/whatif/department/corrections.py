"""Exam chains with what the department's file says of them."""

from __future__ import annotations

from collections.abc import Mapping
from math import fsum

from msgspec.structs import replace

from leadapron.model.department import Basis, Chain, DeviceClass, Need, Node, Role
from leadapron.model.errors import SourceError
from leadapron.whatif.department.figures import DAY, throughput
from leadapron.whatif.department.nodes import Names
from leadapron.whatif.department.settings import DAYS, ChainSettings, Settings
from leadapron.whatif.department.week import scaled, working_mean


def corrected_chains(
    chains: Mapping[str, Chain], nodes: Mapping[str, Node], names: Names, settings: Settings
) -> Mapping[str, Chain]:
    """What is equal to what was found keeps what it rests on. SourceError: an unknown device or modality, a scanner
    that is none, a share of a step that exams do not need, a week without exams."""
    found = dict(chains)
    if settings.urgent is not None:
        found = {modality: replace(chain, urgent=settings.urgent) for modality, chain in found.items()}
    for modality, given in settings.chains.items():
        place = f"{settings.name}: chains.{modality}"
        if modality not in found:
            known = ", ".join(sorted(found)) or "none"
            raise SourceError(
                f"{place}: no scanner makes such exams (there is {known}); under [devices.NAME] write"
                f' class = "modality" and modality = "{modality}" for one'
            )
        found[modality] = _corrected(found[modality], given, nodes, names, settings.name, place)
    return found


def _corrected(
    chain: Chain, given: ChainSettings, nodes: Mapping[str, Node], names: Names, file: str, place: str
) -> Chain:
    key = place.removeprefix(f"{file}: ")
    if given.scanners is not None:
        scanners = _found(given.scanners, names, file, f"{key}.scanners")
        for one in scanners:
            if nodes[one].kind is not DeviceClass.MODALITY:
                raise SourceError(
                    f'{place}.scanners: {nodes[one].label} is no scanner; under [devices.NAME] write class = "modality"'
                )
        if scanners != chain.scanners:
            chain = replace(chain, scanners=scanners)
    per_hour = _per_hour(chain.per_hour, given, place)
    return replace(
        chain,
        needs=_needs(chain.needs, given, names, file, key),
        per_hour=per_hour,
        basis=chain.basis if per_hour == chain.per_hour else Basis.GIVEN,
        urgent=chain.urgent if given.urgent is None else given.urgent,
    )


def _found(given: tuple[str, ...], names: Names, file: str, key: str) -> tuple[str, ...]:
    return tuple(sorted({names.one(name, file, key) for name in given}))


def _needs(needs: tuple[Need, ...], given: ChainSettings, names: Names, file: str, key: str) -> tuple[Need, ...]:
    by_role = {need.role: need for need in needs}
    for role, devices in given.nodes.items():
        wanted = _found(devices, names, file, f"{key}.nodes.{role}")
        if not wanted and role is not Role.REPORTING:
            by_role.pop(role, None)
        elif role not in by_role or by_role[role].nodes != wanted:
            kept = by_role[role].kept if role in by_role else throughput().kept[role]
            by_role[role] = Need(role=role, nodes=wanted, kept=kept, basis=Basis.GIVEN)
    for role, kept in given.kept.items():
        if role not in by_role:
            raise SourceError(
                f"{file}: {key}.kept.{role}: these exams need no {role} here; name its devices in nodes.{role} first"
            )
        by_role[role] = replace(by_role[role], kept=kept)
    return tuple(by_role[role] for role in Role if role in by_role)


def _per_hour(per_hour: tuple[float, ...], given: ChainSettings, place: str) -> tuple[float, ...]:
    """Days first, then the mean of the working hours: it keeps the course of the week."""
    hours = list(per_hour)
    for number, day in enumerate(DAYS):
        if day in given.per_hour:
            hours[number * DAY : (number + 1) * DAY] = given.per_hour[day]
    found = tuple(hours)
    if given.per_working_hour is not None:
        if not working_mean(found) and given.per_hour:
            raise SourceError(
                f"{place}.per_working_hour: contradicts per_hour, idle in all working hours; delete one of both"
            )
        found = scaled(found, given.per_working_hour)
    if not fsum(found):
        raise SourceError(f"{place}.per_hour: has no exam in the whole week; delete the lines or correct one")
    return found
