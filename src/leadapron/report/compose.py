"""An assessment and the rules' sentences become a document in one language."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from leadapron.know.matching.reasons import Sentence, load_reasons
from leadapron.model.assessment import Assessment
from leadapron.model.declared import Declared
from leadapron.model.findings import WORST_FIRST, Finding, Severity, SubjectType, worst
from leadapron.model.inventory import Asset, Flow, Inventory
from leadapron.report.contract import (
    SCHEMA,
    Action,
    AssetEntry,
    Component,
    Document,
    ExposureEntry,
    FindingEntry,
    FlowEntry,
    Zone,
)
from leadapron.report.declared import differences, document_types, exposure_entries
from leadapron.report.hostile import harmless
from leadapron.report.knowledge import feed_entries
from leadapron.report.sentences import RuleWords, Sentences
from leadapron.report.summary import summarise
from leadapron.report.words import Words, words
from leadapron.rules import Framework, load_controls


def document(
    assessment: Assessment,
    rules: Iterable[RuleWords],
    lang: str,
    *,
    frameworks: Mapping[str, Framework] | None = None,
) -> Document:
    """The document of an assessment in `lang`; controls are titled from `frameworks` (the packaged ones if None).

    Raises `ContentError` when a finding's rule, its language or a parameter of its sentences is missing.
    """
    say = words(lang)
    safe = harmless(assessment)
    inventory = safe.inventory
    sentences = Sentences({rule.name: rule for rule in rules}, frameworks or load_controls(), say)
    findings = _findings(safe.findings, sentences)
    touching = _touching(findings, inventory)
    on_asset, on_flow = _severities(findings)
    known = _Known(safe, say)
    assets = tuple(_asset(one, on_asset.get(one.id), touching[one.id], known) for one in inventory.assets)
    entries = [(one, _flow(one, on_flow.get(one.id), touching[one.id])) for one in inventory.flows]
    flows = tuple(entry for flow, entry in entries if not flow.is_attempt)
    todo = _actions(safe.findings, findings, sentences)
    return Document(
        schema=SCHEMA,
        version=safe.version,
        language=say.language,
        generated=safe.generated,
        interrupted=safe.interrupted,
        summary=summarise(safe, assets, flows, findings, todo, say),
        actions=todo,
        zones=_zones(assets),
        assets=assets,
        flows=flows,
        attempts=tuple(entry for flow, entry in entries if flow.is_attempt),
        findings=findings,
        utilisation=inventory.utilisation,
        quality=inventory.quality,
        sources=inventory.sources,
        feeds=feed_entries(safe.feeds, safe.generated.date(), say),
    )


class _Known:
    """What is declared of devices, and what the world knows of them."""

    def __init__(self, assessment: Assessment, say: Words) -> None:
        self.declared = assessment.declarations.of
        self._exposures = assessment.exposures
        self._reasons: Mapping[str, Sentence] = load_reasons() if assessment.exposures else {}
        self._say = say

    def exposures(self, asset: str) -> tuple[ExposureEntry, ...]:
        return exposure_entries(self._exposures.get(asset, ()), self._reasons, self._say)


def _findings(findings: Iterable[Finding], sentences: Sentences) -> tuple[FindingEntry, ...]:
    seen: dict[str, int] = defaultdict(int)
    entries = []
    for rank, finding in enumerate(findings, start=1):
        digest = finding.id
        seen[digest] += 1
        name = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        entries.append(sentences.entry(name, rank, finding))
    return tuple(entries)


def _actions(findings: Iterable[Finding], entries: Iterable[FindingEntry], sentences: Sentences) -> tuple[Action, ...]:
    """One action per rule, in the order of its best ranked finding."""
    grouped: dict[str, list[tuple[Finding, FindingEntry]]] = defaultdict(list)
    for finding, entry in zip(findings, entries, strict=True):
        grouped[finding.rule].append((finding, entry))
    return tuple(map(sentences.action, grouped.values()))


def _touching(findings: Iterable[FindingEntry], inventory: Inventory) -> Mapping[str, tuple[str, ...]]:
    """Asset or flow id → ids of the findings about it, or resting on a flow of it."""
    ends = {flow.id: (flow.client, flow.server) for flow in inventory.flows}
    touched: dict[str, dict[str, None]] = defaultdict(dict)
    for finding in findings:
        flows = [*finding.flows, *([finding.subject.id] if finding.subject.type is SubjectType.FLOW else [])]
        for place in [finding.subject.id, *flows, *(end for flow in flows for end in ends.get(flow, ()))]:
            touched[place][finding.id] = None
    return defaultdict(tuple, {place: tuple(ids) for place, ids in touched.items()})


def _severities(findings: Iterable[FindingEntry]) -> tuple[dict[str, Severity], dict[str, Severity]]:
    """Worst severity of each asset that is itself a subject, and of each flow that a finding rests on."""
    assets: dict[str, Severity] = {}
    flows: dict[str, Severity] = {}
    for finding in sorted(findings, key=lambda one: WORST_FIRST.index(one.severity)):
        if finding.subject.type is SubjectType.ASSET:
            assets.setdefault(finding.subject.id, finding.severity)
        elif finding.subject.type is SubjectType.FLOW:
            flows.setdefault(finding.subject.id, finding.severity)
        for flow in finding.flows:
            flows.setdefault(flow, finding.severity)
    return assets, flows


def _asset(asset: Asset, severity: Severity | None, findings: tuple[str, ...], known: _Known) -> AssetEntry:
    declared = known.declared.get(asset.id, Declared())
    listed = declared.device
    return AssetEntry(
        id=asset.id,
        label=asset.label,
        addresses=asset.addresses,
        mac=asset.mac,
        mac_vendor=asset.mac_vendor,
        hostnames=asset.hostnames,
        ae_titles=asset.ae_titles,
        roles=asset.roles,
        modalities=asset.modalities,
        manufacturer=asset.manufacturer,
        model=asset.model,
        software_versions=asset.software_versions,
        serial_hash=asset.serial_hash,
        station_names=asset.station_names,
        os=" ".join(filter(None, (asset.os, asset.os_version))),
        components=tuple(Component(name=one.name, version=one.version) for one in asset.components),
        zone=asset.zone,
        external=asset.external,
        services=asset.services,
        systems_behind=asset.systems_behind,
        contradictions=asset.contradictions,
        clock_offset=asset.clock_offset,
        sends_syslog=asset.sends_syslog,
        documents=document_types(declared),
        owner=listed.owner if listed else "",
        end_of_support=listed.end_of_support if listed else "",
        declared=differences(asset, listed) if listed else (),
        exposures=known.exposures(asset.id),
        confidence=asset.confidence,
        severity=severity,
        findings=findings,
        first_seen=asset.first_seen,
        last_seen=asset.last_seen,
        evidence=asset.evidence,
    )


def _flow(flow: Flow, severity: Severity | None, findings: tuple[str, ...]) -> FlowEntry:
    return FlowEntry(
        id=flow.id,
        client=flow.client,
        server=flow.server,
        service=flow.service,
        transport=flow.transport,
        port=flow.port,
        encrypted=flow.encrypted,
        connections=flow.connections,
        answered=flow.answered,
        refused=flow.refused,
        bytes=flow.bytes_to_server + flow.bytes_to_client,
        bytes_to_server=flow.bytes_to_server,
        bytes_to_client=flow.bytes_to_client,
        objects=flow.objects,
        calling_ae_titles=flow.calling_ae_titles,
        called_ae_titles=flow.called_ae_titles,
        associations=flow.associations,
        accepted=flow.accepted,
        rejected=flow.rejected,
        aborted=flow.aborted,
        operations=flow.operations,
        sop_classes=flow.sop_classes,
        transfer_syntaxes=flow.transfer_syntaxes,
        message_types=flow.message_types,
        tls_versions=flow.tls_versions,
        tls_ciphers=flow.tls_ciphers,
        certificate_not_after=flow.certificate_not_after,
        http_apis=flow.http_apis,
        server_software=flow.server_software,
        credentials_clear=flow.credentials_clear,
        smb_dialects=flow.smb_dialects,
        shares=flow.shares,
        security=flow.security,
        anomalies=flow.anomalies,
        gaps=flow.gaps,
        severity=severity,
        findings=findings,
        first_seen=flow.first_seen,
        last_seen=flow.last_seen,
        evidence=flow.evidence,
    )


def _zones(assets: Iterable[AssetEntry]) -> tuple[Zone, ...]:
    """Zones in the order of their names; devices without one are in none."""
    members: dict[str, list[AssetEntry]] = defaultdict(list)
    for asset in assets:
        if asset.zone:
            members[asset.zone].append(asset)
    return tuple(
        Zone(
            name=name,
            assets=tuple(one.id for one in members[name]),
            severity=worst(one.severity for one in members[name]),
        )
        for name in sorted(members)
    )
