"""The evidence pack: one dossier in one or both languages, and the list of inputs it rests on, signed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from pathlib import Path

from leadapron.app.planning import Situation
from leadapron.report import document
from leadapron.report.dossier import (
    About,
    Edition,
    Signature,
    dossier,
    input_list,
    render_dossier_html,
    render_dossier_pdf,
)
from leadapron.report.plan import plan_document
from leadapron.report.practices import coverage_document, procedures_document
from leadapron.rules import Rule


def evidence_pack(
    found: Situation, rules: Sequence[Rule], about: About, *, languages: Sequence[str], key: Path | None, zone: tzinfo
) -> Mapping[str, bytes]:
    """File name → content: the dossier as HTML and PDF, and the list of inputs; with `key`, its Ed25519 signature."""
    inputs = input_list(found.assessment)
    signature = _signed(inputs.canonical, key, about.prepared_by) if key else None
    made = dossier(
        about, [_edition(found, rules, language) for language in languages], inputs, signature=signature, zone=zone
    )
    files = {
        "evidence.html": render_dossier_html(made).encode("utf-8"),
        "evidence.pdf": render_dossier_pdf(made),
        "inputs.txt": inputs.canonical,
    }
    if signature:
        files |= {"inputs.sig": signature.value, "inputs.pub.pem": signature.public_key.encode("ascii")}
    return files


def _edition(found: Situation, rules: Sequence[Rule], language: str) -> Edition:
    assessed = document(found.assessment, rules, language)
    return Edition(
        assessed=assessed,
        plan=plan_document(
            found.plan, assessed, states=found.states, changes=found.changes, rules=rules, actions=found.actions
        ),
        procedures=procedures_document(found.states, assessed),
        coverage=coverage_document(found.covered, found.states, assessed, frameworks=found.frameworks),
    )


def _signed(data: bytes, path: Path, name: str) -> Signature:
    from leadapron.know.feeds.keys import fingerprint, public_pem, read_private_key

    key = read_private_key(path)
    public = key.public_key()
    return Signature(
        value=key.sign(data), public_key=public_pem(public).decode("ascii"), fingerprint=fingerprint(public), by=name
    )
