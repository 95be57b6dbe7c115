"""What can stand between a scanner and an archive: nothing, HAProxy, nginx, the guard, a relay. One process each."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import trustme
from msgspec import Struct

from bench.guard import policy
from bench.guard.processes import child, family, free_ports, python
from leadapron import __version__

DIRECT, HAPROXY, NGINX = "direct", "HAProxy TCP", "nginx stream"
GUARD, GUARD_NO_LEDGER, RELAY = "guard", "guard, no ledger", "pynetdicom relay"
NAMES: Final = (DIRECT, HAPROXY, NGINX, GUARD, GUARD_NO_LEDGER, RELAY)
"""In the order of a round."""

_HAPROXY = """
global
    nbthread 1
    maxconn 9000
    ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
    mode tcp
    timeout connect 10s
    timeout client 10m
    timeout server 10m
listen plain
    bind 127.0.0.1:{plain}
    server sink 127.0.0.1:{sink}
listen tls
    bind 127.0.0.1:{tls} ssl crt {pem}
    server sink 127.0.0.1:{sink}
listen toolkit
    bind 127.0.0.1:{toolkit}
    server scp 127.0.0.1:{scp}
"""
_NGINX = """
{module}
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{ worker_connections 18000; }}
stream {{
    server {{ listen 127.0.0.1:{plain} backlog=4096; proxy_pass 127.0.0.1:{sink}; proxy_timeout 10m; }}
    server {{ listen 127.0.0.1:{tls} ssl backlog=4096; ssl_certificate {pem}; ssl_certificate_key {pem};
             ssl_protocols TLSv1.2 TLSv1.3; proxy_pass 127.0.0.1:{sink}; proxy_timeout 10m; }}
    server {{ listen 127.0.0.1:{toolkit}; proxy_pass 127.0.0.1:{scp}; proxy_timeout 10m; }}
}}
"""
_NGINX_MODULE: Final = Path("/usr/lib/nginx/modules/ngx_stream_module.so")


class Site(Struct, frozen=True, kw_only=True):
    """What all boxes stand in front of. `pem` holds key and certificate of `localhost`, `authority` the CA's."""

    folder: Path
    sink: int
    control: int
    scp: int
    """Port of DCMTK's storescp; 0 where it is not installed."""
    pem: Path
    authority: Path


class Box(Struct, frozen=True, kw_only=True):
    """One running middle box; its ports lead to the sink, to the sink by TLS, and to storescp. 0: it has no such."""

    name: str
    version: str
    plain: int
    tls: int = 0
    toolkit: int = 0
    pids: Sequence[int] = ()
    share: float = 1.0
    """Of a burst's size: a slow box gets less, its rate is the same."""


def certificate(folder: Path) -> tuple[Path, Path]:
    """A CA and a certificate of `localhost` (RSA 2048, as hospitals' CAs still give)."""
    authority = trustme.CA(key_type=trustme.KeyType.RSA)
    served = authority.issue_cert("localhost", key_type=trustme.KeyType.RSA)
    pem, ca = folder / "localhost.pem", folder / "ca.pem"
    served.private_key_and_cert_chain_pem.write_to_path(pem)
    pem.chmod(0o600)
    authority.cert_pem.write_to_path(ca)
    return pem, ca


def installed(name: str) -> bool:
    """Can this box be started here?"""
    match name:
        case "HAProxy TCP":
            return shutil.which("haproxy") is not None
        case "nginx stream":
            return shutil.which("nginx") is not None
        case _:
            return True


@contextmanager
def start(name: str, site: Site) -> Iterator[Box]:
    """The box, listening; ended when left."""
    log = site.folder / f"{name.replace(' ', '-').replace(',', '').lower()}.log"
    plain, tls, toolkit = free_ports(3)
    if name == DIRECT:
        yield Box(name=name, version="", plain=site.sink, toolkit=site.scp)
        return
    if name == RELAY:
        words = python("bench.guard.relay", plain, site.sink, toolkit, site.scp)
        with child(words, (plain, toolkit), log) as pid:
            yield Box(
                name=name, version=_version_of("pynetdicom"), plain=plain, toolkit=toolkit, pids=family(pid), share=0.05
            )
        return
    places = {**{field: getattr(site, field) for field in site.__struct_fields__}, "plain": plain, "tls": tls}
    words, version = _command(name, {**places, "toolkit": toolkit})
    with child(words, (plain, tls, toolkit), log) as pid:
        yield Box(name=name, version=version, plain=plain, tls=tls, toolkit=toolkit, pids=family(pid))


def _command(name: str, places: dict[str, object]) -> tuple[list[str], str]:
    folder = Path(str(places["folder"]))
    if name == HAPROXY:
        path = folder / "haproxy.cfg"
        path.write_text(_HAPROXY.format(**places))
        return ["haproxy", "-db", "-f", str(path)], _version("haproxy", "-v")
    if name == NGINX:
        module = f"load_module {_NGINX_MODULE};" if _NGINX_MODULE.exists() else ""
        path = folder / "nginx.conf"
        path.write_text(_NGINX.format(module=module, **places))
        return ["nginx", "-c", str(path)], _version("nginx", "-v")
    path = folder / f"{'guard' if name == GUARD else 'guard-no-ledger'}.toml"
    path.write_text(policy.text(places, ledger=name == GUARD))
    return python("leadapron", "guard", "run", path), __version__


def _version(*words: str) -> str:
    told = subprocess.run(words, capture_output=True, text=True, check=False)
    found = re.search(r"\d+(\.\d+)+", told.stdout + told.stderr)
    return found.group() if found else ""


def _version_of(package: str) -> str:
    return _version(sys.executable, "-c", f"import {package}; print({package}.__version__)")
