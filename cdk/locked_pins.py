"""Versions out of uv.lock, so that what is pinned for training is what the tracking server runs."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lambdas.core.errors import TriageError


class NotLocked(TriageError):
    """A package is not in uv.lock."""


def constraints(lock: Path, roots: Iterable[str]) -> list[str]:
    """pip constraints for `roots` and all they need.

    Each is `name==version`, with a marker where the lock has several versions. Raises NotLocked when
    one of them is not in the lock.
    """
    packages: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for package in tomllib.loads(lock.read_text("utf-8"))["package"]:
        packages[package["name"]].append(package)
    found: set[tuple[str, str | None]] = set()
    waiting: list[tuple[str, str | None]] = [(root, None) for root in roots]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in found:
            continue
        if name not in packages:
            raise NotLocked(f"{name} is not in {lock.name}: add it to pyproject.toml and run `make lock`")
        found.add((name, extra))
        for package in packages[name]:
            waiting += _needs(package, extra)
    return [line for name in sorted({name for name, _ in found}) for line in _lines(packages[name])]


def _needs(package: dict[str, Any], extra: str | None) -> list[tuple[str, str | None]]:
    listed = (
        package.get("optional-dependencies", {}).get(extra, []) if extra else package.get("dependencies", [])
    )
    needs: list[tuple[str, str | None]] = []
    for dependency in listed:
        needs.append((dependency["name"], None))
        needs += [(dependency["name"], asked) for asked in dependency.get("extra", [])]
    return needs


def _lines(versions: list[dict[str, Any]]) -> list[str]:
    if len(versions) == 1:
        return [f"{versions[0]['name']}=={versions[0]['version']}"]
    return [f"{one['name']}=={one['version']} ; {_either(one['resolution-markers'])}" for one in versions]


def _either(markers: list[str]) -> str:
    return " or ".join(f"({marker})" for marker in markers)
