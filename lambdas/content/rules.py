"""Moderation without a model: looks for the domain's own words. A person looks at each of these posts."""

from __future__ import annotations

from typing import Final

from lambdas.content.policies import POLICIES, Severity
from lambdas.core.ngrams import words_of
from lambdas.core.schema import Term

SEVERITY: Final[dict[str, Severity]] = {
    "toxicity": "medium",
    "threat": "severe",
    "sexual": "high",
    "violence": "high",
}
"""What a policy counts as where no bundle says otherwise."""


def _terms(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


WORDS: Final[dict[str, frozenset[str]]] = {
    "toxicity": _terms(
        "idiot idiots stupid moron morons pathetic loser losers dumb trash scum disgusting worthless clown",
        "idiota idiotas estúpido estúpida imbécil basura asco inútil payaso tonto tonta",
        "idiot idiote imbécile stupide débile ordure minable nul pitoyable crétin crétine dégoûtant",
    ),
    "threat": _terms(
        "kill hurt hunt destroy regret revenge beware burn",
        "matar mataré matarte arrepentirás venganza golpear golpearé pegaré destruir",
        "tuer tuerai regretteras vengeance frapper frapperai détruire brûler",
    ),
    "sexual": _terms(
        "porn nude nudes naked sex sexy nsfw xxx",
        "porno desnuda desnudo desnudos sexo sexual",
        "porno nue nu nues sexe sexuel sexuelle",
    ),
    "violence": _terms(
        "blood gun guns shoot shot stab stabbed bomb knife beat corpse",
        "sangre arma armas disparar disparo bomba cuchillo paliza cadáver",
        "sang arme armes tirer bombe couteau tabasser cadavre",
    ),
}
"""Words of each policy in English, Spanish and French, as `ngrams.words_of` spells them."""


def scores(text: str) -> tuple[dict[str, float], dict[str, list[Term]]]:
    """A score of 0 to 1 a policy, and the words that were found.

    The score is (hits + 1) / (hits + 5): 0.2 without any, towards 1 with many. It is not calibrated.
    """
    found = set(words_of(text))
    hits = {policy: sorted(found & WORDS[policy]) for policy in POLICIES}
    terms = {policy: [Term(word, 1.0) for word in words] for policy, words in hits.items()}
    return {policy: (len(words) + 1) / (len(words) + 5) for policy, words in hits.items()}, terms
