"""What all pages share: one file each that opens offline, prints, and works without scripts.

Everything is inline and named by hash in a strict Content-Security-Policy, so a page can neither call home nor run
what a device's name might smuggle in. Scripts only add filtering and sorting.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from leadapron.report.naming import Naming
from leadapron.report.words import Words


def render_page(template: str, say: Words, *, besides: tuple[str, ...] = (), **parts: object) -> str:
    """A page template with its parts, and what every page needs besides.

    `besides` names further style sheets and scripts of the templates folder, without their endings.
    """
    sheets = ("report", *besides)
    return (
        _environment()
        .get_template(template)
        .render(
            _=say.gettext,
            ngettext=say.ngettext,
            say=say,
            style=_inline("css", sheets),
            script=_inline("js", sheets),
            policy=_policy(sheets),
            v=Naming(say),
            **parts,
        )
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("leadapron.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _inline(ending: str, sheets: tuple[str, ...]) -> Markup:
    """Our own style or script, one file after the other."""
    folder = files("leadapron.report") / "templates"
    return Markup("".join((folder / f"{name}.{ending}").read_text("utf-8") for name in sheets))  # noqa: S704 - ours


@cache
def _policy(sheets: tuple[str, ...]) -> str:
    """Nothing may be loaded, sent or embedded; only our own style and script run (CSP level 3)."""
    return (
        f"default-src 'none'; style-src '{_hash(_inline('css', sheets))}'; "
        f"script-src '{_hash(_inline('js', sheets))}'; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
