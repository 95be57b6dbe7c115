"""A policy as a department has it: some twenty rules, scanners by name. The bench's peer is met by the fifteenth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_LISTENER: Final = """
[[listener]]
name = "{name}"
speaks = "dicom"
listen = "127.0.0.1:{port}"
upstream = "127.0.0.1:{upstream}"
fail = "closed"
ledger = {ledger}
limits = {{ connections = 8000, connections_per_peer = 8000 }}
"""
_TLS: Final = """[listener.tls]
certificate = "{pem}"
key = "{pem}"
"""
_SCANNER: Final = """
[[rule]]
name = "{title} stores"
from = ["10.20.{number}.0/24"]
calling = ["{title}*"]
called = ["PACS", "ARCHIVE"]
allow = ["echo", "store", "commit", "mpps", "worklist"]
rates = ["120 associations/minute", "40 GB/hour"]
object_size = "2 GB"
"""
_OTHERS: Final = """
[[rule]]
name = "the bench stores"
from = ["127.0.0.0/8", "::1/128"]
calling = ["BENCH_*"]
called = ["SINK", "DIGEST"]
allow = ["echo", "store"]
object_size = "2 GB"
rates = ["100000000 associations/minute", "100000000 objects/hour", "1000000 GB/hour"]
inspect = "header"

[[rule]]
name = "viewers ask"
from = ["10.30.0.0/16"]
calling = ["VIEW*"]
allow = ["echo", "find", "move"]
destinations = ["VIEW*"]
results = 500

[[rule]]
name = "research reads studies"
from = ["10.40.1.0/24"]
calling = ["RESEARCH"]
allow = ["find", "get"]
query_levels = ["STUDY", "SERIES"]
results = 100
hours = ["mon-fri 07:00-19:30"]

[[rule]]
name = "printers"
from = ["10.20.0.0/16"]
called = ["PRINT*"]
allow = ["print"]

[[rule]]
name = "old archive migrates"
from = ["10.50.0.7"]
calling = ["OLDPACS"]
allow = ["store"]
strip_private = true

[[rule]]
name = "nobody else"
from = ["any"]
deny = "any"
"""
_SCANNERS: Final = ("CT01", "CT02", "MR01", "MR02", "CR01", "DX01", "DX02", "US01", "US02", "XA01", "MG01", "NM01",
                    "PT01", "OT01")  # fmt: skip


def text(places: Mapping[str, object], *, ledger: bool) -> str:
    """TOML. `places`: ports `plain`, `tls`, `toolkit` and what is behind them (`sink`, `scp`), `folder`, `pem`."""
    state = f"{places['folder']}/{'ledger' if ledger else 'no-ledger'}"
    parts = [f'[guard]\nname = "bench"\nworkspace = "{state}/workspace"\nstate = "{state}/state"\n']
    for name, upstream in (("plain", "sink"), ("tls", "sink"), ("toolkit", "scp")):
        upstream_port = places[upstream] or places["sink"]
        said = str(ledger).lower()
        parts.append(_LISTENER.format(name=name, port=places[name], upstream=upstream_port, ledger=said))
        if name == "tls":
            parts.append(_TLS.format(**places))
    parts += [_SCANNER.format(title=title, number=number) for number, title in enumerate(_SCANNERS)]
    return "".join((*parts, _OTHERS))
