"""The phrases behind the synthetic tickets: well-formed, translated, and no two families alike."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations

import pytest

from model_build.text.habits import abbreviated, with_typos, without_accents, without_openers
from model_build.text.templates import Choice, PhraseError, Template, parse, render, slots_of
from model_build.tickets.synthesis.customers import Customer
from model_build.tickets.synthesis.formats import clock, date, money
from model_build.tickets.synthesis.joining import ATTACH, french, spanish
from model_build.tickets.synthesis.library import LANGUAGES, Family, Tissue, load
from model_build.tickets.synthesis.names import draw_names
from model_build.tickets.synthesis.slots import KNOWN, Slots
from model_build.tickets.synthesis.streams import Stream, stream

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def dice(seed: int) -> random.Random:
    return stream(seed, Stream.TEXT, 0)


def families() -> list[Family]:
    return [family for group in load().families.values() for family in group]


def templates(tissue: Tissue) -> Iterator[Template]:
    nested = [
        *tissue.by_department.values(),
        *tissue.cues.values(),
        tissue.closings,
        tissue.slots,
        tissue.pools,
    ]
    for pools in nested:
        for pool in pools.values():
            yield from pool


def slots(language: str, seed: int = 1) -> Slots:
    customer = Customer(1, language, "free", "f", "Zoé", "Muñoz", "Acme", "Ávila", 0.0, 0.0, 1.0, 2)
    tissue = load().tissues[language]
    return Slots(
        customer=customer,
        names=draw_names(1)[language],
        tissue=tissue,
        now=NOW,
        rng=dice(seed),
        novelty=0.0,
    )


def words(template: Template) -> set[str]:
    found: set[str] = set()
    for node in template:
        if isinstance(node, str):
            found |= set(re.findall(r"\w+", node.lower()))
        elif isinstance(node, Choice):
            found |= set[str]().union(*map(words, node.options))
    return found


# ---- the families -----------------------------------------------------------------------------
def test_each_department_has_at_least_sixty_families() -> None:
    assert {name: len(group) >= 60 for name, group in load().families.items()} == dict.fromkeys(
        ["Technical", "Billing", "General", "Complaint", "Feature Request"], True
    )
    assert len({family.id for family in families()}) == len(families())


def test_a_theme_belongs_to_one_department() -> None:
    owners = {(family.theme, family.department) for family in families()}
    assert len(owners) == len(load().themes)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_families_say_the_same(language: str) -> None:
    said = [(family.id, words(family.wordings[language].long)) for family in families()]
    alike = [
        (first, second) for (first, a), (second, b) in combinations(said, 2) if len(a & b) / len(a | b) > 0.5
    ]
    assert alike == []
    for form in ("subject", "long", "short"):
        forms = [getattr(family.wordings[language], form) for family in families()]
        assert len(set(forms)) == len(forms), form


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_joining_sentence_is_a_core_statement(language: str) -> None:
    joining = set(templates(load().tissues[language]))
    assert not any(
        template in joining
        for family in families()
        for template in (family.wordings[language].long, family.wordings[language].short)
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_slot_of_every_phrase_is_known(language: str) -> None:
    tissue = load().tissues[language]
    known = KNOWN | set(tissue.slots)
    wordings = [family.wordings[language] for family in families()]
    phrases = [phrase for said in wordings for phrase in (said.subject, said.long, said.short)]
    assert {name for phrase in [*phrases, *templates(tissue)] for name in slots_of(phrase)} <= known


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_statement_reads_as_its_language(language: str) -> None:
    import py3langid

    py3langid.set_languages(list(LANGUAGES))
    fill = slots(language)
    wordings = [family.wordings[language] for family in families()]
    texts = [
        render(phrase, fill.rng, fill, ATTACH[language])
        for said in wordings
        for phrase in (said.long, said.short)
    ]
    assert not [text for text in texts if re.search(r"[\[\]{}]|  | \.", text)]
    taken_for_another = [text for text in texts if py3langid.classify(text)[0] != language]
    assert len(taken_for_another) <= 0.01 * len(texts), taken_for_another


def test_the_languages_offer_the_same_choices_of_pools() -> None:
    shapes = [
        (
            sorted(tissue.by_department),
            *(sorted(pools) for pools in tissue.by_department.values()),
            *tissue.cues,
        )
        for tissue in load().tissues.values()
    ]
    assert shapes[0] == shapes[1] == shapes[2]


# ---- the little language ----------------------------------------------------------------------
def read(source: str, language: str = "en", seed: int = 1) -> str:
    fill = slots(language, seed)
    return render(parse(source), fill.rng, fill, ATTACH[language])


def test_a_phrase_chooses_fills_and_nests() -> None:
    texts = {read("a[b|c[d|]] | {name}", seed=seed) for seed in range(40)}
    assert texts == {"ab | Zoé Muñoz", "acd | Zoé Muñoz", "ac | Zoé Muñoz"}
    assert read("{first|cap}, {e}.", "fr") == "Zoé, e."


@pytest.mark.parametrize("source", ["[a|b", "a]b", "{a", "{}", "{a|low}", "{a b}"])
def test_a_phrase_that_is_not_well_formed_is_named(source: str) -> None:
    with pytest.raises(PhraseError, match=re.escape(repr(source))):
        parse(source)


def test_an_unknown_slot_is_named() -> None:
    with pytest.raises(PhraseError, match="weather"):
        read("{weather}")


def test_what_a_ticket_names_stays_the_same_within_it() -> None:
    fill = slots("en")
    for name in ("order", "invoice", "product", "amount", "date", "item", "plan"):
        assert fill(name) == fill(name), name
    assert fill("plan") != fill("plan2")
    assert len({fill("n") for _ in range(50)}) > 1


@pytest.mark.parametrize(
    ("attach", "before", "value", "joined"),
    [
        (spanish, "cerca de ", "el monitor", "cerca del monitor"),
        (spanish, "Ir a ", "el router", "Ir al router"),
        (spanish, "desde ", "el lunes", "desde el lunes"),
        (spanish, "de ", "ella", "de ella"),
        (french, "près de ", "le routeur", "près du routeur"),
        (french, "grâce à ", "le casque", "grâce au casque"),
        (french, "celui de ", "Excel", "celui d'Excel"),
        (french, "il faut que ", "Anne", "il faut qu'Anne"),
        (french, "De ", "avril", "D'avril"),
        (french, "depuis ", "avril", "depuis avril"),
    ],
)
def test_words_join_as_the_grammar_wants(attach: object, before: str, value: str, joined: str) -> None:
    assert attach(before, value) == joined  # type: ignore[operator]


# ---- how people write -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("language", "currency", "shown"),
    [("en", "${}", "$1,234.50"), ("es", "{} €", "1.234,50 €"), ("fr", "{} €", "1 234,50 €")],
)
def test_money_is_written_the_way_of_the_country(language: str, currency: str, shown: str) -> None:
    assert money(1234.5, language, currency) == shown
    assert money(19, language, currency) == currency.format("19")


def test_dates_and_times_are_written_the_way_of_the_country() -> None:
    rng = dice(2)
    french_dates = {date(NOW, "fr", "mars", rng) for _ in range(99)}
    assert french_dates == {"1er mars", "01/03"}
    assert {date(NOW, "es", "marzo", rng) for _ in range(99)} == {"1 de marzo", "01/03"}
    assert {date(NOW, "en", "March", rng) for _ in range(99)} == {"1 March", "March 1", "01/03"}
    assert all(re.fullmatch(r"\d{1,2} h( \d\d)?", clock("fr", rng)) for _ in range(99))


def test_typos_spare_codes_handles_addresses_and_short_words() -> None:
    text = "AUTH-403 @norvia_help ana.diaz@example.com #48213 ok v4.12.1 the"
    assert with_typos(text, 1.0, dice(1)) == text
    slipped = with_typos("password reset", 1.0, dice(1))
    assert slipped != "password reset"
    assert len(slipped.split()) == 2
    assert with_typos("password", 0.0, dice(1)) == "password"


def test_lost_accents_keep_the_letters_of_the_keyboard() -> None:
    assert without_accents("¿Mañana está caído? ça déçoit") == "¿Mañana esta caido? ça deçoit"
    assert without_openers("¿Mañana? ¡Ya!") == "Mañana? Ya!"
    assert abbreviated("please, Please", {"please": "pls"}, dice(1)).count("pls") >= 1
