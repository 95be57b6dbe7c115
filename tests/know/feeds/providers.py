"""A CSAF provider as the tests need it: documents, hashes, real OpenPGP signatures, lists and metadata."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pysequoia import SignatureMode, Tsk, sign

Document = dict[str, Any]

METADATA = "/.well-known/csaf/provider-metadata.json"
ROLIE = "/csaf/feed-tlp-white.json"


def csaf(identifier: str, updated: str = "2026-10-01", version: str = "< 2.0", publisher: str = "Example") -> bytes:
    """A small sound document: one product, one flaw."""
    document = {
        "document": {
            "category": "csaf_security_advisory",
            "csaf_version": "2.0",
            "title": "Example Viewer",
            "publisher": {"category": "vendor", "name": publisher, "namespace": "https://vendor.example"},
            "tracking": {
                "id": identifier,
                "status": "final",
                "version": "1",
                "initial_release_date": "2026-09-01T00:00:00Z",
                "current_release_date": f"{updated}T00:00:00Z",
                "revision_history": [],
            },
        },
        "product_tree": {
            "branches": [
                {
                    "category": "vendor",
                    "name": "Example",
                    "branches": [
                        {
                            "category": "product_name",
                            "name": "Viewer",
                            "branches": [
                                {
                                    "category": "product_version_range",
                                    "name": version,
                                    "product": {"product_id": "P1", "name": f"Example Viewer {version}"},
                                }
                            ],
                        }
                    ],
                }
            ]
        },
        "vulnerabilities": [{"cve": "CVE-2026-12345", "product_status": {"known_affected": ["P1"]}}],
    }
    return json.dumps(document).encode()


class Provider:
    """Builds the tree of a site at `base` (`https://vendor.example:8443`)."""

    def __init__(self, base: str, key: Tsk | None, role: str = "csaf_trusted_provider") -> None:
        self.base = base
        self.key = key
        self.role = role
        self.documents: dict[str, tuple[bytes, str]] = {}

    def add(self, name: str, data: bytes, updated: str = "2026-10-01T00:00:00Z") -> None:
        self.documents[name] = data, updated

    def metadata(self, *, rolie: bool = True, keys: Mapping[str, str] | None = None) -> bytes:
        places: Document = {"directory_url": f"{self.base}/csaf/"}
        if rolie:
            places = {"rolie": {"feeds": [{"url": f"{self.base}{ROLIE}", "tlp_label": "WHITE", "summary": "all"}]}}
        named = keys
        if named is None:
            named = {self.key.extract_certificate().fingerprint: f"{self.base}/key.asc"} if self.key else {}
        return json.dumps(
            {
                "canonical_url": f"{self.base}{METADATA}",
                "distributions": [places],
                "last_updated": "2026-10-01T00:00:00Z",
                "metadata_version": "2.0",
                "public_openpgp_keys": [{"fingerprint": each, "url": url} for each, url in named.items()],
                "publisher": {"category": "vendor", "name": "Example", "namespace": "https://vendor.example"},
                "role": self.role,
            }
        ).encode()

    def rolie(self) -> bytes:
        entries = [
            {
                "id": name,
                "updated": updated,
                "content": {"type": "application/json", "src": f"{self.base}/csaf/{name}"},
                "link": [{"rel": "self", "href": f"{self.base}/csaf/{name}"}],
            }
            for name, (_, updated) in self.documents.items()
        ]
        return json.dumps({"feed": {"id": "all", "updated": "2026-10-02T00:00:00Z", "entry": entries}}).encode()

    def tree(self, *, rolie: bool = True, hashes: bool = True, signer: Tsk | None = None) -> dict[str, bytes]:
        """The whole site. `signer` signs the documents in place of the provider's own key."""
        tree = {METADATA: self.metadata(rolie=rolie), ROLIE: self.rolie()}
        if self.key:
            tree["/key.asc"] = str(self.key.extract_certificate()).encode()
        for name, (data, _) in self.documents.items():
            tree[f"/csaf/{name}"] = data
            if hashes:
                tree[f"/csaf/{name}.sha512"] = f"{hashlib.sha512(data).hexdigest()}  {name}\n".encode()
            key = signer or self.key
            if key:
                tree[f"/csaf/{name}.asc"] = sign(key.signer(), data, mode=SignatureMode.DETACHED)
        tree["/csaf/index.txt"] = "\n".join(self.documents).encode()
        rows = (f'"{name}","{updated}"' for name, (_, updated) in self.documents.items())
        tree["/csaf/changes.csv"] = "\r\n".join(rows).encode()
        return tree
