"""From a scenario to a capture: wire, start, record, act, stop, and say how it was made."""

import hashlib
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

from lab import fabric, machine, namespaces
from lab.activities import AnyActivity
from lab.namespaces import LabError
from lab.scenario import Scenario, timetable
from lab.services import wait_for
from lab.site import Site, stopping

PACKAGES = Path(__file__).with_name("packages.txt")


@dataclass(frozen=True, kw_only=True)
class Built:
    """What a run left: files, and what did not go as planned."""

    capture: Path
    journal: Path
    provenance: Path
    problems: tuple[str, ...]


def missing() -> list[str]:
    """What this machine lacks to run the lab, in words."""
    lacks = [] if os.geteuid() == 0 else ["root"]
    lacks += [f"program {name}" for name in _PROGRAMS if not shutil.which(name, path=_PATH)]
    return lacks


LAST_ACTIVITY = 90.0  # seconds that the last activities get to end
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_PROGRAMS = (
    *("ip", "ethtool", "unshare", "dumpcap", "Orthanc", "storescp", "storescu", "dcmqrscp", "echoscu", "smbd"),
    *("smbclient", "nbtscan", "xrdp", "Xvnc", "nmap", "vsftpd", "inetutils-inetd", "telnetd", "telnet", "sshd"),
    *("sshpass", "dnsmasq", "udhcpc", "dig", "chronyd", "rsyslogd", "snmpd", "snmpget", "nginx", "curl", "psql"),
    *("ping", "setpriv"),
)


def build(scenario: Scenario, out: Path, *, pace: float, keep: bool = False) -> Built:
    """Run the scenario `pace` times faster than written; leave its capture and papers in `out`.

    Raises LabError when the machine lacks something or a server does not come up.
    """
    if lacks := missing():
        raise LabError(f"the lab needs: {', '.join(lacks)} (Debian packages: {PACKAGES.name})")
    out.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="lab-", dir="/tmp"))
    folder.chmod(0o755)
    capture = out / f"{scenario.name}.pcapng"
    started = datetime.now(UTC)
    try:
        site = Site(scenario, folder, pace, prefix=f"la{os.getpid()}")
        machine.write(folder / "etc", scenario)
        with fabric.wired(site) as (switch, router), stopping(site), _recording(scenario, switch, capture):
            _start_services(site, router)
            _act(site)
            site.pause(3)
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    return _papers(site, out, capture, started)


@contextmanager
def _recording(scenario: Scenario, switch: str, capture: Path) -> Iterator[None]:
    """Capture every mirrored zone into one pcapng; between zones a packet is seen twice, as on a real mirror."""
    words = ["dumpcap", "-q", "-w", str(capture)]
    for zone in scenario.zones:
        words += ["-i", fabric.bridge(zone)] if zone.mirrored else []
    with namespaces.inside(switch):
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    time.sleep(1.5)
    if process.poll() is not None:
        raise LabError(f"dumpcap: {process.stderr.read().decode() if process.stderr else ''}")
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


def _start_services(site: Site, router: str) -> None:
    for host in site.hosts.values():
        for service in host.device.services:
            service.start(host)
            if service.protocol == "dns":
                fabric.relay_dhcp(site, router, host.address)
    for host in site.hosts.values():
        for service in host.device.services:
            if not service.datagram and not wait_for(host, service):
                logs = "".join(path.read_text(errors="replace")[-600:] for path in host.folder.glob("*.log"))
                raise LabError(f"{host.name}: nothing listens on {service.port}\n{logs}")
    time.sleep(2)


def _act(site: Site) -> None:
    """Run the timetable; each activity in a thread of its own, so a slow one delays nobody."""
    start = time.monotonic()
    threads = []
    for at, activity in timetable(site.scenario, site.pace):
        time.sleep(max(0.0, start + at - time.monotonic()))
        thread = threading.Thread(target=_run_one, args=(site, activity), daemon=True)
        thread.start()
        threads.append(thread)
    limit = time.monotonic() + LAST_ACTIVITY
    for thread in threads:
        thread.join(timeout=max(0.0, limit - time.monotonic()))
    time.sleep(max(0.0, start + site.scenario.duration / site.pace - time.monotonic()))


def _run_one(site: Site, activity: AnyActivity) -> None:
    name = type(activity).__struct_config__.tag
    try:
        activity.run(site, site.host(activity.who))
    except Exception as error:  # noqa: BLE001  (top of a worker: one failed activity must not stop the department)
        site.problems.append(f"{activity.who} {name} {activity.to}: {type(error).__name__}: {error}")


def _papers(site: Site, out: Path, capture: Path, started: datetime) -> Built:
    journal = out / f"{site.scenario.name}.journal.jsonl"
    journal.write_bytes(b"".join(msgspec.json.encode(record) + b"\n" for record in site.journal))
    facts = {
        "scenario": site.scenario.name,
        "command": f"python -m lab build lab/{site.scenario.name}.toml --pace {site.pace:g}",
        "started": started.isoformat(timespec="seconds"),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "capture": {"file": capture.name, "bytes": capture.stat().st_size, "sha256": digest(capture)},
        "software": software(),
        "problems": site.problems,
    }
    provenance = out / f"{site.scenario.name}.provenance.json"
    provenance.write_bytes(msgspec.json.format(msgspec.json.encode(facts), indent=1))
    return Built(capture=capture, journal=journal, provenance=provenance, problems=tuple(site.problems))


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def software() -> dict[str, str]:
    """Versions of everything that spoke on the lab's network."""
    names = PACKAGES.read_text().split()
    form = "${Package} ${Version}\n"
    done = subprocess.run(["dpkg-query", "-W", "-f", form, *names], capture_output=True, text=True, check=False)
    rows = [row.split() for row in done.stdout.splitlines()]
    found = {row[0]: row[1] for row in rows if len(row) == 2}
    return found | {name: version(name) for name in ("pynetdicom", "pydicom")} | {"linux": os.uname().release}
