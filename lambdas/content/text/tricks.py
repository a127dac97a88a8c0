"""One function a trick: what people do to a word so that a filter does not know it, undone.

Each takes a piece of text and gives it back mended, with how often the trick was seen. Every pattern reads
the text once: where one can fail late, what it may have matched by then is bounded.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from itertools import product
from typing import Final

from lambdas.content.text import letters
from lambdas.content.text.lexicon import EVERYDAY, KNOWN, plain
from lambdas.core.characters import composed

Mended = tuple[str, int]

LONGEST: Final = 60
"""Longer words are not tried against the lexicon."""

_INVISIBLE: Final = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u070f\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
_MARKS: Final = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_PICTURES: Final = "\u2190-\u2bff\U0001f000-\U0001faff"
_LETTER: Final = r"[^\W\d_]"

_UNSEEN = re.compile(f"[{_INVISIBLE}]+")
_UNSEEN_INSIDE = re.compile(rf"(?<={_LETTER})[{_INVISIBLE}]+(?={_LETTER})")
_BLANK = re.compile("[\u115f\u1160\u2800\u3164\uffa0]+")
_LONE_FLAG = re.compile("(?<![\U0001f1e6-\U0001f1ff])[\U0001f1e6-\U0001f1ff](?![\U0001f1e6-\U0001f1ff])")
_STYLED = re.compile(
    "[\U0001d400-\U0001d7cb\uff21-\uff3a\uff41-\uff5a\u249c-\u24e9\u1d2c-\u1d6a\u2090-\u209c"
    "\U0001f110-\U0001f189" + "".join(map(chr, letters.STYLED)) + "]"
)
_AND = re.compile(r"&(?:(?:amp|AMP|#0*38|#[xX]0*26);|&)+")
_ZEROS = re.compile(r"(&#[xX]?)0+(?=[0-9a-fA-F])")
_HUGE = re.compile(r"&#(?:\d{8,}|[xX][0-9a-fA-F]{7,});?")
_CLUSTER = re.compile(f"([^\\W_])([{_MARKS}]+)")
_WORD = re.compile(r"[^\W_]+")
_NOT_LATIN = re.compile("[\u0370-\u03ff\u0400-\u052f\u0531-\u0589]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_FOREIGN = re.compile("[\u0100-\u024f\u1e00-\u1eff" + "".join(sorted(letters.DOTTED)) + "]")
_PICTURE_INSIDE = re.compile(f"(?<={_LETTER})[{_PICTURES}]{{1,4}}(?={_LETTER})")
_STAR_INSIDE = re.compile(rf"(?<={_LETTER})[*~|^•·]{{1,4}}(?={_LETTER})")
_SPACED = re.compile(r"(?<![^\W_])[^\W_]([^\w\s]{1,3}|_{1,2}|\s{1,3})[^\W_](?:\1[^\W_])+(?![^\W_])")
_RUN = re.compile(r"[\w@$!+€£|'’]+")
_AT = re.compile(r"@[\w-]{1,63}\.\w")
_LEET_INSIDE = re.compile(rf"(?<={_LETTER})[013457@$]{{1,2}}(?={_LETTER})")
_SIGN = re.compile(r"[\d@$!+€£|]")
_REPEATED = re.compile(rf"({_LETTER})\1{{2,}}")
_STUTTER = re.compile(r"([^\w\s])\1{3,}")
_SWITCH = re.compile("[a-zà-öø-ÿ][A-ZÀ-ÖØ-Þ]")

_SIGNS: Final = str.maketrans("013457@$!+896€£|", "oieastasitbggeli")
_ELLS: Final = str.maketrans("013457@$!+896€£|", "oleastasltbggell")
"""A 1 is an i or an l."""


def unseen(text: str) -> Mended:
    """Without characters that nobody sees; blanks that are no spaces become one."""
    seen = len(_UNSEEN_INSIDE.findall(text))
    return _BLANK.sub(" ", _UNSEEN.sub("", text)), seen


def entities(text: str) -> Mended:
    """`&#105;` as the i that it stands for. Every other `&` stands alone, so that nothing new is spelled."""
    if "&" not in text:
        return text, 0
    bounded = _HUGE.sub(" ", _ZEROS.sub(r"\1", _AND.sub("&", text)))
    found = html.unescape(bounded)
    return found.replace("&", " & "), int(found != bounded)


def styled(text: str) -> Mended:
    """Letters in circles, squares, bold or script, small capitals and full width, as the plain letters."""
    if text.isascii():
        return text, 0
    text, framed = _LONE_FLAG.subn(lambda found: letters.FLAGS[ord(found[0])], text)
    seen = len(_STYLED.findall(text))
    return composed(text.translate(letters.BOXED)).translate(letters.STYLED), framed + seen


def marks(text: str) -> Mended:
    """Letters without the marks that belong to no letter of Latin, Greek or Cyrillic, or that pile up on it.

    Expects NFKC: the marks of real accents are part of their letter by then.
    """
    if text.isascii():
        return text, 0
    bared, seen = _CLUSTER.subn(_bare, text)
    return composed(bared), seen


def _bare(cluster: re.Match[str]) -> str:
    letter, above = cluster[1], cluster[2]
    apart = unicodedata.normalize("NFD", letter)
    return letter if len(apart) + len(above) <= 3 else apart[0]


def homoglyphs(text: str, *, latin: bool) -> Mended:
    """Cyrillic, Greek and Armenian letters as the Latin ones that they look like.

    In words that have Latin letters too; where the text around it is `latin`, also in words of at least three
    letters all of which have a twin. Other words are left as they are: they may be Russian or Greek.
    """
    if text.isascii() or not _NOT_LATIN.search(text):
        return text, 0
    seen = 0

    def read(found: re.Match[str]) -> str:
        nonlocal seen
        word = found[0]
        foreign = _NOT_LATIN.findall(word)
        if not foreign:
            return word
        mixed = len(foreign) < len(word) and _LATIN.search(word) is not None
        known: dict[int, str] = letters.ALIKE if mixed else letters.TWINS
        enough = mixed or (latin and len(word) >= 3)
        if not enough or not all(ord(letter) in known for letter in foreign):
            return word
        seen += 1
        return word.translate(known)

    return _WORD.sub(read, text), seen


def accents(text: str) -> Mended:
    """Letters with marks that no word of English, Spanish or French has, without them.

    Only what disguises counts as a trick: two letters with dots, rings or tildes in one word.
    """
    if text.isascii() or not _FOREIGN.search(text):
        return text, 0
    seen = 0

    def read(found: re.Match[str]) -> str:
        nonlocal seen
        word = found[0]
        dotted = sum(letter in letters.DOTTED for letter in word) >= 2
        seen += dotted
        return "".join(_kept(letter, dotted=dotted) for letter in word)

    return _WORD.sub(read, text), seen


def _kept(letter: str, *, dotted: bool) -> str:
    if letter.isascii() or (letter in letters.KEPT_MARKS and not (dotted and letter in letters.DOTTED)):
        return letter
    return unicodedata.normalize("NFD", letter)[0] if _is_latin(letter) else letter


def _is_latin(letter: str) -> bool:
    return "\u00c0" <= letter <= "\u024f" or "\u1e00" <= letter <= "\u1eff"


def inside(text: str) -> Mended:
    """Without pictures, stars and the like in the middle of a word."""
    text, pictures = _PICTURE_INSIDE.subn("", text)
    text, stars = _STAR_INSIDE.subn("", text)
    return _STUTTER.sub(r"\1\1\1", text), pictures + stars


def spaced(text: str) -> Mended:
    """`i.d.i.o.t` as `idiot`: at least three single characters, most of them letters, always parted alike."""
    seen = 0

    def join(found: re.Match[str]) -> str:
        nonlocal seen
        joined = found[0].replace(found[1], "")
        if not spells(joined):
            return found[0]
        seen += 1
        return joined

    return _SPACED.sub(join, text), seen


def spells(joined: str) -> bool:
    """Whether single characters, put together, may be a word: three of them, and most are letters."""
    alphabetic = sum(map(str.isalpha, joined))
    return len(joined) >= 3 and 2 * alphabetic >= len(joined) and alphabetic >= 2


def leet(text: str) -> Mended:
    """`1d10t` as `idiot`: digits and signs between letters, and at an edge where that makes a known word."""
    if not _SIGN.search(text) or _address(text):
        return text, 0
    seen = 0

    def read(found: re.Match[str]) -> str:
        nonlocal seen
        word = found[0]
        if len(word) > LONGEST or not _SIGN.search(word):
            return word
        body = word.rstrip("!+€£|")
        better = _decoded(body)
        seen += better != body
        return better + word[len(body) :]

    return _RUN.sub(read, text), seen


def _address(text: str) -> bool:
    """Whether this is an address, in which signs are signs."""
    return "://" in text or "www." in text or _AT.search(text) is not None


def _decoded(word: str) -> str:
    letters_in = sum(map(str.isalpha, word))
    if letters_in < 1 or plain(word) in KNOWN:
        return word
    for table in (_SIGNS, _ELLS):
        known = _known(word.translate(table))
        if known is not None:
            return known
    inside = _LEET_INSIDE.sub(lambda signs: signs[0].translate(_SIGNS), word)
    likely = letters_in >= 3 and 2 * letters_in > len(word)
    return inside if likely or plain(inside) in EVERYDAY else word


def repeated(text: str) -> Mended:
    """`stuuupid` as the word that is known, otherwise no letter more than twice in a row."""
    seen = 0

    def read(found: re.Match[str]) -> str:
        nonlocal seen
        word = found[0]
        if not _REPEATED.search(word):
            return word
        seen += 1
        known = _known(word) if len(word) <= LONGEST else None
        return known or _REPEATED.sub(r"\1\1", word)

    return _WORD.sub(read, text), seen


def _known(word: str) -> str | None:
    """The spelling of `word` that is in KNOWN, each run of letters once or twice; None when there is none."""
    return next((each for each in _spellings(word) if plain(each) in KNOWN), None)


def _spellings(word: str) -> Iterator[str]:
    yield word
    runs = list(_REPEATED.finditer(word))
    if not 0 < len(runs) <= 4:
        return
    for sizes in product((1, 2), repeat=len(runs)):
        made, end = [], 0
        for run, size in zip(runs, sizes, strict=True):
            made += [word[end : run.start()], run[1] * size]
            end = run.end()
        yield "".join([*made, word[end:]])


def case(text: str) -> Mended:
    """`iDiOt` as `idiot`: words that change from small to capital twice are in small letters."""
    if len(_SWITCH.findall(text)) < 2:
        return text, 0
    seen = 0

    def read(found: re.Match[str]) -> str:
        nonlocal seen
        word = found[0]
        if len(_SWITCH.findall(word)) < 2:
            return word
        seen += 1
        return word.lower()

    return _WORD.sub(read, text), seen
