"""The guard's commands that need no running guard, as the how-to uses them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.running import done, refused, run
from tests.cli.test_whatif import DEPARTMENT

POLICY = """
[guard]
name = "front"
state = "state"

[[listener]]
name = "pacs"
speaks = "dicom"
listen = "127.0.0.1:11112"
upstream = "127.0.0.1:11113"
fail = "closed"

[[rule]]
name = "CT 1"
from = "192.0.2.31"
calling = "CT1"
allow = ["echo", "store"]
sop_classes = "CT Image Storage"
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("guard") / "ws"
    done("assess", DEPARTMENT, "--workspace", folder)
    return folder


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "guard.toml"
    path.write_text(POLICY)
    return path


def test_a_suggested_policy_refuses_the_attack_of_the_capture_and_nothing_else(workspace: Path, tmp_path: Path) -> None:
    policy = tmp_path / "guard.toml"
    assert str(policy) in done("guard", "suggest", policy, "--workspace", workspace)
    assert "guard.toml" in done("guard", "check", policy)
    replay = json.loads(done("guard", "replay", DEPARTMENT, policy, "--json"))
    assert replay["connections"] > 100
    against = [one for one in replay["answers"] if one["action"] != "allow" and one["shadow"]]
    assert {(one["client"], one["command"]) for one in against} >= {
        ("10.20.10.200", "C-FIND"),
        ("10.20.10.200", "C-MOVE"),
    }
    assert not [one for one in against if one["command"] == "C-STORE"], "images go on"
    enforced = policy.read_text(encoding="utf-8").replace("shadow = true\n", "")
    policy.write_text(enforced, encoding="utf-8")
    stopped = json.loads(done("guard", "replay", DEPARTMENT, policy, "--json"))
    assert stopped["refused"] > replay["refused"]
    used = {one["client"] for one in stopped["answers"] if one["refused"] and one["command"]}
    assert used <= {"10.20.10.200", "10.20.40.21"}, "whoever did something, and was not the intruder, still may"


def test_a_policy_is_not_overwritten(workspace: Path, policy: Path) -> None:
    assert "--force" in refused("guard", "suggest", policy, "--workspace", workspace)
    done("guard", "suggest", policy, "--workspace", workspace, "--force")


def test_every_mistake_is_named_with_its_line(policy: Path) -> None:
    policy.write_text(POLICY.replace("allow =", "alow =").replace('fail = "closed"', ""), encoding="utf-8")
    said = run("guard", "check", policy).stderr
    assert "guard.toml:6:" in said
    assert "alow" in said
    assert "guard.toml" in run("guard", "check", policy, "--lang", "fr").stderr


def test_the_rule_that_decides_is_told(policy: Path) -> None:
    allowed = done("guard", "explain", policy, "CT1@192.0.2.31", "store", "--sop-class", "CT Image Storage")
    assert "→" in allowed
    denied = done("guard", "explain", policy, "CT9@192.0.2.31", "store", "--sop-class", "CT Image Storage")
    assert "→" not in denied
    assert "CT9" in denied
    assert "association" in refused("guard", "explain", policy, "CT1@192.0.2.31", "steal")
    assert "name" in refused("guard", "explain", policy, "CT1@192.0.2.31", "store", "--sop-class", "CT")


@pytest.mark.enable_socket  # the control socket is a UNIX one
def test_who_asks_where_no_guard_runs_is_told_so(policy: Path) -> None:
    for command in (("status",), ("reload",), ("break-glass", "--person", "A. Martin", "--minutes", "5")):
        assert "running" in refused("guard", command[0], policy, *command[1:])


def test_the_quarantine_opens_with_its_key_only(policy: Path, tmp_path: Path) -> None:
    key = tmp_path / "quarantine.key"
    assert str(key) in done("guard", "quarantine", "init", policy, key)
    assert "empty" in done("guard", "quarantine", "list", policy)
    assert json.loads(done("guard", "quarantine", "list", policy, "--json")) == []
    assert "already" in refused("guard", "quarantine", "init", policy, tmp_path / "other.key")


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed: apt install openssl")
def test_an_authority_issues_renews_and_revokes(tmp_path: Path) -> None:
    folder, secret = tmp_path / "ca", tmp_path / "secret"
    secret.write_text("correct horse battery\n", encoding="utf-8")
    pass_option = ("--passphrase-file", secret)
    authority = Path(done("guard", "ca", "create", folder, "Radiology", *pass_option).strip())
    issued = Path(done("guard", "ca", "issue", folder, "pacs", "--host", "192.0.2.10", *pass_option).strip())
    verified = subprocess.run(
        ["openssl", "verify", "-CAfile", authority, issued], capture_output=True, text=True, check=False
    )
    assert verified.returncode == 0, verified.stderr
    done("guard", "ca", "renew", folder, "pacs", *pass_option)
    done("guard", "ca", "revoke", folder, "pacs", *pass_option)
    assert "revoked" in done("guard", "ca", "list", folder)
