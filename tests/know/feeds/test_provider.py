"""CSAF providers, over real TLS, with real signatures."""

from __future__ import annotations

import gc
import gzip
import json
import signal
import ssl
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import trustme
from pysequoia import Tsk

from leadapron.know.feeds.outcome import FeedUpdate, Note, Outcome
from leadapron.know.feeds.provider import NO_WISHES, Wishes, update_provider
from leadapron.know.feeds.snapshots import KnowledgeStore
from leadapron.know.feeds.web import Connection
from leadapron.model.errors import SourceError
from tests.know.feeds.conftest import HOST, NOW
from tests.know.feeds.providers import METADATA, ROLIE, Provider, csaf
from tests.know.feeds.servers import Handler, Proxy, Site, cut, drip, redirect, reply, running, site


@dataclass
class Scene:
    """A vendor's site, its provider, and a hospital that asks it."""

    site: Site
    provider: Provider
    store: KnowledgeStore
    connection: Connection

    def publish(self, *, rolie: bool = True, hashes: bool = True, signer: Tsk | None = None) -> None:
        self.site.tree = dict(self.provider.tree(rolie=rolie, hashes=hashes, signer=signer))

    def update(self, source: str = "", wishes: Wishes = NO_WISHES) -> FeedUpdate:
        return update_provider(
            source or f"{self.provider.base}{METADATA}",
            self.store,
            now=NOW,
            connection=self.connection,
            wishes=wishes,
        )


@pytest.fixture
def scene(vendor: Site, base: str, key: Tsk, store: KnowledgeStore, connection: Connection) -> Scene:
    provider = Provider(base, key)
    provider.add("2026/ex-1.json", csaf("EX-1"))
    provider.add("2026/ex-2.json", csaf("EX-2", "2026-10-05"), "2026-10-05T00:00:00Z")
    made = Scene(vendor, provider, store, connection)
    made.publish()
    return made


def test_a_provider_becomes_a_snapshot(scene: Scene) -> None:
    update = scene.update()

    assert (update.outcome, update.fetched, dict(update.verified)) == (Outcome.NEW, 2, {"signature": 2})
    assert [remark.note for remark in update.remarks] == [Note.KEYS_PINNED]
    assert update.feed is not None
    assert (update.feed.as_of, update.feed.verified, update.feed.records) == (date(2026, 10, 5), "signature", 2)
    known = {advisory.id: advisory for advisory in scene.store.load().advisories}
    assert known["EX-1"].products[0].product == "Viewer"
    assert known["EX-1"].url == f"{scene.provider.base}/csaf/2026/ex-1.json"
    assert update.feed in scene.store.load().feeds


@pytest.mark.parametrize("way", ["well-known", "security.txt"])
def test_a_domain_is_enough(scene: Scene, way: str) -> None:
    if way == "security.txt":
        scene.site.tree["/moved.json"] = scene.site.tree.pop(METADATA)
        text = f"Contact: mailto:a@b.example\r\nCSAF: {scene.provider.base}/moved.json\r\n"
        scene.site.tree["/.well-known/security.txt"] = text.encode()

    assert scene.update(f"{HOST}:{scene.site.port}").fetched == 2


@pytest.mark.parametrize("dated", [True, False])
def test_a_folder_is_read_where_there_is_no_feed(scene: Scene, dated: bool) -> None:
    scene.publish(rolie=False)
    if not dated:
        del scene.site.tree["/csaf/changes.csv"]

    assert scene.update().fetched == 2


def test_only_what_changed_is_fetched_again(scene: Scene) -> None:
    scene.update()
    scene.provider.add("2026/ex-2.json", csaf("EX-2", "2026-11-01", "< 3.0"), "2026-11-01T00:00:00Z")
    scene.publish()
    scene.site.asked.clear()

    update = scene.update()

    assert (update.outcome, update.fetched) == (Outcome.NEW, 1)
    assert "/csaf/2026/ex-1.json" not in scene.site.asked
    constraints = {each.id: each.products[0].constraint for each in scene.store.load().advisories if each.products}
    assert constraints["EX-2"] == "< 3.0"

    assert scene.update().outcome is Outcome.UNCHANGED


def test_without_dates_the_server_is_asked_what_changed(scene: Scene) -> None:
    scene.publish(rolie=False)
    del scene.site.tree["/csaf/changes.csv"]
    data = scene.provider.documents["2026/ex-1.json"][0]

    def tagged(handler: Handler) -> None:
        fresh = handler.headers.get("If-None-Match") != '"1"'
        reply(handler, 200 if fresh else 304, data if fresh else b"", ETag='"1"')

    scene.site.tree["/csaf/2026/ex-1.json"] = tagged
    assert scene.update().fetched == 2

    assert scene.update().fetched == 1


def test_documents_that_cannot_be_believed_are_named_and_the_rest_goes_on(scene: Scene, key: Tsk) -> None:
    scene.provider.add("hash.json", csaf("EX-H"))
    scene.provider.add("signature.json", csaf("EX-S"))
    scene.provider.add("unsigned.json", csaf("EX-U"))
    scene.provider.add("unhashed.json", csaf("EX-N"))
    scene.provider.add("broken.json", b'{"document": {')
    scene.provider.add("draft.json", csaf("EX-D").replace(b'"final"', b'"draft"'))
    scene.publish()
    stranger = Provider(scene.provider.base, Tsk.generate("Stranger"))
    stranger.documents = {"signature.json": scene.provider.documents["signature.json"]}
    scene.site.tree["/csaf/signature.json.asc"] = stranger.tree()["/csaf/signature.json.asc"]
    scene.site.tree["/csaf/hash.json"] = csaf("EX-H", version="none")
    del scene.site.tree["/csaf/unsigned.json.asc"], scene.site.tree["/csaf/unhashed.json.sha512"]

    update = scene.update()

    reasons = {refused.name.rpartition("/")[2]: refused.reason for refused in update.refused}
    assert "not the one that was hashed" in reasons.pop("hash.json")
    assert "no valid signature by a key that is trusted" in reasons.pop("signature.json")
    assert "no signature beside it" in reasons.pop("unsigned.json")
    assert "no hash beside it" in reasons.pop("unhashed.json")
    assert "broken.json" in reasons.pop("broken.json")
    assert "a draft" in reasons.pop("draft.json")
    assert not reasons
    assert not {"EX-H", "EX-S", "EX-U", "EX-N"} & {advisory.id for advisory in scene.store.load().advisories}
    assert dict(update.verified) == {"signature": 2}


def test_a_publisher_that_signs_nothing_is_read_by_hash_and_that_is_said(scene: Scene) -> None:
    scene.provider.key, scene.provider.role = None, "csaf_publisher"
    scene.publish()
    update = scene.update()
    assert dict(update.verified) == {"hash": 2}
    assert [remark.note for remark in update.remarks] == [Note.NO_SIGNATURES]
    assert update.feed is not None
    assert update.feed.verified == "hash"


def test_a_trusted_provider_without_a_key_is_refused(scene: Scene) -> None:
    scene.provider.key = None
    scene.publish()
    with pytest.raises(SourceError, match="promises signatures"):
        scene.update()


def test_a_key_that_appears_later_is_not_trusted_until_a_person_says_so(scene: Scene, tmp_path: Path) -> None:
    scene.update()
    other = Tsk.generate("New PSIRT")
    scene.provider.key = other
    scene.provider.add("2026/ex-3.json", csaf("EX-3"))
    scene.publish()

    update = scene.update()
    assert [remark.note for remark in update.remarks] == [Note.KEYS_CHANGED]
    assert [refused.name.rpartition("/")[2] for refused in update.refused] == ["ex-3.json"]

    path = tmp_path / "new.asc"
    path.write_text(str(other.extract_certificate()))
    update = scene.update(wishes=Wishes(keys=(path,)))
    assert (update.refused, update.fetched, update.remarks) == ((), 1, ())


def test_the_key_must_be_the_one_that_the_metadata_names(scene: Scene) -> None:
    scene.site.tree["/key.asc"] = str(Tsk.generate("Stranger").extract_certificate()).encode()
    with pytest.raises(SourceError, match="which the provider's metadata names"):
        scene.update()


# ---------------------------------------------------------------- trouble on the way
def test_an_update_goes_on_where_the_connection_was_cut(scene: Scene) -> None:
    for number in range(20):
        scene.provider.add(f"more-{number:02}.json", csaf(f"EX-M{number}"))
    scene.publish()
    whole = dict(scene.site.tree)
    for number in range(4, 20):
        scene.site.tree[f"/csaf/more-{number:02}.json"] = cut

    with pytest.raises(SourceError, match=r"connection lost after 6 of 22 documents.*run the same command again"):
        scene.update()
    assert scene.store.snapshots() == ()

    scene.site.tree = whole
    update = scene.update()
    assert (update.fetched, update.refused) == (16, ())


def test_a_passing_failure_is_tried_again(scene: Scene) -> None:
    data = scene.site.tree[ROLIE]
    assert isinstance(data, bytes)

    def busy_once(handler: Handler) -> None:
        scene.site.tree[ROLIE] = data
        reply(handler, 503, Retry_After="0")

    scene.site.tree[ROLIE] = busy_once
    assert scene.update().fetched == 2


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_ctrl_c_keeps_what_is_done(scene: Scene) -> None:
    """httpcore leaves a connection that was interrupted amid its TLS handshake to the garbage collector."""

    def stop(done: int, total: int, what: str) -> None:
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        update_provider(
            f"{scene.provider.base}{METADATA}", scene.store, now=NOW, connection=scene.connection, progress=stop
        )
    gc.collect()
    assert scene.store.snapshots() == ()
    assert scene.update().fetched < 2


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("http://vendor.example/feed.json", "not https; refused"),
        ("https://evil.example/feed.json", "a host that nobody named"),
        (f"https://{HOST}:1/x", "a host that nobody named"),
        (ROLIE, "more than 5 redirects"),
        ("https://user:secret@vendor.example/", "without user name or password"),
    ],
)
def test_redirects_lead_only_where_somebody_said(scene: Scene, target: str, message: str) -> None:
    scene.site.tree[ROLIE] = redirect(target)
    with pytest.raises(SourceError, match=message):
        scene.update()


def test_a_redirect_within_the_site_is_followed(scene: Scene) -> None:
    scene.site.tree["/moved"] = scene.site.tree[ROLIE]
    scene.site.tree[ROLIE] = redirect("/moved")
    assert scene.update().fetched == 2


def test_documents_on_a_host_that_nobody_named_are_refused_unless_allowed(scene: Scene) -> None:
    elsewhere = f"other.example:{scene.site.port}"
    feed = json.loads(scene.provider.rolie())
    feed["feed"]["entry"][0]["content"]["src"] = f"https://{elsewhere}/csaf/2026/ex-1.json"
    scene.site.tree[ROLIE] = json.dumps(feed).encode()

    update = scene.update()
    assert [f"https://{elsewhere}" in refused.name for refused in update.refused] == [True]

    assert scene.update(wishes=Wishes(hosts=(elsewhere,))).refused == ()


def test_what_is_too_large_is_refused(scene: Scene) -> None:
    scene.site.tree[METADATA] = b" " * (2 << 20)
    with pytest.raises(SourceError, match="larger than 1 MB"):
        scene.update()


def test_a_compressed_bomb_is_refused(scene: Scene) -> None:
    bomb = gzip.compress(b" " * (30 << 20))
    scene.site.tree[METADATA] = lambda handler: reply(handler, 200, bomb, Content_Encoding="gzip")
    with pytest.raises(SourceError, match="larger than 1 MB"):
        scene.update()


def test_compressed_answers_are_read(scene: Scene) -> None:
    plain = scene.site.tree[METADATA]
    assert isinstance(plain, bytes)
    scene.site.tree[METADATA] = lambda handler: reply(handler, 200, gzip.compress(plain), Content_Encoding="gzip")
    assert scene.update().fetched == 2


def test_a_server_that_drips_is_left(scene: Scene) -> None:
    scene.site.tree[METADATA] = drip
    scene.connection = msgspec.structs.replace(scene.connection, total_seconds=0.4)
    with pytest.raises(SourceError, match="no complete answer in time"):
        scene.update()


def test_restricted_feeds_are_left_out_and_counted(scene: Scene) -> None:
    metadata = json.loads(scene.provider.metadata())
    metadata["distributions"][0]["rolie"]["feeds"].append(
        {"url": f"{scene.provider.base}/amber.json", "tlp_label": "AMBER"}
    )
    scene.site.tree[METADATA] = json.dumps(metadata).encode()
    update = scene.update()
    assert {remark.note: dict(remark.params) for remark in update.remarks}[Note.RESTRICTED] == {"count": "1"}
    assert "/amber.json" not in scene.site.asked


# ---------------------------------------------------------------- TLS and proxies
def test_an_unknown_authority_is_refused(scene: Scene) -> None:
    scene.connection = msgspec.structs.replace(scene.connection, ca=None)
    with pytest.raises(SourceError, match=r"certificate is not trusted.*--ca"):
        scene.update()


@pytest.mark.parametrize("wrong", ["name", "expired"])
def test_a_wrong_certificate_is_refused(scene: Scene, authority: trustme.CA, wrong: str) -> None:
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        authority.issue_cert("somebody.example")
        if wrong == "name"
        else authority.issue_cert(HOST, not_before=yesterday - timedelta(days=1), not_after=yesterday)
    )
    certificate.configure_cert(served)
    with site(served, scene.site.tree) as impostor, pytest.raises(SourceError, match="certificate is not trusted"):
        scene.update(f"https://{HOST}:{impostor.port}{METADATA}")


def test_authorities_of_the_environment_count(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(scene.connection.ca))
    scene.connection = msgspec.structs.replace(scene.connection, ca=None)
    assert scene.update().fetched == 2


@pytest.mark.parametrize("told", ["argument", "environment"])
def test_a_proxy_is_used(scene: Scene, monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    proxy = Proxy()
    if told == "argument":
        scene.connection = msgspec.structs.replace(scene.connection, proxy=proxy.url)
    else:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    with running(proxy):
        assert scene.update().fetched == 2
    assert set(proxy.asked) == {f"{HOST}:{scene.site.port}"}


def test_a_proxy_that_refuses_is_named(scene: Scene) -> None:
    proxy = Proxy(refuse=407)
    scene.connection = msgspec.structs.replace(scene.connection, proxy=proxy.url)
    with running(proxy), pytest.raises(SourceError, match=r"the proxy refused.*407"):
        scene.update()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("http://vendor.example/provider-metadata.json", "neither a domain nor the https address"),
        ("no domain", "neither a domain"),
        ("https://u:p@vendor.example/x", "without user name"),
    ],
)
def test_sources_that_are_none(scene: Scene, source: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        scene.update(source)


def test_a_domain_without_csaf_is_told(scene: Scene) -> None:
    scene.site.tree = {}
    with pytest.raises(SourceError, match="publishes no CSAF advisories"):
        scene.update(f"{HOST}:{scene.site.port}")


def test_nothing_listens(scene: Scene) -> None:
    with pytest.raises(SourceError, match="not reached after 2 tries"):
        scene.update(f"{HOST}:1")
