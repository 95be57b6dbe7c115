"""Which addresses may be asked: https only, and only hosts that a person or a provider's own metadata named."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from leadapron.model.errors import SourceError

MAX_URL = 2_000
HTTPS_PORT = 443


def _split(text: str) -> SplitResult | None:
    if not text.isprintable() or len(text) > MAX_URL:
        return None
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    sound = parts.scheme == "https" and parts.hostname and "@" not in parts.netloc and "\\" not in text
    return parts if sound else None


def https_url(text: str) -> str | None:
    """The address without its fragment, or None when it is not a sound https address or carries a password."""
    parts = _split(text.strip())
    return urlunsplit(parts._replace(fragment="")) if parts else None


def need_https(text: str) -> str:
    """As `https_url`; SourceError for anything else."""
    url = https_url(text)
    if url is None:
        raise SourceError(f"{text[:200]!r}: only https:// addresses without user name or password are read")
    return url


def printable(text: str, limit: int) -> str:
    """Text of others, fit for a terminal: no control characters, no more than `limit` characters."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:limit])


def first_line(error: BaseException) -> str:
    """What a library said, without the stacks that some add to it."""
    return str(error).split("\n", 1)[0][:200]


def host_of(url: str) -> str:
    """Host name, with the port where it is not the usual one; empty for no sound address."""
    parts = _split(url)
    if parts is None:
        return ""
    return f"{parts.hostname}" if parts.port in (None, HTTPS_PORT) else f"{parts.hostname}:{parts.port}"


def below(base: str, path: str) -> str | None:
    """The address of a relative path in a folder, or None when it leads out of it."""
    folder = base if base.endswith("/") else f"{base}/"
    try:
        url = https_url(urljoin(folder, path.strip()))
    except ValueError:
        return None
    return url if url and url.startswith(folder) and url != folder else None


def same_site(host: str, allowed: Iterable[str]) -> bool:
    """`host` is one of `allowed`, or lies under one of them: `example.org` allows `www.example.org`."""
    return any(host == each or host.endswith(f".{each.removeprefix('www.')}") for each in allowed if each)
