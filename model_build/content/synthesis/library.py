"""The phrases of posts as typed, parsed and checked values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from model_build.content.synthesis.groups import GROUPS
from model_build.text.templates import PhraseError, Template, parse, slots_of

FOLDER: Final = Path(__file__).parent.parent / "phrases"
LANGUAGES: Final = ("en", "es", "fr")


@dataclass(frozen=True)
class Phrases:
    """One language: the templates of each group, the values of each slot, what comes first and last."""

    groups: Mapping[str, tuple[Template, ...]]
    slots: Mapping[str, tuple[Template, ...]]


@cache
def load() -> Mapping[str, Phrases]:
    """The phrases by language. Raises PhraseError naming the file and what is wrong in it."""
    return {language: _phrases(FOLDER / f"{language}.yaml") for language in LANGUAGES}


def _phrases(path: Path) -> Phrases:
    # The C loader is ten times faster; not every build of PyYAML has it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    raw: dict[str, Any] = yaml.load(path.read_bytes(), Loader=loader)  # noqa: S506
    if set(raw) != {"slots", "groups"} or set(raw["groups"]) != set(GROUPS):
        raise PhraseError(f"{path}: it needs slots, and the groups {', '.join(GROUPS)}")
    slots = {name: tuple(map(parse, values)) for name, values in raw["slots"].items()}
    groups = {name: tuple(map(parse, values)) for name, values in raw["groups"].items()}
    for templates in (*groups.values(), *slots.values()):
        for unknown in {name for each in templates for name in slots_of(each)} - set(slots):
            raise PhraseError(f"{path}: there is no slot '{unknown}': add it, or correct the phrase")
    return Phrases(groups, slots)
