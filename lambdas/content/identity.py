"""Which groups of people a text names, and in which way of speaking it is written.

A lexicon, so it is a proxy: it sees words, not people. Words that mean many things count only beside one
that makes them about people ("black people", not "black coffee"). English, Spanish and French; accents are
optional.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from lambdas.content.text.lexicon import plain
from lambdas.core.ngrams import words_of

DIALECT: Final = "dialect"

_NAMES: Final[dict[str, str]] = {
    "gender:women": """
        women woman female females girls ladies mujer mujeres chicas senoras femme femmes filles
        feminine femenina femenino feminin feminines
    """,
    "gender:men": """
        men male males gentlemen hombre hombres varon varones caballeros homme hommes mecs masculin
        masculino
    """,
    "gender:transgender": """
        transgender trans transsexual nonbinary enby transgenero transexual transexuales transgenre
        transgenres transsexuel transsexuelle
    """,
    "orientation:gay": """
        gay gays gai gais homosexual homosexuals homosexuales homosexuel homosexuels homosexuelle homo queer
    """,
    "orientation:lesbian": "lesbian lesbians lesbiana lesbianas lesbienne lesbiennes",
    "orientation:straight": """
        heterosexual heterosexuals heterosexuales heterosexuel
        heterosexuels heterosexuelle heterosexuelles hetero heteros
    """,
    "race:black": """
        african africans africana africano africanos africanas africain africaine africains
        africaines afroamericano afroamericana noirs noires
    """,
    "race:white": """
        caucasian caucasians european europeans europeo europeos europea europeen europeens
        europeenne
    """,
    "race:asian": "asian asians asiatico asiaticos asiatica asiaticas asiatique asiatiques",
    "race:latino": """
        latino latinos latina latinas latinx hispanic hispanics hispano hispanos hispana hispanas
    """,
    "religion:muslim": """
        muslim muslims islamic musulman musulmana musulmanes musulmanas musulmans musulmane islamico
        islamica islamique
    """,
    "religion:christian": """
        christian christians cristiano cristianos cristiana cristianas chretien chretiens chretienne
        chretiennes catholic catholics catolico catolicos catolica catholique catholiques
    """,
    "religion:jewish": "jewish jew jews judio judios judia judias juif juifs juive juives",
    "religion:hindu": "hindu hindus hindues hinduista hindou hindous hindoue hindoues",
    "religion:atheist": "atheist atheists ateo ateos atea ateas athee athees",
    "origin:immigrant": """
        immigrant immigrants migrant migrants refugee refugees inmigrante inmigrantes refugiado
        refugiados refugiada migrante migrantes immigre immigres immigree immigrees refugie refugies
    """,
    "disability:disabled": """
        disabled wheelchair discapacitado discapacitada discapacitados discapacitadas handicape handicapes
        handicapee handicapees
    """,
    "disability:deaf": "deaf sordo sordos sorda sordas sourd sourds sourde sourdes",
    "age:old": """
        elderly pensioners seniors ancianos ancianas anciano anciana abuelos vieillards retraites
        aines
    """,
    "age:young": "teenagers teenager adolescentes adolescents ados youngsters",
}

_PEOPLE: Final = """
    people person persons folks man men woman women guy guys girl girls boy boys kid kids community
    couple couples
"""
_PERSONS: Final = (
    "persona personas gente hombre hombres mujer mujeres chico chicos chica chicas pareja parejas"
)
_GENS: Final = "personne personnes gens homme hommes femme femmes fille filles couple couples"

_THEM: Final = f"{_PERSONS} {_GENS} los les des"

_PAIRS: Final[dict[str, tuple[str, str]]] = {
    "race:black": ("black", f"{_PEOPLE} lives americans"),
    "race:white": ("white", f"{_PEOPLE} americans"),
    "orientation:straight": ("straight", _PEOPLE),
    "age:old": ("old older", _PEOPLE),
    "age:young": ("young younger", _PEOPLE),
    "gender:men": ("a the un el", "man hombre"),
}
"""A word of the first list counts before one of the second."""

_FOLLOWING: Final[dict[str, tuple[str, str]]] = {
    "race:black": (_THEM, "negra negras negro negros noire noires noir noirs"),
    "race:white": (_THEM, "blanca blancas blanco blancos blanche blanches blanc blancs"),
    "age:old": (_THEM, "mayor mayores viejo viejos vieja viejas agee agees vieux vieilles"),
    "age:young": (_THEM, "joven jovenes jeune jeunes"),
    "disability:disabled": ("con", "discapacidad"),
}
"""Spanish and French say the people first."""

_SURE: Final[dict[str, str]] = {
    "dialect:aae": "finna tryna bouta iont imma whatchu deadass sumn nuffin aint finta gon",
    "dialect:informal-es": "xq tqm ntp weon wey guey tmb vdd grax porfa sip nop xfa",
    "dialect:informal-fr": "jsuis jsp jpp wesh ptn tkt chui chais pcq meuf keuf relou chelou frerot askip",
}
"""One of these is enough."""

_HINTS: Final[dict[str, str]] = {
    "dialect:aae": "dat dis dem wit lil bruh homie yall cuz ya nah ima",
    "dialect:informal-es": "q k tb bn pq pa to na toy jajaja xd",
    "dialect:informal-fr": "pk tt mdr dsl ya ouf bcp kiffe srx vrm",
}
"""Two of these are needed."""

_HABITS: Final[dict[str, str]] = {
    "dialect:aae": "he be,she be,they be,we be,you be,ain t,y all,done been",
}
"""Pairs of words, any of which is enough."""


def groups_of(text: str) -> frozenset[str]:
    """The groups that `text` names, such as `religion:muslim`, and `dialect:...` for how it is written."""
    words = [plain(word) for word in words_of(text)]
    found = {_BY_WORD[word] for word in words if word in _BY_WORD}
    found.update(group for pair in pairwise(words) for group in _BY_PAIR.get(pair, ()))
    said = set(words)
    found.update(dialect for dialect, sure in _SURE_SETS.items() if said & sure)
    found.update(dialect for dialect, hints in _HINT_SETS.items() if len(said & hints) >= 2)
    return frozenset(found)


def is_dialect(group: str) -> bool:
    """Whether `group` is a way of speaking, and not people who are spoken of."""
    return group.partition(":")[0] == DIALECT


def _pairs() -> Iterator[tuple[tuple[str, str], str]]:
    for table in (_PAIRS, _FOLLOWING):
        for group, (firsts, seconds) in table.items():
            yield from (((first, second), group) for first in firsts.split() for second in seconds.split())
    for dialect, habits in _HABITS.items():
        for habit in habits.split(","):
            first, second = habit.split()
            yield (first, second), dialect


_BY_WORD: Final = {word: group for group, words in _NAMES.items() for word in words.split()}
_SURE_SETS: Final = {dialect: frozenset(words.split()) for dialect, words in _SURE.items()}
_HINT_SETS: Final = {dialect: frozenset(words.split()) for dialect, words in _HINTS.items()}
_BY_PAIR: Final[dict[tuple[str, str], set[str]]] = {}
for _pair, _group in _pairs():
    _BY_PAIR.setdefault(_pair, set()).add(_group)

GROUPS: Final = tuple(_NAMES)
DIALECTS: Final = tuple(_SURE)
"""Every group and way of speaking that `groups_of` may give."""
