"""What page templates call to name things in the reader's language."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from leadapron.model.advisories import FeedState, Verdict
from leadapron.model.findings import WORST_FIRST, Severity
from leadapron.model.inventory import Role
from leadapron.report.contract import AssetEntry, Control, ExposureEntry, FindingEntry, FlowEntry
from leadapron.report.knowledge import FeedEntry, feed_state, verdict_name
from leadapron.report.netmap import zone_anchor, zone_title
from leadapron.report.said import operations, particulars
from leadapron.report.vocabulary import (
    ANOMALIES,
    CONFIDENCES,
    DOCUMENTS,
    FAMILIES,
    HARMS,
    PARTS,
    ROLES,
    SEVERITIES,
    Family,
    attribute,
    event_kind,
    facet,
    family,
    role_names,
    service_name,
    service_on_port,
    several,
)
from leadapron.report.words import Words


class Naming:
    """What templates call to name things."""

    def __init__(self, say: Words) -> None:
        self._say = say

    def severity(self, one: Severity) -> str:
        return self._say.gettext(SEVERITIES[one])

    def place(self, one: Severity | None) -> int:
        """Where a severity sorts: worst first, none last."""
        return WORST_FIRST.index(one) if one else len(WORST_FIRST)

    def confidence(self, finding: FindingEntry | AssetEntry) -> str:
        return self._say.gettext(CONFIDENCES[finding.confidence])

    def harm(self, one: FindingEntry) -> str:
        return ", ".join(self._say.gettext(HARMS[harm]) for harm in one.harm)

    def roles(self, asset: AssetEntry) -> str:
        return role_names(asset.roles, self._say)

    def role(self, one: Role) -> str:
        return self._say.gettext(ROLES[one])

    def family(self, one: Family) -> str:
        return self._say.gettext(FAMILIES[one])

    def family_of(self, flow: FlowEntry) -> Family:
        return family(flow.service)

    def service(self, flow: FlowEntry) -> str:
        return service_name(flow.service, self._say)

    def zone(self, asset: AssetEntry) -> str:
        return zone_title(asset, self._say)

    def anchor(self, title: str) -> str:
        return zone_anchor(title)

    def several(self, items: Sequence[str], most: int) -> str:
        return several(items, most, self._say)

    def operations(self, flow: FlowEntry) -> str:
        return ", ".join(operations(flow, self._say))

    def particulars(self, flow: FlowEntry) -> str:
        return ", ".join(particulars(flow, self._say))

    def answers(self, asset: AssetEntry) -> str:
        """Services with their ports; the inventory writes `dicom/104`."""
        return ", ".join(service_on_port(one, self._say) for one in asset.services)

    def clock(self, offset: int) -> str:
        _, seconds = self._say.gettext, self._say.number(abs(offset))
        if abs(offset) <= 1:
            return _("on time")
        return (_("{seconds} s ahead") if offset > 0 else _("{seconds} s behind")).format(seconds=seconds)

    def findings(self, asset: AssetEntry, known: Mapping[str, FindingEntry]) -> list[tuple[str, str, int]]:
        """The id of the first finding of each title that touches a device, the title, and how many there are."""
        times = Counter(known[one].title for one in asset.findings)
        first = {known[one].title: one for one in reversed(asset.findings)}
        return [(first[title], title, count) for title, count in times.items()]

    def kind(self, one: str) -> str:
        return event_kind(one, self._say)

    def facet(self, one: str) -> str:
        return facet(one, self._say)

    def attribute(self, one: str) -> str:
        return attribute(one, self._say)

    def broken(self, code: str) -> str:
        return self._say.gettext(ANOMALIES[code]) if code in ANOMALIES else ""

    def documents(self, asset: AssetEntry) -> str:
        return ", ".join(self._say.gettext(DOCUMENTS[kind]) for kind in asset.documents)

    def part(self, one: ExposureEntry) -> str:
        return self._say.gettext(PARTS[one.part])

    def verdict(self, one: ExposureEntry) -> str:
        return verdict_name(one.verdict, self._say)

    def concerned(self, asset: AssetEntry) -> list[ExposureEntry]:
        """Advisories that concern a device, may, or would but for the word of a document."""
        return [one for one in asset.exposures if one.verdict is not Verdict.NOT_AFFECTED or one.excused]

    def feed_state(self, feed: FeedEntry) -> str:
        return feed_state(feed, self._say)

    def stale(self, feeds: Iterable[FeedEntry]) -> list[FeedEntry]:
        return [feed for feed in feeds if feed.state is not FeedState.FRESH]

    def link(self, url: str) -> str:
        """An address that may be followed, or nothing: sources must not smuggle in another scheme."""
        return url if url.startswith("https://") else ""

    def controls(self, one: FindingEntry) -> list[tuple[str, list[Control]]]:
        """Controls under the name of their framework, each named once."""
        named: dict[str, list[Control]] = defaultdict(list)
        for control in one.controls:
            named[control.framework_name].append(control)
        return list(named.items())
