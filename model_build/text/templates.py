"""The little language of the phrases: `[a|b]` chooses one, `{slot}` is filled in, `{slot|cap}` begins
with a capital. Brackets nest; a bar outside of brackets is a bar."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from model_build.errors import BuildError


class PhraseError(BuildError):
    """A phrase file cannot be used; the message names the phrase and what is wrong with it."""


@dataclass(frozen=True)
class Slot:
    """A place in a phrase for a value that is filled in."""

    name: str
    capital: bool


@dataclass(frozen=True)
class Choice:
    """One of these sequences, each as likely as the other."""

    options: tuple[Template, ...]


Template = tuple["str | Slot | Choice", ...]


def parse(source: str) -> Template:
    """`source` as a Template; raises PhraseError where its brackets do not pair up."""
    nodes, end = _sequence(source, 0, inside=False)
    if end != len(source):
        raise PhraseError(f"phrase {source!r}: unexpected ']' at {end}: remove it or open it with '['")
    return nodes


def _sequence(source: str, at: int, *, inside: bool) -> tuple[Template, int]:
    nodes: list[str | Slot | Choice] = []
    start = at
    stops = "[]{|" if inside else "[]{"
    while True:
        while at < len(source) and source[at] not in stops:
            at += 1
        if at > start:
            nodes.append(source[start:at])
        if at == len(source) or source[at] in "]|":
            return tuple(nodes), at
        node, at = _choice(source, at) if source[at] == "[" else _slot(source, at)
        nodes.append(node)
        start = at


def _choice(source: str, at: int) -> tuple[Choice, int]:
    options = []
    opened = at
    while True:
        option, at = _sequence(source, at + 1, inside=True)
        options.append(option)
        if at == len(source):
            raise PhraseError(f"phrase {source!r}: the '[' at {opened} is not closed: add a ']'")
        if source[at] == "]":
            return Choice(tuple(options)), at + 1


def _slot(source: str, at: int) -> tuple[Slot, int]:
    end = source.find("}", at)
    name, _, how = source[at + 1 : end].partition("|")
    if end < 0 or not name.isidentifier() or how not in {"", "cap"}:
        raise PhraseError(f"phrase {source!r}: no slot at {at}: write {{name}} or {{name|cap}}")
    return Slot(name, how == "cap"), end + 1


def slots_of(template: Template) -> Iterator[str]:
    """The names of all slots that `template` may ask for."""
    for node in template:
        if isinstance(node, Slot):
            yield node.name
        elif isinstance(node, Choice):
            for option in node.options:
                yield from slots_of(option)


def render(
    template: Template,
    rng: random.Random,
    fill: Callable[[str], str],
    attach: Callable[[str, str], str],
    before: str = "",
) -> str:
    """`before` and one reading of `template`: `fill` gives a slot's value, `attach` appends it to a text."""
    text = before
    for node in template:
        if isinstance(node, str):
            text += node
        elif isinstance(node, Slot):
            value = fill(node.name)
            text = attach(text, value[:1].upper() + value[1:] if node.capital else value)
        else:
            text = render(rng.choice(node.options), rng, fill, attach, text)
    return text
