"""The phrases as typed, parsed and checked values: families of core statements, and what joins them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from model_build.text.templates import PhraseError, Template, parse

FOLDER: Final = Path(__file__).parent.parent / "phrases"
LANGUAGES: Final = ("en", "es", "fr")
DEPARTMENT_FILES: Final = {
    "Technical": "technical",
    "Billing": "billing",
    "General": "general",
    "Complaint": "complaint",
    "Feature Request": "feature",
}
URGENCIES: Final = ("low", "medium", "high", "critical")

Severity = Literal["mild", "normal", "serious", "grave"]
SEVERITIES: Final[tuple[Severity, ...]] = ("mild", "normal", "serious", "grave")

Pool = tuple[Template, ...]


@dataclass(frozen=True)
class Wording:
    """One language of a family: the subject line, the statement at length and in a hurry."""

    subject: Template
    long: Template
    short: Template


@dataclass(frozen=True)
class Family:
    """One core statement and its translations; `id` is the template group, the same in all languages."""

    id: str
    theme: str
    department: str
    severity: Severity
    wordings: Mapping[str, Wording]


@dataclass(frozen=True)
class Tissue:
    """What joins tickets of one language together. `by_department` pools fall back on the key 'shared'."""

    pools: Mapping[str, Pool]
    by_department: Mapping[str, Mapping[str, Pool]]
    cues: Mapping[str, Mapping[str, Pool]]
    closings: Mapping[str, Pool]
    slots: Mapping[str, Pool]
    words: Mapping[str, str]


_POOLS: Final = (
    "greetings", "shouts", "signatures", "roles", "phone", "social", "hashtags", "quotes",
    "code_switching", "novelty", "novelties", "urgent_prefixes", "cities",
)  # fmt: skip
_BY_DEPARTMENT: Final = ("openings", "details", "asides", "requests", "generic_subjects")


@dataclass(frozen=True)
class Library:
    """All phrases. `families` maps a department to its families, in the order of the files."""

    families: Mapping[str, tuple[Family, ...]]
    tissues: Mapping[str, Tissue]

    @property
    def themes(self) -> frozenset[str]:
        """The themes of all families."""
        return frozenset(family.theme for group in self.families.values() for family in group)


@cache
def load() -> Library:
    """The phrases of this package; raises PhraseError naming file and phrase when one cannot be used."""
    families = {name: _families(name, file) for name, file in DEPARTMENT_FILES.items()}
    return Library(families, {language: _tissue(language) for language in LANGUAGES})


def _read(path: Path) -> dict[str, Any]:
    # The C loader is ten times faster; not every build of PyYAML has it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    content = yaml.load(path.read_bytes(), Loader=loader)  # noqa: S506
    if not isinstance(content, dict):
        raise PhraseError(f"{path} is not a mapping: see the other phrase files")
    return content


def _families(department: str, file: str) -> tuple[Family, ...]:
    path = FOLDER / f"{file}.yaml"
    return tuple(
        _family(department, theme, name, entry, path)
        for theme, entries in _read(path).items()
        for name, entry in entries.items()
    )


def _family(department: str, theme: str, name: str, entry: dict[str, Any], path: Path) -> Family:
    if entry.get("severity") not in SEVERITIES:
        raise PhraseError(f"{path}: {theme}.{name}: severity must be one of {', '.join(SEVERITIES)}")
    if set(entry) - {"severity"} != set(LANGUAGES) or any(len(entry[key]) != 3 for key in LANGUAGES):
        raise PhraseError(f"{path}: {theme}.{name}: give en, es and fr three phrases each")
    wordings = {key: Wording(*(parse(phrase) for phrase in entry[key])) for key in LANGUAGES}
    return Family(f"{theme}.{name}", theme, department, entry["severity"], wordings)


def _tissue(language: str) -> Tissue:
    path = FOLDER / "tissue" / f"{language}.yaml"
    raw = _read(path)
    missing = sorted({*_POOLS, *_BY_DEPARTMENT, "cues", "closings", "slots", "abbreviations"} - set(raw))
    if missing:
        raise PhraseError(f"{path} lacks {', '.join(missing)}: add what the other languages have there")
    return Tissue(
        pools={name: _pool(raw[name]) for name in _POOLS},
        by_department={name: _pools(raw[name]) for name in _BY_DEPARTMENT},
        cues={level: _pools(raw["cues"][level]) for level in URGENCIES},
        closings=_pools(raw["closings"]),
        slots=_pools(raw["slots"]),
        words=raw["abbreviations"],
    )


def _pools(raw: dict[str, list[str]]) -> dict[str, Pool]:
    return {name: _pool(phrases) for name, phrases in raw.items()}


def _pool(phrases: list[str]) -> Pool:
    return tuple(parse(phrase) for phrase in phrases)
