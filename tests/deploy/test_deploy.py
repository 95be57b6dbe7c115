"""What is shipped to run the guard: unit, container, alerts, HAProxy. Judged by the programs that will read it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import trustme
import yaml

from leadapron.guard.shell.metrics import SERIES
from leadapron.guard.tls import CIPHERS, Profile

DEPLOY = Path(__file__).parents[2] / "deploy"
ROOT = DEPLOY.parent
UNIT = DEPLOY / "leadapron-guard.service"

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


def run(*command: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


@needs_systemd
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    here = tmp_path / UNIT.name  # where the program really is, which verify looks for
    here.write_text(re.sub(r"/opt/leadapron/bin/leadapron", sys.executable, UNIT.read_text(encoding="utf-8")))
    verified = run("systemd-analyze", "verify", str(here))
    assert verified.returncode == 0
    assert verified.stderr == ""


@needs_systemd
def test_the_sandbox_is_tight() -> None:
    graded = run("systemd-analyze", "security", "--offline=yes", "--threshold=16", str(UNIT))
    if "nrecognized option" in graded.stderr or "Unknown" in graded.stderr:
        pytest.skip("this systemd cannot grade a file (older than 250)")
    assert graded.returncode == 0, graded.stdout[-300:]


EXECUTES = """
import ctypes
PR_SET_MDWE, REFUSE_EXEC_GAIN = 65, 1
if ctypes.CDLL(None).prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0):
    raise SystemExit(77)
import yara_x
yara_x.compile("rule anything { condition: true }").scan(b"")
"""


def test_memory_that_is_written_and_executed_is_allowed_because_yara_needs_it() -> None:
    """Linux 6.3 forbids it to a process that asks for that. When this test fails, the unit can say `yes`."""
    tried = run(sys.executable, "-c", EXECUTES)
    if tried.returncode == 77:
        pytest.skip("this kernel cannot forbid it (older than 6.3)")
    assert "memory executable" in tried.stderr
    assert "\nMemoryDenyWriteExecute=no\n" in UNIT.read_text(encoding="utf-8")


def test_alerts_name_metrics_that_exist() -> None:
    text = (DEPLOY / "prometheus-alerts.yml").read_text(encoding="utf-8")
    known = {f"leadapron_guard_{series.name}{'_total' if series.counter else ''}" for series in SERIES}
    (group,) = yaml.safe_load(text)["groups"]
    for alert in group["rules"]:
        assert alert["annotations"]["summary"]
        assert alert["labels"]["severity"] in ("warning", "critical")
        assert set(re.findall(r"leadapron_guard_\w+", alert["expr"])) <= known


@pytest.mark.skipif(not shutil.which("haproxy"), reason="haproxy is not installed")
def test_haproxy_reads_its_recipe(tmp_path: Path) -> None:
    text = (DEPLOY / "haproxy-tls.cfg").read_text(encoding="utf-8")
    suites = re.search(r"ssl-default-bind-ciphers (\S+)", text)
    assert suites is not None
    assert tuple(suites[1].split(":")) == CIPHERS[Profile.BCP195]
    ca = trustme.CA()
    (tmp_path / "guard.pem").write_bytes(ca.issue_cert("guard").private_key_and_cert_chain_pem.bytes())
    (tmp_path / "devices.pem").write_bytes(ca.cert_pem.bytes())
    text = text.replace("crl-file /etc/haproxy/devices.crl", "").replace("/etc/haproxy", str(tmp_path))
    (tmp_path / "haproxy.cfg").write_text(text)
    checked = run("haproxy", "-c", "-f", str(tmp_path / "haproxy.cfg"))
    assert checked.returncode == 0, checked.stderr


def test_the_container_is_not_root_and_its_files_are_enough(tmp_path: Path) -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    assert re.findall(r"^FROM (\S+)", text, flags=re.MULTILINE) == ["python:3.13-slim", "python:3.13-slim"]
    user = re.search(r"^USER (\d+):(\d+)$", text, flags=re.MULTILINE)
    assert user is not None
    assert int(user[1]) > 0
    assert "--require-hashes" in text
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", text, flags=re.MULTILINE):
        for name in line.split():
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, tmp_path)
    wheel = "import os, sys; os.chdir(sys.argv[1]); from hatchling.build import build_wheel; print(build_wheel('.'))"
    built = run(sys.executable, "-c", wheel, str(tmp_path))
    assert built.stdout.strip().endswith(".whl"), built.stderr


@pytest.mark.skipif(not shutil.which("nft"), reason="nftables is not installed")
def test_nftables_reads_the_bypass() -> None:
    checked = run("nft", "-c", "-f", str(DEPLOY / "bypass.nft"))
    if "Operation not permitted" in checked.stderr:
        pytest.skip("nft checks rules for root only")
    assert checked.returncode == 0, checked.stderr
