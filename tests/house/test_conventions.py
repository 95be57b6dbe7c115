"""What the conventions say holds for every file: size, purity, nothing of the machine it was written on."""

import ast
import re
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.tracked import ROOT, files, shown, texts

MODULES = [path for path in files() if path.suffix == ".py" and path.is_relative_to(ROOT / "src")]
MAX_LINES = 400

PURE_ROOMS = (
    "see/wire",
    "see/inventory",
    "rules",
    "assess",
    "whatif",
    "guard/policy",
    "guard/dicom",
    "guard/hl7",
    "guard/inspect",
    "guard/audit/messages",
)
READS_A_CLOCK = {"now", "utcnow", "today"}

HERE = {ROOT, ROOT.parent, Path.home(), Path(sys.prefix)} - {Path("/"), Path(tempfile.gettempdir())}
MACHINE_PATHS = re.compile(
    r"(?:" + "|".join(re.escape(str(path)) for path in sorted(HERE)) + r")/[\w.]|/(?:home|Users)/\w+/"
)
REGISTRIES = re.compile(
    r"\b(?:pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|deb\.debian\.org|archive\.ubuntu\.com|crates\.io)\b"
    r"|(?:--(?:extra-)?index-url|--find-links)\b(?=[ =]\S+:/)"
)


@pytest.mark.parametrize("module", MODULES, ids=shown)
def test_a_module_fits_one_head(module: Path) -> None:
    lines = len(module.read_text(encoding="utf-8").splitlines())
    assert lines < MAX_LINES, f"{lines} lines: split it"


@pytest.mark.parametrize("module", MODULES, ids=shown)
def test_a_module_says_what_it_is_for(module: Path) -> None:
    assert ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    assert not [shown(module) for module in MODULES if module.stem in {"utils", "util", "helpers", "common", "misc"}]


@pytest.mark.parametrize("room", PURE_ROOMS)
def test_a_pure_room_never_asks_the_time(room: str) -> None:
    """Import-linter forbids ``time``; ``datetime`` is needed for values, so its clock is forbidden here."""
    asked = [
        f"{shown(module)}:{node.lineno}"
        for module in MODULES
        if module.is_relative_to(ROOT / "src/leadapron" / room)
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in READS_A_CLOCK
        and isinstance(node.func.value, ast.Name | ast.Attribute)
        and "date" in ast.unparse(node.func.value)
    ]
    assert not asked


def test_nothing_tells_of_the_machine_it_was_made_on() -> None:
    told = [
        f"{shown(path)}:{number}"
        for path, text in texts()
        if path != Path(__file__)
        for number, line in enumerate(text.splitlines(), start=1)
        if MACHINE_PATHS.search(line) or REGISTRIES.search(line)
    ]
    assert not told


def test_no_captured_file_is_committed_outside_its_place() -> None:
    """Captures could hold a patient's data: they live only where their provenance does."""
    homes = (ROOT / "src/leadapron/content/captures", ROOT / "tests/captures")
    captures = [path for path in files() if re.search(r"\.(?:pcap|pcapng|cap|erf)(?:\.\w+)?$", path.name)]
    assert not [shown(path) for path in captures if not any(path.is_relative_to(home) for home in homes)]


def locked(name: str) -> dict[str, str]:
    """Package → its entry in a lock file, hashes included."""
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    return {re.split(r"[=@ \[]", entry)[0]: entry for entry in entries}


def declared(*extras: str) -> set[str]:
    """Packages that ``pyproject.toml`` asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [
        *project["dependencies"],
        *(one for extra in extras for one in project["optional-dependencies"][extra]),
    ]
    return {canonicalize_name(Requirement(one).name) for one in asked}


@pytest.mark.parametrize(
    ("lock", "extras"),
    [
        ("requirements.lock", ("build",)),
        ("requirements-dev.lock", ("build", "dev")),
        ("requirements-fuzz.lock", ("build", "dev", "fuzz")),
    ],
)
def test_every_dependency_is_locked_with_a_hash_and_no_address(lock: str, extras: tuple[str, ...]) -> None:
    entries = locked(lock)
    assert declared(*extras) <= set(entries), "run `make lock`"
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries.values())
    assert not any("://" in entry or "@ " in entry for entry in entries.values())


def test_developing_runs_the_versions_that_users_run() -> None:
    users, developers = locked("requirements.lock"), locked("requirements-dev.lock")

    def version(entry: str) -> str:
        return entry.split("==")[1].split()[0]

    assert {name: version(entry) for name, entry in users.items()} == {
        name: version(developers[name]) for name in users
    }
