"""Configuration files as they are written, before YAML makes a dictionary of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from workflow.consistency import ConfigurationError

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def single_keys_or_stop(paths: Iterable[str | Path]) -> None:
    """End the program with one line and status 1 if a key stands twice in one of the files.

    YAML would keep the last one and say nothing.
    """
    for path in filter(Path.is_file, map(Path, paths)):  # a pipe has been read
        try:
            require_single_keys(path)
        except ConfigurationError as error:
            raise SystemExit(f"configuration: {error}") from None


def require_single_keys(path: Path) -> None:
    """ConfigurationError if a mapping of the file has a key twice."""
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=Loader)
    except yaml.YAMLError:
        return  # JSON that is no YAML, or Snakemake would have refused it
    for mapping in _mappings(root):
        first: dict[str, int] = {}
        for key, _ in mapping.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
                continue
            if key.value in first:
                raise ConfigurationError(
                    f"{path}, line {line}: the key {key.value} is there already, in line "
                    f"{first[key.value]}, expected once; keep one of the two"
                )
            first[key.value] = line


def _mappings(root: yaml.Node | None) -> Iterator[yaml.MappingNode]:
    """Each mapping once, however often it is referred to."""
    left, seen = [root], set()
    while left:
        node = left.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            yield node
            left += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            left += node.value
