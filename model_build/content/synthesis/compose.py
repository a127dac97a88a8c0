"""Puts the text of a post together, in somebody's way of typing."""

from __future__ import annotations

import random
from typing import Final, NamedTuple

from model_build.content.synthesis.groups import EASY, GROUPS
from model_build.content.synthesis.library import Phrases
from model_build.text.habits import with_typos, without_accents, without_openers
from model_build.text.templates import Template, render

LEAD, TAIL, FILLER, SECOND = 0.22, 0.22, 0.25, 0.15
"""How often a post begins and ends with a phrase that says nothing, has a harmless sentence beside the one
that counts, or breaks a second policy."""
VOWELS: Final = frozenset("aeiouAEIOU")


class Text(NamedTuple):
    """A text, the policies that it breaks, and the template of the sentence that counts."""

    text: str
    policies: frozenset[str]
    template: str


def compose(phrases: Phrases, language: str, group: str, rng: random.Random) -> Text:
    """A text of `group` in `language`."""
    number = rng.randrange(len(phrases.groups[group]))
    sentences = [_said(phrases, phrases.groups[group][number], rng)]
    policies = set(GROUPS[group].policies)
    if policies and rng.random() < SECOND:
        second = rng.choice(["insults", "threats", "sexual", "violence"])
        sentences.append(_any(phrases, second, rng))
        policies.update(GROUPS[second].policies)
    if rng.random() < FILLER:
        sentences.insert(rng.randrange(len(sentences) + 1), _any(phrases, rng.choice(EASY), rng))
    if rng.random() < LEAD:
        sentences.insert(0, _said(phrases, rng.choice(phrases.slots["lead"]), rng))
    if rng.random() < TAIL:
        sentences.append(_said(phrases, rng.choice(phrases.slots["tail"]), rng))
    return Text(" ".join(sentences), frozenset(policies), f"{language}.{group}.{number:02d}")


def harmless(phrases: Phrases, rng: random.Random) -> str:
    """A text that breaks nothing."""
    return _any(phrases, rng.choice(EASY), rng)


def _any(phrases: Phrases, group: str, rng: random.Random) -> str:
    return _said(phrases, rng.choice(phrases.groups[group]), rng)


def _said(phrases: Phrases, template: Template, rng: random.Random) -> str:
    def fill(slot: str) -> str:
        return render(rng.choice(phrases.slots[slot]), rng, fill, _attach)

    return render(template, rng, fill, _attach)


def _attach(before: str, value: str) -> str:
    """`value` after `before`; English wants "an" before a vowel."""
    if value[:1] in VOWELS and before[-3:].lower() in {" a ", "a "}:
        return f"{before[:-1]}n {value}"
    return before + value


def typed(text: str, rng: random.Random) -> str:
    """`text` as one of many people would type it: in a hurry, without accents, all small, or shouting."""
    casual = rng.random()
    text = with_typos(text, 0.06 * rng.random() * casual, rng)
    if rng.random() < 0.5 * casual:
        text = without_openers(without_accents(text))
    if rng.random() < 0.6 * casual:
        text = text.lower()
    if rng.random() < 0.35 * casual:
        text = text.rstrip(".")
    elif rng.random() < 0.1:
        text = text.rstrip(".") + "!" * rng.randrange(1, 5)
    return text.upper() if rng.random() < 0.04 else text


def spoken(text: str) -> str:
    """`text` as speech recognition writes it."""
    return " ".join("".join(c if c.isalnum() or c in "'’-" else " " for c in text.lower()).split())
