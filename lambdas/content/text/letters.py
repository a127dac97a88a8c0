"""Letters that are written to look like Latin ones."""

from __future__ import annotations

from typing import Final


def _pairs(*rows: str) -> dict[int, str]:
    """Groups whose first letter is what the others look like: `a а α` is а (Cyrillic) and α, read as a."""
    table: dict[int, str] = {}
    for row in rows:
        for group in row.split(";"):
            plain, *others = group.split()
            for other in others:
                table[ord(other)] = plain
    return table


TWINS: Final = _pairs(
    # Cyrillic and Greek letters that nobody can tell from Latin ones.
    "a а; c с; d ԁ; e е; h һ; i і; j ј; l ӏ; o о; p р; q ԛ; s ѕ; w ԝ; x х; y у; A А; B В; C С; E Е; H Н",
    "I І; J Ј; K К; M М; O О; P Р; S Ѕ; T Т; X Х; Y У; k к; m м; t т",
    "A Α; B Β; E Ε; H Η; I Ι; K Κ; M Μ; N Ν; O Ο; P Ρ; T Τ; X Χ; Y Υ; Z Ζ; o ο; v ν; i ι; u υ; a α; p ρ",
)
"""A word of these alone is read as Latin where the text around it is."""

ALIKE: Final = {
    **TWINS,
    **_pairs(
        # Farther away, but what they mean is clear inside a word that has Latin letters too.
        "b в ь б β; h н; n п и η; r г я; w ш щ ω; u ц μ; e э є ε; f ғ ϝ; g ɡ ց; y ү γ ұ; n ո ռ",
        "u ս; o օ; h հ",
        "R Я; N И П; W Ш; b Ь Б; E Э Є; k κ; t τ; x χ; d δ; s σ ς; l λ; z ζ; j յ; q զ; i ї ι ӏ; e ё; n й",
        "U Ц; F Ғ; A Д; a д; z з; Z З; o ө ф θ; O Ө Ф Θ; E Σ Ξ; Y Ү Υ; m ʍ; s ѕ; c ϲ; L Լ; S Տ; U Ս; O Օ",
    ),
}
"""A word that mixes scripts is read with these."""

STYLED: Final = _pairs(
    # Small capitals and phonetic letters: Latin, but no language of ours writes them.
    "a ᴀ ɑ ɐ ʌ; b ʙ ɓ ƀ; c ᴄ ƈ ȼ; d ᴅ ɖ ɗ; e ᴇ ɇ ɘ ə ɛ ǝ; f ꜰ ƒ; g ɢ ɡ ɠ ǥ; h ʜ ɦ ħ ɥ; i ɪ ı ɨ ɩ; j ᴊ ʝ ɉ",
    "k ᴋ ƙ ʞ; l ʟ ɭ ƚ ɫ; m ᴍ ɱ ɯ; n ɴ ɲ ŋ; o ᴏ ɔ ɵ; p ᴘ ƥ; q ꞯ ɋ; r ʀ ɾ ɹ ɽ ɍ; s ꜱ ʂ; t ᴛ ŧ ʈ ƭ ʇ",
    "u ᴜ ʉ ʊ; v ᴠ ʋ; w ᴡ ʍ; x ᵡ; y ʏ ƴ ɏ ʎ; z ᴢ ʐ ƶ",
)

BOXED: Final = {
    **{0x1F150 + k: chr(65 + k) for k in range(26)},
    **{0x1F170 + k: chr(65 + k) for k in range(26)},
    **{0x1F110 + k: chr(65 + k) for k in range(26)},
    **{0x249C + k: chr(97 + k) for k in range(26)},
}
"""White on black circles and squares have no compatibility form; those in brackets have one with brackets."""

FLAGS: Final = {0x1F1E6 + k: chr(65 + k) for k in range(26)}
"""Regional indicators: two of them are a flag, one alone is a letter in a frame."""

KEPT_MARKS: Final = frozenset("áéíóúüñàâæçèêëîïôœùûÿäöåãõøßÁÉÍÓÚÜÑÀÂÆÇÈÊËÎÏÔŒÙÛŸÄÖÅÃÕØ")
"""Letters with marks that English, Spanish, French and their neighbours write; others lose theirs."""

DOTTED: Final = frozenset("äëïöüãõåÄËÏÖÜÃÕÅ")
"""No word of English, Spanish or French has two of these: then they are a disguise."""
