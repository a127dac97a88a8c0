"""Words that a moderator would look at twice, in English, Spanish and French, and words of everyday speech.

The lists are short and mild: they lift what a model should notice, and decide nothing alone. No slur against
a group of people is in them. Words are compared without their accents, because people leave them out.
"""

from __future__ import annotations

from typing import Final

KINDS: Final = ("insult", "profanity", "threat", "sexual", "violence")
LANGUAGES: Final = ("en", "es", "fr")

_ACCENTS: Final = str.maketrans("áàâäãåéèêëíìîïóòôöõúùûüñçÿ", "aaaaaaeeeeiiiiooooouuuuncy")

_WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "insult": """
            idiot idiots idiotic moron morons moronic imbecile stupid dumb dumbass dummy fool
            fools loser losers pathetic worthless useless scum scumbag trash garbage clown
            clowns creep ugly coward liar filth vermin dimwit halfwit jerk jerks lowlife nobody
            disgusting braindead brainless cretin twat weirdo sicko freak pig pigs rat snake
            dirtbag douche douchebag jackass asshat crybaby maggot parasite
        """,
        "profanity": """
            fuck fucks fucked fucker fuckers fucking fck fcking fk fuk fuckin shit shits shitty
            sht bullshit bitch bitches btch bastard bastards ass arse asshole assholes arsehole
            dick dickhead prick cunt crap damn goddamn piss pissed wanker bollocks motherfucker
            stfu gtfo wtf
        """,
        "threat": """
            kill kills killing hurt hunt destroy regret revenge beware burn smash strangle slit
            stab shoot murder bury choke beat drown hang poison break crush punch
        """,
        "sexual": """
            porn porno pornography nude nudes naked sex sexy sexual horny nsfw xxx boobs tits
            breasts penis vagina pussy cock cum orgasm erotic fetish blowjob handjob anal
            masturbate stripper escort hookup onlyfans lingerie undress topless bdsm
        """,
        "violence": """
            blood bloody gun guns shoot shot shooting stab stabbed stabbing bomb bombing knife
            beaten corpse corpses massacre slaughter torture tortured behead beheaded execution
            murder murdered rifle gore gory mutilated wounded explosion explosives weapon
            weapons ammo lynch killed bullet bullets
        """,
    },
    "es": {
        "insult": """
            idiota idiotas imbécil imbéciles estúpido estúpida estúpidos tonto tonta tontos bobo
            boba inútil inútiles basura payaso payasa payasos asco asqueroso asquerosa patético
            patética perdedor perdedora cobarde cobardes mentiroso mentirosa escoria rata ratas
            cerdo cerda cretino cretina tarado tarada necio gusano gusanos parásito ignorante
            feo fea fracasado fracasada sinvergüenza miserable baboso mamarracho
        """,
        "profanity": """
            mierda mierdas joder jodido jodida jodete puta puto putas putos putada cabrón
            cabrones cabrona coño gilipollas pendejo pendeja pendejos culo carajo hostia verga
            chingar chinga pinche culero hijoputa hdp boludo pelotudo huevón capullo zorra
        """,
        "threat": """
            matar mataré matarte matarlo mato arrepentirás arrepentir venganza vengar golpear
            golpearé pegaré pegarte destruir destruiré romperé romperte quemaré quemar partiré
            reventaré ahogar degollar acuchillar pagarás cuidadito aplastar aplastaré
        """,
        "sexual": """
            porno pornografía desnuda desnudo desnudos desnudas sexo sexual sexuales tetas
            pechos pene vagina polla follar follamos coger cachondo cachonda erótico erótica
            orgasmo mamada masturbar prostituta escort lencería fetiche
        """,
        "violence": """
            sangre arma armas disparar disparo disparos bomba cuchillo navaja paliza cadáver
            cadáveres masacre tortura torturado degollado asesinar asesinato asesinado apuñalar
            apuñalado pistola rifle ejecución explosivo explosivos herido heridos munición bala
            balas
        """,
    },
    "fr": {
        "insult": """
            idiot idiote idiots imbécile imbéciles stupide stupides débile débiles crétin
            crétine crétins abruti abrutie abrutis nul nulle nuls minable minables pitoyable
            ordure ordures déchet déchets clown bouffon bouffonne lâche lâches menteur menteuse
            dégoûtant dégoûtante raté ratée tocard tocards bête moche incapable parasite vermine
            rat porc cafard andouille boulet ignare
        """,
        "profanity": """
            merde merdes merdique putain pute putes con conne cons connard connards connasse
            connasses salaud salope salopard enculé enculés enfoiré enfoirée foutre foutu foutue
            bordel chier chiant cul bite couille couilles batard bâtards branleur ntm ftg tg fdp
        """,
        "threat": """
            tuer tuerai buter buterai crever crèveras regretter regretteras vengeance venger
            frapper frapperai détruire détruirai casser casserai brûler brûlerai égorger
            étrangler massacrer écraser écraserai poignarder payeras paieras cogner noyer
        """,
        "sexual": """
            porno pornographie nue nu nus nues sexe sexuel sexuelle sexuels seins nichons pénis
            vagin baiser baise érotique orgasme masturber prostituée escorte lingerie fétiche
            pipe sodomie branler
        """,
        "violence": """
            sang arme armes tirer fusil fusillade bombe couteau tabasser cadavre cadavres
            massacre torture torturé égorgé assassiner assassinat assassiné poignardé pistolet
            exécution explosif explosifs blessé blessés munition balle balles
        """,
    },
}

_PHRASES: Final[dict[str, str]] = {
    "threat": """
        kill you, kill him, kill her, kill them, kill yourself, hurt you, find you, watch your,
        your back, know where, where you, you live, will regret, gonna regret, your house,
        your family, beat you, break your, shoot you, end you, come for, coming for, burn your,
        make you, te voy, voy a, vas a, sé dónde, dónde vives, te mato, te mataré, tu casa,
        tu familia, vas arrepentir, te arrepentirás, cuídate bien, je vais, vais te, te tuer,
        te buter, tu vas, vas le, où tu, tu habites, te retrouver, te casser, ta famille, chez toi
    """,
    "insult": """
        shut up, screw you, drop dead, get lost, go away, hate you, waste of, no one, piece of,
        cállate ya, vete a, te odio, das asco, me das, pedazo de, ferme la, ta gueule, tais toi,
        te déteste, tu pues, dégage de, espèce de
    """,
}
"""Pairs of words that say more than each of them."""

_STOP: Final[dict[str, str]] = {
    "en": """
        the a an and or but if of to in on at for with from by is are was were be been am i you he
        she it we they me him her us them my your his its our their this that these those not no do
        does did have has had will would can could should just so what who when where why how all
        about out up down there here then than your yourself im dont cant wont youre get got go
        going know think like want really very people please thanks hello
    """,
    "es": """
        el la los las un una unos unas y o pero si de del al en con por para sin sobre es son era
        eres soy está están estoy fue ser yo tú tu te él ella ellos nosotros me mi mis su sus lo le
        les nos se este esta esto ese esa eso no que qué como cómo cuando donde quién muy más ya
        también todo todos hay ha he has hoy aquí así porque nada nunca voy vas va quiero gracias
        hola buenos
    """,
    "fr": """
        le la les un une des et ou mais si de du au aux en avec par pour sans sur est sont était es
        suis être je tu il elle on nous vous ils elles me moi te toi se mon ma mes ton ta tes son sa
        ses leur ce cet cette ces ça ne pas que qui quoi comment quand où très plus aussi tout tous
        y a ai as ont avez c d j l m n s t qu bien rien jamais vais vas va veux merci bonjour faut
        fait dans
    """,
}

_SECOND_PERSON: Final = """
    you your yours yourself u ur ya youre tú tu te ti tus tuyo vos usted ustedes vosotros contigo eres
    sois toi ton ta tes vous votre vos t
"""


def plain(word: str) -> str:
    """`word` in lower case, without its accents."""
    word = word.lower()
    return word if word.isascii() else word.translate(_ACCENTS).replace("œ", "oe")


def _plain(words: str) -> frozenset[str]:
    return frozenset(map(plain, words.split()))


WORDS: Final = {
    kind: frozenset().union(*(_plain(_WORDS[language][kind]) for language in LANGUAGES)) for kind in KINDS
}
PAIRS: Final = {
    kind: frozenset(plain(" ".join(pair.split())) for pair in pairs.split(","))
    for kind, pairs in _PHRASES.items()
}
SPOKEN: Final = {
    language: _plain(_STOP[language]).union(*(_plain(_WORDS[language][kind]) for kind in KINDS))
    for language in LANGUAGES
}
"""Words that tell a language: its everyday ones, and its share of WORDS."""

KNOWN: Final = frozenset().union(*WORDS.values())
"""Every word of WORDS: what a disguise is tried against."""

EVERYDAY: Final = frozenset().union(*SPOKEN.values())
"""Every word that tells a language."""

ADDRESSED: Final = _plain(_SECOND_PERSON)
"""Words that speak to somebody."""
