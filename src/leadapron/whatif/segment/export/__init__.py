"""Segmentation rules as configuration of real engines, for people to review and load; nothing here applies itself.

`export(segmentation, format_name)` gives file name → text; `FORMATS` lists the formats. Between zones all that no
rule allows is refused; traffic with neither end in a zone is left alone. Rules marked ASK are allowed and say so,
rules marked REFUSE win over those that allow.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache

from leadapron.model.errors import UsageError
from leadapron.model.segmentation import Segmentation
from leadapron.whatif.messages import load_messages
from leadapron.whatif.segment.export.cisco_ios import CISCO_IOS
from leadapron.whatif.segment.export.cisco_nxos import CISCO_NXOS
from leadapron.whatif.segment.export.fortigate import FORTIGATE
from leadapron.whatif.segment.export.iptables import IPTABLES
from leadapron.whatif.segment.export.job import Format, Job
from leadapron.whatif.segment.export.kubernetes import KUBERNETES
from leadapron.whatif.segment.export.mud import MUD
from leadapron.whatif.segment.export.nftables import NFTABLES
from leadapron.whatif.segment.export.paloalto import PALOALTO
from leadapron.whatif.segment.export.plan import plan_of
from leadapron.whatif.segment.export.windows import WINDOWS

__all__ = ["FORMATS", "Format", "export"]

FORMATS: tuple[Format, ...] = (
    NFTABLES,
    IPTABLES,
    CISCO_IOS,
    CISCO_NXOS,
    PALOALTO,
    FORTIGATE,
    WINDOWS,
    KUBERNETES,
    MUD,
)


@cache
def _sentences() -> Mapping[str, Mapping[str, str]]:
    """Read once: a hospital exports many formats in a row."""
    return load_messages()


_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def export(
    segmentation: Segmentation,
    format_name: str,
    *,
    device: str | None = None,
    language: str = "en",
    made: datetime | None = None,
) -> Mapping[str, str]:
    """File name → text. `device` is an address, for formats with a file a device; `made` is the date of the files,
    else that of the newest traffic behind the rules. UsageError: an unknown format, or rules that cannot be exported.
    """
    chosen = next((each for each in FORMATS if each.name == format_name), None)
    if chosen is None:
        raise UsageError(f"no format {format_name!r}: choose {', '.join(each.name for each in FORMATS)}")
    if device and not chosen.per_device:
        able = ", ".join(each.name for each in FORMATS if each.per_device)
        raise UsageError(f"{format_name} writes all zones in one go: a device can be chosen for {able}")
    seen = [rule.last_seen for rule in segmentation.rules if rule.last_seen is not None]
    job = Job(
        plan=plan_of(segmentation),
        sentences=_sentences()[language],
        device=device or "",
        made=made or max(seen, default=_NEVER),
    )
    return chosen.render(job)
