"""Rule files to `Rule`s: whatever is wrong is refused at once, naming the file, the line and the key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable
from typing import Any

import msgspec
import yaml

from leadapron.model.content import path_first, shipped
from leadapron.model.errors import ContentError
from leadapron.model.findings import Severity
from leadapron.rules import sigma
from leadapron.rules.controls import Framework, load_controls
from leadapron.rules.lint import problems
from leadapron.rules.rule import Category, Extension, Rule

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # PyYAML without libyaml: the same, slower
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

PRODUCT = "leadapron"
_LEVELS = {"informational": Severity.INFO}


def load_rules(folder: Traversable | None = None) -> tuple[Rule, ...]:
    """The weakness rules by name, from packaged content unless `folder` is given.

    Raises `ContentError` for the first rule that is not valid, complete and true to its samples.
    """
    root = folder or shipped("rules", "weakness")
    controls = load_controls()
    entries = sorted((e for e in root.iterdir() if e.name.endswith(".yml")), key=lambda e: e.name)
    rules = tuple(read_rule(entry, controls) for entry in entries)
    seen: dict[str, str] = {}
    for entry, rule in zip(entries, rules, strict=True):
        for key in (rule.name, rule.id):
            if key in seen:
                raise ContentError(f"{entry.name}: {key} is already used by {seen[key]}")
            seen[key] = entry.name
    return rules


def read_rule(entry: Traversable, controls: Mapping[str, Framework]) -> Rule:
    """One rule file. Raises `ContentError`."""
    text = entry.read_text("utf-8")
    document, lines = _document(entry.name, text)
    try:
        rule = _rule(document)
    except sigma.UnsupportedError as error:
        raise ContentError(_where(entry.name, lines, str(error))) from error
    except msgspec.ValidationError as error:
        raise ContentError(_where(entry.name, lines, path_first(str(error)))) from error
    if rule.name != entry.name.removesuffix(".yml"):
        raise ContentError(_where(entry.name, lines, f"name: {rule.name!r} differs from the file's name"))
    for problem in problems(rule, controls):
        raise ContentError(_where(entry.name, lines, problem))
    return rule


def _rule(document: Mapping[str, Any]) -> Rule:
    parsed = sigma.parse(document)
    source = parsed.logsource
    if source.product != PRODUCT or source.category not in set(Category):
        raise sigma.UnsupportedError(
            f"logsource: product {PRODUCT} and category {', '.join(Category)} expected, "
            f"not {source.product}/{source.category}"
        )
    ours = msgspec.convert(parsed.custom_attributes, Extension)
    unknown = sorted(set(parsed.custom_attributes) - set(Extension.__struct_fields__))
    if unknown:
        raise sigma.UnsupportedError(f"{unknown[0]}: no such key")
    if not (parsed.name and parsed.level and parsed.id and parsed.status and parsed.description):
        raise sigma.UnsupportedError("name, id, status, description and level are required")
    level = parsed.level.name.lower()
    return Rule(
        **msgspec.structs.asdict(ours),
        name=parsed.name,
        id=str(parsed.id),
        title=parsed.title,
        description=parsed.description,
        status=parsed.status.name.lower(),
        level=_LEVELS.get(level) or Severity(level),
        category=Category(source.category),
        condition=sigma.compile_detection(parsed),
        tags=tuple(str(tag) for tag in parsed.tags),
        false_positives=tuple(parsed.falsepositives),
        references=tuple(parsed.references),
    )


def _document(name: str, text: str) -> tuple[dict[str, Any], dict[str, int]]:
    """The parsed file and the line of every key path. A key given twice is an error: YAML keeps the last in silence."""
    try:
        loader = Loader(text)
        root = loader.get_single_node()
        document = loader.construct_document(root) if root else None
    except yaml.YAMLError as error:
        raise ContentError(f"{name}: not readable as YAML: {error}") from error
    if root is None or not isinstance(document, dict):
        raise ContentError(f"{name}: a mapping of Sigma keys expected")
    lines: dict[str, int] = {}
    for path, line in _paths(root, ""):
        if path in lines:
            raise ContentError(f"{name}:{line}: {path} is given twice (first in line {lines[path]})")
        lines[path] = line
    return document, lines


def _paths(node: yaml.Node, prefix: str) -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            path = f"{prefix}.{key.value}" if prefix else str(key.value)
            yield path, key.start_mark.line + 1
            yield from _paths(value, path)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            path = f"{prefix}[{index}]"
            yield path, value.start_mark.line + 1
            yield from _paths(value, path)


def _where(name: str, lines: Mapping[str, int], problem: str) -> str:
    """Put file and line before a problem that starts with a key path (its longest known beginning is used)."""
    path = problem.split(": ", 1)[0]
    while path:
        if path in lines:
            return f"{name}:{lines[path]}: {problem}"
        path = path.rpartition(".")[0] if "[" not in path.rpartition(".")[2] else path.rpartition("[")[0]
    return f"{name}: {problem}"
