"""`leadapron knowledge`: bring advisories up to date, see how old they are, carry them offline, ask about a product."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from leadapron.app import load_world
from leadapron.cli.options import knowledge_folder, knowledge_option, language_option, path_option
from leadapron.cli.progress import counting
from leadapron.know.feeds.snapshots import KnowledgeStore
from leadapron.model.advisories import FeedState, Product
from leadapron.model.errors import UsageError
from leadapron.report import encode
from leadapron.report.words import words

if TYPE_CHECKING:
    from leadapron.know.feeds.web import Connection


@click.group(short_help="Advisories and ends of support: update, age, offline bundles, questions.")
def knowledge() -> None:
    """What the world knows about products, as dated facts.

    The program comes with a base that works without a network; `update` makes it newer.
    """


@knowledge.command(short_help="Bring advisories, KEV, EPSS and ends of support up to date.")
@click.option(
    "--from",
    "source",
    metavar="PATH|URL",
    help="A file, folder or ZIP of CSAF documents, KEV, EPSS or endoflife.date; an https address; or a CSAF provider's "
    "domain. Without it, the public sources that the program knows are asked.",
)
@click.option("--proxy", metavar="URL", help="Proxy to use instead of the environment's (HTTPS_PROXY).")
@path_option("--ca", "ca", "FILE", "Further certificate authorities to trust (PEM), such as your proxy's.")
@click.option(
    "--key",
    "keys",
    type=click.Path(path_type=Path),
    metavar="FILE",
    multiple=True,
    help="OpenPGP public key of the provider that you checked yourself; only documents it signed are taken.",
)
@click.option(
    "--host", "hosts", multiple=True, metavar="NAME", help="Further host that the provider's documents may lie on."
)
@knowledge_option
@language_option
def update(
    source: str | None,
    proxy: str | None,
    ca: Path | None,
    keys: tuple[Path, ...],
    hosts: tuple[str, ...],
    knowledge: Path | None,
    language: str,
) -> None:
    """Bring knowledge up to date, all of a source or nothing of it. Ctrl-C keeps what was fetched for the next try."""
    from leadapron.know.feeds import update as feeds  # HTTP and OpenPGP load slowly
    from leadapron.know.feeds.outcome import Outcome
    from leadapron.know.feeds.provider import Wishes
    from leadapron.report.knowledge import render_update

    store, say = KnowledgeStore(knowledge_folder(knowledge)), words(language)
    now = datetime.now(UTC)
    with counting(say.gettext("Fetching")) as progress:
        if source is None:
            if keys or hosts:
                raise UsageError("--key and --host belong to one provider: name it with --from")
            report = feeds.update_known(store, now=now, connection=_connection(proxy, ca), progress=progress)
        else:
            report = feeds.update(
                source,
                store,
                now=now,
                connection=_connection(proxy, ca),
                wishes=Wishes(keys=keys, hosts=hosts),
                progress=progress,
            )
    render_update(report, Console(), say)
    if report.updates and all(one.outcome is Outcome.FAILED for one in report.updates):
        raise UsageError(
            "nothing could be brought up to date; without a way to the internet, use `leadapron knowledge export` on a "
            "machine that has one, and `leadapron knowledge import` here"
        )


def _connection(proxy: str | None, ca: Path | None) -> Connection:
    from leadapron.know.feeds.web import Connection

    return Connection(proxy=proxy, ca=ca)


@knowledge.command(short_help="Say how old each source is.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@knowledge_option
@language_option
def status(knowledge: Path | None, as_json: bool, language: str) -> None:
    """Say how old each source is, and which is stale."""
    from leadapron.report.knowledge import feed_entries, render_status

    world, say = load_world(knowledge_folder(knowledge)), words(language)
    today = datetime.now(UTC).date()
    loud_first = sorted(world.knowledge.feeds, key=lambda feed: feed.state(today) is FeedState.FRESH)
    entries = feed_entries(loud_first, today, say)
    if as_json:
        click.echo(encode(entries), nl=False)
    else:
        render_status(entries, Console(), say)
    for damaged in world.damaged:
        click.echo(f"leadapron: {damaged.name}: {damaged.reason}", err=True)


@knowledge.command(short_help="Ask what is known of one product.")
@click.option("--vendor", default="", metavar="NAME", help="Maker, as the device or its form spells it.")
@click.option("--product", required=True, metavar="NAME", help="Product or model.")
@click.option("--version", "version", default="", metavar="V", help="Version it runs.")
@click.option("--purl", default="", metavar="PURL", help="Package URL, for a package of a distribution.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@knowledge_option
@language_option
def ask(
    vendor: str, product: str, version: str, purl: str, knowledge: Path | None, as_json: bool, language: str
) -> None:
    """Ask what is known of one product: affected, not affected, or to be checked, and why."""
    from leadapron.know.matching.reasons import load_reasons
    from leadapron.report.knowledge import answers_document, render_answers

    world, say = load_world(knowledge_folder(knowledge)), words(language)
    answers = world.ask(Product(vendor=vendor, name=product, version=version, purl=purl))
    document = answers_document(answers, world.knowledge.feeds, load_reasons(), datetime.now(UTC).date(), say)
    if as_json:
        click.echo(encode(document), nl=False)
    else:
        render_answers(document, Console(), say)


@knowledge.command("export", short_help="Write a signed bundle for machines without internet.")
@click.argument("bundle", type=click.Path(path_type=Path), metavar="BUNDLE.zip")
@path_option("--key", "key", "FILE", "Private key that signs (made by `knowledge keygen`).", required=True)
@click.option("--days", default=30, show_default=True, help="Days for which the bundle may be taken in.")
@knowledge_option
def export_(bundle: Path, key: Path, days: int, knowledge: Path | None) -> None:
    """Write what this machine holds as one signed file, to be taken in by machines without internet."""
    from leadapron.know.feeds.bundle import export_bundle

    store = KnowledgeStore(knowledge_folder(knowledge))
    manifest = export_bundle(store, bundle, key, now=datetime.now(UTC), valid_days=days)
    click.echo(f"{bundle}: {', '.join(item.feed.id for item in manifest.feeds)}; until {manifest.expires:%Y-%m-%d}")


@knowledge.command("import", short_help="Take in a signed bundle.")
@click.argument("bundle", type=click.Path(path_type=Path), metavar="BUNDLE.zip")
@knowledge_option
@language_option
def import_(bundle: Path, knowledge: Path | None, language: str) -> None:
    """Take in a bundle, if a pinned key signed it (see `knowledge trust`) and it has not expired."""
    from leadapron.know.feeds.bundle import import_bundle
    from leadapron.know.feeds.keys import trusted_keys
    from leadapron.report.knowledge import render_update

    store = KnowledgeStore(knowledge_folder(knowledge))
    report = import_bundle(bundle, store, trusted_keys(store), now=datetime.now(UTC))
    render_update(report, Console(), words(language))


@knowledge.command(short_help="Make a key for signing bundles and evidence packs.")
@click.argument("private", type=click.Path(path_type=Path), metavar="PRIVATE.pem")
def keygen(private: Path) -> None:
    """Make a key pair: the private half at PRIVATE.pem (keep it), the public half beside it (give it out)."""
    from leadapron.know.feeds.keys import make_key, spaced

    public, fingerprint = make_key(private)
    click.echo(f"{public}\n{spaced(fingerprint)}")


@knowledge.command(short_help="Pin the public key whose bundles this machine believes.")
@click.argument("public", type=click.Path(path_type=Path), metavar="PUBLIC.pem")
@knowledge_option
def trust(public: Path, knowledge: Path | None) -> None:
    """Pin a public key. Compare the fingerprint that is printed with its owner, by telephone."""
    from leadapron.know.feeds.keys import spaced
    from leadapron.know.feeds.keys import trust as pin

    click.echo(spaced(pin(KnowledgeStore(knowledge_folder(knowledge)), public)))
