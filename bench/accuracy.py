"""Recall and precision on captures whose truth is known, clean and mangled, and of answers on advisories.

    python -m bench.accuracy [--verbose]

`make accuracy` runs it. Clean captures must score 100 %; what is missed on a mangled copy is explained from the packets
that are left. `department+papers` adds the department's papers (registers, lists, makers' forms) and looks at findings
alone. The answers are those of `bench.answers`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from msgspec import Struct, to_builtins

from bench import answers
from lab import mangle, papers, pcapfile
from leadapron.app import assess_workspace, find_sources, ingest, load_world, seed_of
from leadapron.app.documents import add_document
from leadapron.report import document, encode
from leadapron.rules import load_rules
from leadapron.store import Workspace

CAPTURES = Path(str(files("leadapron.content") / "captures"))
SCENARIOS = ("department", "well_run")
WITH_PAPERS = "department+papers"
MANGLES = (mangle.Kind.LOSS, mangle.Kind.REORDER, mangle.Kind.VLAN, mangle.Kind.CUT)
ATTRIBUTES = ("mac", "hostnames", "ae_titles", "roles", "modalities", "manufacturer", "model", "software_versions",
              "station_names")  # fmt: skip


WRITTEN = ("register=", "list=")
"""Reasons that name what only papers name: a title that nobody uses, a device that is gone."""


class Score(Struct):
    """Hits, misses and false alarms of one kind of thing."""

    hits: int
    missed: list[str]
    extra: list[str]

    @property
    def recall(self) -> float:
        return self.hits / (self.hits + len(self.missed)) if self.hits or self.missed else 1.0

    @property
    def precision(self) -> float:
        return self.hits / (self.hits + len(self.extra)) if self.hits or self.extra else 1.0


class Comparison:
    """One assessment beside the truth of its scenario."""

    def __init__(self, truth: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
        self.truth, self.seen = truth, seen
        by_addresses = {frozenset(asset["addresses"]): asset for asset in seen["assets"]}
        self.matched = {
            asset["name"]: by_addresses[frozenset(asset["addresses"])]
            for asset in truth["assets"]
            if frozenset(asset["addresses"]) in by_addresses
        }
        self.name_of = {asset["id"]: name for name, asset in self.matched.items()}
        self.zone_of = {asset["name"]: asset["zone"] for asset in truth["assets"]}

    def assets(self) -> Score:
        extra = [_label(asset) for asset in self.seen["assets"] if asset["id"] not in self.name_of]
        missed = [asset["name"] for asset in self.truth["assets"] if asset["name"] not in self.matched]
        return Score(len(self.matched), missed, extra)

    def attributes(self) -> Score:
        """Every attribute that the truth states, of every device that was found."""
        score = Score(0, [], [])
        for asset in self.truth["assets"]:
            for attribute in ATTRIBUTES if asset["name"] in self.matched else ():
                expected, got = asset[attribute], self.matched[asset["name"]][attribute]
                if expected is None or (not expected and attribute in ("roles", "modalities")):
                    continue  # the capture does not prove it
                wrong = f"{asset['name']} {attribute}: {got!r}, truth {expected!r}"
                if _same(attribute, expected, got):
                    score.hits += 1
                elif expected and not got:
                    score.missed.append(wrong)
                else:
                    score.extra.append(wrong)
        return score

    def flows(self) -> Score:
        expected = {self._key(flow): flow for flow in self.truth["flows"]}
        seen = {}
        for flow in self.seen["flows"]:
            client, server = self.name_of.get(flow["client"]), self.name_of.get(flow["server"])
            seen[client or flow["client"], server or flow["server"], flow["service"], flow["port"]] = flow
        required = {key for key, flow in expected.items() if not flow.get("optional")}
        score = Score(len(required & seen.keys()), [], [])
        score.missed = [" ".join(map(str, key)) for key in sorted(required - seen.keys(), key=str)]
        score.extra = [" ".join(map(str, key)) for key in sorted(seen.keys() - expected.keys(), key=str)]
        return score

    def flow_facts(self, *, whole: bool) -> Score:
        """Operations, objects and encryption of the flows that were found; of a part of the capture, fewer may do."""
        seen = {self._seen_key(flow): flow for flow in self.seen["flows"]}
        score = Score(0, [], [])
        for truth in self.truth["flows"]:
            flow = seen.get(self._key(truth))
            if flow is None or truth.get("optional"):
                continue
            for fact in ("encrypted", "objects", "operations", "calling_ae_titles", "called_ae_titles"):
                if fact not in truth:
                    continue
                if flow[fact] == truth[fact] or (not whole and _is_part(flow[fact], truth[fact])):
                    score.hits += 1
                else:
                    score.extra.append(
                        f"{' '.join(map(str, self._key(truth)))} {fact}: {flow[fact]}, truth {truth[fact]}"
                    )
        return score

    def findings(self) -> Score:
        concerned = [(finding["rule"], self._concerns(finding)) for finding in self.seen["findings"]]
        findings = self.truth["findings"]
        expected = [(entry["rule"], name) for entry in findings["must"] for name in entry["subjects"]]
        score = Score(0, [], [])
        for rule, name in expected:
            if any(rule == seen and name in names for seen, names in concerned):
                score.hits += 1
            else:
                score.missed.append(f"{rule} {name}")
        allowed = expected + [(entry["rule"], name) for entry in findings["may"] for name in entry["subjects"]]
        for finding, (rule, names) in zip(self.seen["findings"], concerned, strict=True):
            subjects = self._subjects(finding)
            what = f"{rule} {', '.join(sorted(subjects))}"
            if any(
                entry["rule"] == rule and (entry["subjects"] == "*" or subjects & set(entry["subjects"]))
                for entry in findings["must_not"]
            ):
                score.extra.append(f"{what} (must not be)")
            elif not any(rule == wanted and name in names for wanted, name in allowed):
                score.extra.append(what)
        return score

    def exams(self) -> Score:
        seen: dict[str, int] = {}
        for cell in self.seen["utilisation"]:
            seen[cell["modality"]] = seen.get(cell["modality"], 0) + cell["exams"]
        score = Score(0, [], [])
        for modality in sorted({*seen, *self.truth["exams"]}):
            got, expected = seen.get(modality, 0), self.truth["exams"].get(modality, 0)
            score.hits += min(got, expected)
            score.missed += [f"{modality} exam"] * max(0, expected - got)
            score.extra += [f"{modality} exam"] * max(0, got - expected)
        return score

    def scores(self, *, whole: bool = True) -> dict[str, Score]:
        """`whole`: the capture holds all that the truth speaks of."""
        return {
            "assets": self.assets(),
            "attributes": self.attributes(),
            "flows": self.flows(),
            "flow facts": self.flow_facts(whole=whole),
            "findings": self.findings(),
            "exams": self.exams(),
        }

    def _subjects(self, finding: Mapping[str, Any]) -> set[str]:
        """Names of the devices a finding is about; `network` for one about all of it."""
        subject = finding["subject"]
        if subject["type"] == "asset" and subject["id"] in self.name_of:
            return {self.name_of[subject["id"]]}
        names = {name for name, asset in self.matched.items() if set(asset["addresses"]) & set(subject["addresses"])}
        if subject["type"] != "network":
            return names or {subject["label"]}
        written = (reason.partition("=")[2] for reason in finding["reasons"] if reason.startswith(WRITTEN))
        return names | {"network"} | {name for listed in written for name in listed.split(", ")}

    def _concerns(self, finding: Mapping[str, Any]) -> set[str]:
        """Its subjects and the devices at both ends of the flows it rests on."""
        flows = {flow["id"]: flow for flow in self.seen["flows"]}
        ends = {flows[one][end] for one in finding["flows"] if one in flows for end in ("client", "server")}
        return self._subjects(finding) | {self.name_of[end] for end in ends if end in self.name_of}

    def _key(self, flow: Mapping[str, Any]) -> tuple[str, str, str, int]:
        return flow["client"], flow["server"], flow["service"], flow["port"]

    def _seen_key(self, flow: Mapping[str, Any]) -> tuple[Any, ...]:
        return self.name_of.get(flow["client"]), self.name_of.get(flow["server"]), flow["service"], flow["port"]


def _same(attribute: str, expected: Any, got: Any) -> bool:
    if attribute in ("hostnames", "roles"):
        # More names and roles than the truth lists are no mistake; a missing one is. Domains do not count.
        return {one.lower().split(".")[0] for one in expected} <= {one.lower().split(".")[0] for one in got}
    if isinstance(expected, list):
        return sorted(expected) == sorted(got)
    return bool((expected or "") == got)


def _is_part(got: Any, expected: Any) -> bool:
    """Could what was seen be a part of what was there?"""
    if isinstance(expected, dict):
        return all(count <= expected.get(name, 0) for name, count in got.items())
    if isinstance(expected, list):
        return set(got) <= set(expected)
    return not isinstance(expected, bool) and bool(got <= expected)


def _label(asset: Mapping[str, Any]) -> str:
    return " ".join(asset["addresses"]) or str(asset["id"])


def assess(capture: Path, documents: Iterable[Path] = ()) -> dict[str, Any]:
    """The JSON document of one capture and these papers, as `leadapron assess --json` writes it."""
    sources = find_sources([str(capture)])
    with Workspace.ephemeral(seed_of(sources)) as workspace:
        ingest(workspace, sources)
        now = datetime.now(UTC)
        for path in documents:
            add_document(workspace, path, now=now)
        rules = load_rules()
        assessment = assess_workspace(workspace, rules, load_world(), now=now)
        result: dict[str, Any] = json.loads(encode(document(assessment, rules, "en")))
    return result


def copies(capture: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """The capture and its mangled copies."""
    yield "clean", capture
    packets = pcapfile.read(capture)
    for kind in MANGLES:
        target = folder / f"{capture.name.split('.')[0]}-{kind.value}.pcap"
        pcapfile.write(target, mangle.mangle(kind, packets))
        yield kind.value, target


def explain(kind: str, missed: Iterable[str], comparison: Comparison, clean: Comparison) -> Iterator[str]:
    """Why something is missing on a mangled copy, from the packets that are left of it."""
    before = {clean._seen_key(flow): flow for flow in clean.seen["flows"]}
    after = {comparison._seen_key(flow): flow for flow in comparison.seen["flows"]}
    for what in missed:
        words = what.split(" ")
        flow = next((before[key] for key in before if [str(part) for part in key] == words), None)
        if flow is None:
            yield f"{what}: rests on packets that {kind} removed"
        elif not any(key[:2] == tuple(words[:2]) and str(key[3]) == words[3] for key in after):
            yield f"{what}: {flow['connections']} conversations, none left after {kind}"
        else:
            yield f"{what}: seen, but the packets that name the protocol were removed by {kind}"


def truth_of(name: str) -> dict[str, Any]:
    """What the capture of that name proves."""
    told: dict[str, Any] = json.loads((CAPTURES / f"{name}.truth.json").read_bytes())
    return told


def with_papers() -> Score:
    """How well findings agree with what the department's capture and its papers show together."""
    truth, revealed = truth_of("department"), papers.load_papers().expect
    for kind, rows in (("must", revealed.must), ("must_not", revealed.must_not), ("may", revealed.may)):
        truth["findings"][kind] += [to_builtins(row) for row in rows]
    shipped = sorted(path for path in papers.SHIPPED.iterdir() if path.suffix in (".csv", ".xlsx"))
    return Comparison(truth, assess(CAPTURES / "department.pcapng.zst", shipped)).findings()


def run(names: Sequence[str], *, verbose: bool) -> bool:
    """Print the table; True when every clean capture is right in everything."""
    perfect = True
    print("| capture | copy | what | recall | precision |\n|-|-|-|-|-|")
    notes: list[str] = []
    for name in names:
        if name == WITH_PAPERS:
            score = with_papers()
            print(f"| {name} | clean | findings | {score.recall:.1%} | {score.precision:.1%} |")
            perfect &= not score.missed and not score.extra
            notes += [f"{name}: missed {one}" for one in score.missed] + [f"{name}: extra {one}" for one in score.extra]
            continue
        truth = truth_of(name)
        with tempfile.TemporaryDirectory() as scratch:
            clean: Comparison | None = None
            for kind, capture in copies(CAPTURES / f"{name}.pcapng.zst", Path(scratch)):
                comparison = Comparison(truth, assess(capture))
                clean = clean or comparison
                for what, score in comparison.scores(whole=kind not in ("loss", "cut")).items():
                    print(f"| {name} | {kind} | {what} | {score.recall:.1%} | {score.precision:.1%} |")
                    if kind == "clean":
                        perfect &= not score.missed and not score.extra
                        notes += [f"{name} clean {what}: missed {one}" for one in score.missed]
                    else:
                        notes += [
                            f"{name} {kind} {what}: missed {one}"
                            for one in explain(kind, score.missed, comparison, clean)
                        ]
                    notes += [f"{name} {kind} {what}: extra {one}" for one in score.extra]
    if verbose or not perfect:
        print()
        for note, times in Counter(notes).items():
            print(note if times == 1 else f"{note} (× {times})")
    return perfect


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--verbose", action="store_true", help="list each miss and each false alarm")
    parser.add_argument("scenarios", nargs="*", default=(*SCENARIOS, WITH_PAPERS))
    options = parser.parse_args()
    perfect = run(options.scenarios, verbose=options.verbose)
    print("\n# Answers on advisories\n")
    safe = answers.run(verbose=options.verbose)
    sys.exit(0 if perfect and safe else 1)


if __name__ == "__main__":
    main()
