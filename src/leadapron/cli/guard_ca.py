"""`leadapron guard ca`: certificates for a department that has no authority of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from leadapron.cli.output import local_zone
from leadapron.model.errors import UsageError
from leadapron.report.hostile import visible

_folder = click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
_passphrase = click.option(
    "--passphrase-file",
    "passphrase_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File that holds the passphrase of the authority's key; without it, it is asked for.",
)
_unlocked = click.option("--no-passphrase", "unlocked", is_flag=True, help="The authority's key has no passphrase.")


@click.group(short_help="Certificates for a small department.")
def ca() -> None:
    """A small certificate authority in a folder, for departments without one. Keep the folder on a machine that is not
    on the network of devices, and a copy of it elsewhere."""


def _secret(file: Path | None, *, unlocked: bool, new: bool = False) -> str:
    if unlocked:
        return ""
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{file}: the passphrase cannot be read ({type(error).__name__})") from error
    return str(click.prompt("Passphrase", hide_input=True, confirmation_prompt=new, err=True))


@ca.command(short_help="Make a new authority.")
@_folder
@click.argument("name", metavar="NAME")
@click.option("--years", default=15, show_default=True, help="Years the authority lives.")
@_passphrase
@_unlocked
def create(folder: Path, name: str, years: int, passphrase_file: Path | None, unlocked: bool) -> None:
    """Make an authority called NAME in a new FOLDER."""
    from leadapron.guard.authority import Authority

    secret = _secret(passphrase_file, unlocked=unlocked, new=True)
    authority = Authority.create(folder, name, now=datetime.now(UTC), passphrase=secret, years=years)
    click.echo(visible(str(authority.certificate_file)))


@ca.command(short_help="Give a device a key and a certificate.")
@_folder
@click.argument("name", metavar="NAME")
@click.option("--host", "hosts", multiple=True, metavar="ADDRESS", help="Address or name it is called by; repeatable.")
@click.option("--days", default=730, show_default=True, help="Days the certificate lives.")
@click.option("--usage", type=click.Choice(["both", "client", "server"]), default="both", show_default=True)
@click.option(
    "--key", "kind", type=click.Choice(["ec-p256", "rsa-2048", "rsa-3072"]), default="ec-p256", show_default=True
)
@_passphrase
@_unlocked
def issue(
    folder: Path,
    name: str,
    hosts: tuple[str, ...],
    days: int,
    usage: str,
    kind: str,
    passphrase_file: Path | None,
    unlocked: bool,
) -> None:
    """Give the device NAME a key and a certificate of the authority in FOLDER."""
    from leadapron.guard.authority import Authority, KeyKind, Usage

    issued = Authority(folder).issue(
        name,
        now=datetime.now(UTC),
        passphrase=_secret(passphrase_file, unlocked=unlocked),
        hosts=hosts,
        days=days,
        usage=Usage(usage),
        kind=KeyKind(kind),
    )
    click.echo(visible(str(issued.certificate)))


@ca.command(short_help="A new key and certificate for a device.")
@_folder
@click.argument("name", metavar="NAME")
@click.option("--days", default=730, show_default=True, help="Days the certificate lives.")
@_passphrase
@_unlocked
def renew(folder: Path, name: str, days: int, passphrase_file: Path | None, unlocked: bool) -> None:
    """A new key and certificate for NAME; the old one stays valid until it ends or is revoked."""
    from leadapron.guard.authority import Authority

    secret = _secret(passphrase_file, unlocked=unlocked)
    renewed = Authority(folder).renew(name, now=datetime.now(UTC), passphrase=secret, days=days)
    click.echo(visible(str(renewed.certificate)))


@ca.command(short_help="Refuse a device's certificates from now on.")
@_folder
@click.argument("name", metavar="NAME")
@_passphrase
@_unlocked
def revoke(folder: Path, name: str, passphrase_file: Path | None, unlocked: bool) -> None:
    """Put all certificates of NAME, or the one of a serial number, on the authority's list of revoked ones."""
    from leadapron.guard.authority import Authority

    authority = Authority(folder)
    secret = _secret(passphrase_file, unlocked=unlocked)
    for entry in authority.revoke(name, now=datetime.now(UTC), passphrase=secret):
        click.echo(visible(f"{entry.name}  {entry.serial}"))
    click.echo(visible(str(authority.revoked_file)))


@ca.command("list", short_help="What was issued, and when it ends.")
@_folder
def list_issued(folder: Path) -> None:
    """Everything the authority in FOLDER issued, with the day on which it ends."""
    from leadapron.guard.authority import Authority

    zone = local_zone()
    for entry in Authority(folder).issued():
        ends = f"{entry.end.astimezone(zone):%Y-%m-%d}"
        revoked = f"  revoked {entry.revoked.astimezone(zone):%Y-%m-%d}" if entry.revoked else ""
        click.echo(visible(f"{ends}  {entry.name}  {entry.usage}  {', '.join(entry.hosts)}  {entry.serial}{revoked}"))
