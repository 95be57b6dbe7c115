"""Real peers are told no in words of their own; and what is stripped leaves the picture as it was."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from pydicom import dcmread
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, MRImageStorage

from leadapron.model.errors import UsageError
from leadapron.model.events import DicomAssociation, GuardDecision, GuardNotice, ObjectPassed
from tests.guard.dicom.peers import QUICK, SECONDS, free_port, instances, needs, orthanc, run
from tests.guard.peers.archives import keeping
from tests.guard.peers.conftest import StartGuard
from tests.guard.peers.guarding import Guarding, leadapron, listener
from tests.guard.peers.objects import PROPOSED, SYNTAXES, deflated, image, write, written

pytestmark = [
    pytest.mark.enable_socket,
    needs("echoscu", "storescu", "findscu", "movescu", "getscu", "storescp", "Orthanc"),
]

RULES = """
[[rule]]
name = "scanner"
listeners = "archive"
from = "127.0.0.1"
calling = "CT01"
called = "PACS"
allow = ["echo", "store"]
sop_classes = "CT Image Storage"
object_size = "100 KB"

[[rule]]
name = "reading"
listeners = "archive"
from = "127.0.0.1"
calling = "WS01"
called = "PACS"
allow = ["echo", "find", "move"]
destinations = "WS01"
query_levels = ["STUDY", "IMAGE"]
results = 2

[[rule]]
name = "once"
from = "127.0.0.1"
calling = "ONCE"
allow = "echo"
rates = "1 associations/hour"

[[rule]]
name = "named readers"
from = "127.0.0.1"
calling = "NAMED"
allow = "echo"
identity = true

[[rule]]
name = "discs"
from = "127.0.0.1"
calling = "DISC"
hold = "store"

[[rule]]
name = "nothing here"
from = "127.0.0.1"
calling = "NONE"
deny = "store"

[[rule]]
name = "but reading"
from = "127.0.0.1"
calling = "NONE"
allow = "get"

[[rule]]
name = "away"
listeners = "away"
from = "127.0.0.1"
allow = "any"
wide_queries = true

[[rule]]
name = "no private elements"
from = "127.0.0.1"
calling = "US01"
allow = "store"
strip_private = true
keep_private = "GOOD MAKER"
"""


class Case(NamedTuple):
    """One refusal. `tool`: a program of DCMTK and its options; CT, MR and BIG stand for files."""

    tool: str
    calling: str
    reason: str
    words: str
    """Of what the tool says."""
    called: str = "PACS"
    name: str = "archive"
    silent: bool = False
    """The tool prints the status and ends well all the same."""


STUDIES, PATIENT = "-k QueryRetrieveLevel=STUDY -k StudyInstanceUID", "-k PatientID=CANARYID42"
CASES = (
    Case("echoscu", "EVIL", "calling-title", "Reason: Calling AE Title Not Recognized"),
    Case("echoscu", "CT01", "called-title", "Reason: Called AE Title Not Recognized", called="OTHER"),
    Case("echoscu", "NAMED", "identity", "Reason: No Reason"),
    Case("echoscu", "ONCE", "rate", "Reason: Local Limit Exceeded"),
    Case("echoscu", "AWAY", "upstream", "Reason: Local Limit Exceeded", name="away"),
    Case("storescu -v -R MR", "CT01", "no-context", "Association Rejected"),
    Case("storescu -v CT", "WS01", "no-context", "Association Rejected"),
    Case("storescu -v BIG", "CT01", "size", "Peer aborted Association"),
    Case("storescu -v CT", "DISC", "rule", "Refused: OutOfResources"),
    Case("storescu -v CT", "NONE", "rule", "0x124"),
    Case(f"findscu -v -S {STUDIES}", "WS01", "wide-query", "0x124", silent=True),
    Case(f"findscu -v -S -k QueryRetrieveLevel=SERIES {PATIENT}", "WS01", "query-level", "0x124", silent=True),
    Case(f"findscu -v -S -k QueryRetrieveLevel=IMAGE {PATIENT}", "WS01", "results", "OutOfResources", silent=True),
    Case(f"movescu -v -S -aem EVIL {STUDIES} {PATIENT}", "WS01", "destination", "0x124"),
    Case(f"getscu -v -S {STUDIES} {PATIENT}", "WS01", "no-context", "Association Rejected"),
)


class Site:
    guard: Guarding
    kept: Path
    url: str
    files: Mapping[str, Path]

    def there(self, calling: str, name: str = "archive", called: str = "PACS") -> tuple[str | int, ...]:
        """Who calls whom, as DCMTK's tools want it."""
        return "-aet", calling, "-aec", called, "127.0.0.1", self.guard.port(name)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, start_guard: StartGuard) -> Iterator[Site]:
    found, folder = Site(), tmp_path_factory.mktemp("site")
    found.kept = folder / "kept"
    other = image(1)
    other.SOPClassUID = other.file_meta.MediaStorageSOPClassUID = MRImageStorage
    made = {"CT": image(), "MR": other, "BIG": image(2, side=512)}
    found.files = {name: write(one, folder / f"{name}.dcm") for name, one in made.items()}
    with ExitStack() as stack:
        storing = stack.enter_context(keeping(found.kept))
        archive, found.url = stack.enter_context(orthanc(folder / "orthanc", storing))
        for number in range(4):
            httpx.post(f"{found.url}/instances", content=written(image(number))).raise_for_status()
        places = {"archive": archive, "storing": storing, "away": free_port()}
        listeners = "".join(listener(*each) for each in places.items())
        found.guard = start_guard(listeners + RULES, key=folder / "key.pem")
        run("echoscu", *found.there("ONCE"))
        yield found


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.tool.split()[0]}-{case.reason}")
def test_dcmtk_understands(site: Site, case: Case) -> None:
    words = case.tool.split()
    options = [word for word in words[1:] if word not in site.files]
    objects = [site.files[word] for word in words if word in site.files]
    before = instances(site.url)
    with site.guard.watched() as seen:
        code, said = tell(words[0], *options, *site.there(case.calling, case.name, case.called), *objects)
        (refused,) = seen(GuardDecision, 1, lambda event: event.reason == case.reason and event.action != "allow")
        (association,) = seen(DicomAssociation)
    assert case.words in said
    assert (code == 0) is case.silent, said
    assert refused.enforced
    assert (refused.calling_ae_title, refused.called_ae_title) == (case.calling, case.called)
    assert (association.calling_ae_title, association.uid) == (case.calling, refused.uid)
    assert instances(site.url) == before
    assert list(site.kept.iterdir()) == []


def tell(*command: str | int | Path) -> tuple[int, str]:
    """A tool's exit code, and what it said."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=SECONDS, env=QUICK)
    return done.returncode, done.stdout + done.stderr


def test_whoever_breaks_the_glass_is_let_in_and_told_of(site: Site) -> None:
    run("echoscu", *site.there("EVIL"), fails=True)
    with site.guard.watched() as seen:
        leadapron("guard", "break-glass", site.guard.policy, "--person", "Dr Night", "--minutes", "5")
        run("echoscu", *site.there("EVIL"))
        allowed = seen(GuardDecision, 2, lambda event: event.reason == "break-glass")
        (notice,) = seen(GuardNotice, 1, lambda event: event.name == "break-glass.opened")
        leadapron("guard", "break-glass", site.guard.policy, "--person", "Dr Night", "--close")
    assert {event.person for event in allowed} == {"Dr Night"}
    assert (notice.person, notice.alarm) == ("Dr Night", True)
    run("echoscu", *site.there("EVIL"), fails=True)


def test_a_changed_policy_holds_at_once_and_a_broken_one_changes_nothing(site: Site) -> None:
    text = site.guard.policy.read_text()
    run("echoscu", *site.there("NEW1"), fails=True)
    rules = text.partition("[[listener]]")[2] + '[[rule]]\nname = "new"\ncalling = "NEW1"\nallow = "echo"\n'
    site.guard.reload("[[listener]]" + rules)
    run("echoscu", *site.there("NEW1"))
    with pytest.raises(UsageError, match="nonsense"):
        site.guard.reload("[[listener]]" + rules + 'nonsense = "x"\n')
    run("echoscu", *site.there("NEW1"))
    assert site.guard.status()["policy"]["broken"]


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda syntax: syntax.keyword)
def test_private_elements_are_taken_out_and_the_picture_stays(site: Site, tmp_path: Path, syntax: UID) -> None:
    plain = ExplicitVRLittleEndian if syntax == DeflatedExplicitVRLittleEndian else syntax
    one = image(60, syntax=plain, side=300)
    public = list(one)
    one.private_block(0x0009, "GOOD MAKER", create=True).add_new(1, "LO", "KEPT")
    one.private_block(0x0011, "BAD MAKER", create=True).add_new(1, "LO", "GONE")
    one.private_block(0x7FE1, "BAD MAKER", create=True).add_new(1, "OB", bytes(5000))
    file = written(one)
    path = tmp_path / "sent.dcm"
    path.write_bytes(deflated(file) if plain != syntax else file)
    with site.guard.watched() as seen:
        run("storescu", "-R", PROPOSED[syntax], *site.there("US01", "storing"), path)
        (passed,) = seen(ObjectPassed)
    (kept,) = site.kept.iterdir()
    found = dcmread(kept)
    kept.unlink()
    assert passed.altered
    assert found.file_meta.TransferSyntaxUID == syntax
    assert found[0x0009, 0x1001].value in ("KEPT", b"KEPT"), "implicit: no VR tells that it is text"
    assert not any(element.tag.group in (0x0011, 0x7FE1) for element in found)
    assert [element for element in found if not element.tag.is_private] == public
    assert found.PixelData == one.PixelData
