"""Specifications: a mapping with a `type` and that type's options, as in `{type: gwrp, decay: 1}`.

Networks and poolings each have a registry from type to builder; a builder's keyword arguments
are the options.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

Built = TypeVar("Built")


def build(
    kind: str, registry: Mapping[str, Callable[..., Built]], spec: Mapping[str, Any], *args: Any
) -> Built:
    """What the registry's builder makes of `args` and the options of `spec`.

    kind: "network" or "pooling", for the message.  ValueError for a type or an option that is
    not known, and for an option that is missing or of the wrong type.
    """
    options = dict(spec)
    name = options.pop("type", None)
    if name not in registry:
        raise ValueError(f"{kind}.type: expected one of {', '.join(registry)}, got {name!r}")
    try:
        return registry[name](*args, **options)
    except TypeError as error:
        raise ValueError(f"{kind} {name}: {error}; got the options {options}") from error
