"""What stands for what in a counterfactual: sentences of our own, and words in texts of the user's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

FOLDER: Final = Path(__file__).parent / "templates"
LANGUAGES: Final = ("en", "es", "fr")


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a language speaks of a group: of several people, also with the article, and of one; and in single
    words, by their form."""

    people: str
    person: str
    the: str = ""
    words: dict[str, str] = {}


class Lexicon(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One language: its groups, and sentences that are `benign` or `hostile` whoever they are about."""

    groups: dict[str, Group]
    benign: list[str]
    hostile: list[str]

    def filled(self, sentence: str, group: str) -> str:
        """`sentence` about `group`, its first letter a capital."""
        said = self.groups[group]
        text = sentence.replace("{people}", said.people).replace("{person}", said.person)
        text = text.replace("{the}", said.the)
        return text[:1].upper() + text[1:]


@dataclass(frozen=True)
class Swap:
    """A text, and the same about other groups, by group; `named` is the group that the text itself names."""

    text: str
    named: str
    others: dict[str, str]


def lexicons() -> dict[str, Lexicon]:
    """Each language's, by its tag."""
    import yaml

    return {
        tag: msgspec.convert(yaml.safe_load((FOLDER / f"{tag}.yaml").read_text("utf-8")), Lexicon)
        for tag in LANGUAGES
    }


def swaps_of(texts: list[str]) -> Iterator[Swap]:
    """The swaps of those texts in which exactly one of the swappable words stands, once.

    A word is swapped for the same form of the same language, among groups of one kind: a religion for another
    religion. Capitals are kept.
    """
    forms: dict[str, tuple[str, dict[str, str]]] = {}
    for lexicon in lexicons().values():
        by_form: dict[str, dict[str, str]] = {}
        for group, said in lexicon.groups.items():
            for form, word in said.words.items():
                by_form.setdefault(form, {})[group] = word
        for words in by_form.values():
            for group, word in words.items():
                others = {g: w for g, w in words.items() if g != group and _kind(g) == _kind(group)}
                forms.setdefault(word, (group, others))
    pattern = re.compile(
        rf"(?<!\w)({'|'.join(map(re.escape, sorted(forms, key=len, reverse=True)))})(?!\w)", re.I
    )
    for text in texts:
        found = list(pattern.finditer(text))
        if len(found) != 1:
            continue
        named, others = forms[found[0][0].casefold()]
        if not others:
            continue
        before, after = text[: found[0].start()], text[found[0].end() :]
        changed = {g: f"{before}{_like(found[0][0], word)}{after}" for g, word in others.items()}
        yield Swap(text, named, changed)


def _kind(group: str) -> str:
    return group.partition(":")[0]


def _like(model: str, word: str) -> str:
    if len(model) > 1 and model.isupper():
        return word.upper()
    return word.capitalize() if model[:1].isupper() else word
