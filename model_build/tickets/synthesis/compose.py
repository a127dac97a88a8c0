"""One ticket's subject and body: the core statement of a family, and what people write around it."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from model_build.text.templates import Template, render
from model_build.tickets.synthesis.customers import Customer
from model_build.tickets.synthesis.joining import ATTACH
from model_build.tickets.synthesis.library import Family, Library, Pool
from model_build.tickets.synthesis.mix import DEPARTMENTS, neighbour
from model_build.tickets.synthesis.names import Names
from model_build.tickets.synthesis.slots import Slots


@dataclass(frozen=True)
class Manner:
    """How likely a channel's writers do what."""

    at_length: float
    greeting: float
    opening: float
    detail: float
    request: float
    closing: float
    signature: float
    quote: float


MANNERS: Final = {
    "email": Manner(0.82, 0.85, 0.45, 0.58, 0.50, 0.75, 0.65, 0.07),
    "web": Manner(0.75, 0.45, 0.38, 0.52, 0.45, 0.35, 0.25, 0.0),
    "chat": Manner(0.45, 0.45, 0.25, 0.38, 0.32, 0.08, 0.0, 0.0),
    "phone": Manner(0.70, 0.0, 0.30, 0.50, 0.25, 0.0, 0.0, 0.0),
    "social": Manner(0.30, 0.0, 0.20, 0.20, 0.25, 0.03, 0.0, 0.0),
}

SECOND_DETAIL: Final = 0.4
FOREIGN_DETAIL: Final = 0.10
"""How often a detail is one that another department hears more often."""

FOREIGN: Final = {
    "Technical": ("General", "Complaint"),
    "Billing": ("General", "Complaint"),
    "General": ("Technical", "Billing"),
    "Complaint": ("Technical", "Billing"),
    "Feature Request": ("General",),
}
"""Whose details fit into a department's tickets: a wish has no proof of payment."""

ASIDE: Final = 0.16
"""How often a ticket also touches another department's business."""

CUE: Final = {"low": 0.78, "medium": 0.60, "high": 0.90, "critical": 0.95}
"""How often the text says how urgent it is, by urgency."""

CRIED_WOLF: Final = 0.05
"""How often what it says about that is a level off."""

ANGER: Final = {"low": 0.0, "medium": 0.03, "high": 0.12, "critical": 0.25}
"""How often the tone is angry, by urgency; complaints have ANGER_OF_COMPLAINTS on top."""

ANGER_OF_COMPLAINTS: Final = 0.45
GENERIC_SUBJECT: Final = 0.12
URGENT_SUBJECT: Final = {"low": 0.01, "medium": 0.02, "high": 0.15, "critical": 0.40}
CODE_SWITCHING: Final = 0.03

_TWO_STOPS: Final = re.compile(r"(?<!\.)\.\.(?!\.)")


@dataclass(frozen=True)
class Brief:
    """What a ticket is about. `novelty` is the probability that it names something new."""

    family: Family
    urgency: str
    channel: str
    customer: Customer
    now: datetime
    novelty: float = 0.0


class Text(NamedTuple):
    """A ticket's text. `tail` is what nobody types: the signature, and the mail that is answered to."""

    subject: str
    body: str
    tail: str = ""


def compose(brief: Brief, library: Library, names: Names, rng: random.Random) -> Text:
    """The ticket's text, typed without a slip."""
    return _Writer(brief, library, names, rng).write()


class _Writer:
    def __init__(self, brief: Brief, library: Library, names: Names, rng: random.Random) -> None:
        self.brief = brief
        self.rng = rng
        self.language = brief.customer.language
        self.tissue = library.tissues[self.language]
        self.manner = MANNERS[brief.channel]
        self.slots = Slots(
            customer=brief.customer,
            names=names,
            tissue=self.tissue,
            now=brief.now,
            rng=rng,
            novelty=brief.novelty,
        )
        angry = ANGER[brief.urgency] + (
            ANGER_OF_COMPLAINTS if brief.family.department == "Complaint" else 0.0
        )
        self._used: list[Template] = []
        self.angry = rng.random() < angry

    def write(self) -> Text:
        subject = self._subject()
        sentences = self._sentences()
        body = _joined(sentences, self._gaps(len(sentences)))
        if self.brief.channel == "social":
            return Text(subject, self._post(body))
        if self.brief.channel == "phone":
            return Text(subject, _after(self._pool("phone"), body))
        if self.brief.channel == "chat":
            return Text(subject, self._chat(body))
        return Text(subject, self._letter(body), self._tail())

    def _happens(self, probability: float) -> bool:
        return self.rng.random() < probability

    def _render(self, template: Template) -> str:
        return render(template, self.rng, self.slots, ATTACH[self.language])

    def _from(self, pool: Pool) -> str:
        """One of the phrases of `pool`, not one that this ticket has already."""
        fresh = [phrase for phrase in pool if phrase not in self._used] or pool
        phrase = self.rng.choice(fresh)
        self._used.append(phrase)
        return self._render(phrase)

    def _pool(self, name: str) -> str:
        return self._from(self.tissue.pools[name])

    def _subject(self) -> str:
        wording = self.brief.family.wordings[self.language]
        generic = self._happens(GENERIC_SUBJECT)
        pool = self._either("generic_subjects", self.brief.family.department)
        text = self._from(pool) if generic else self._render(wording.subject)
        if self._happens(URGENT_SUBJECT[self.brief.urgency]):
            text = self._pool("urgent_prefixes") + text
        if self.brief.channel == "email" and self._happens(0.05):
            text = f"Re: {text}"
        return text

    def _core(self) -> str:
        wording = self.brief.family.wordings[self.language]
        if self._happens(self.manner.at_length):
            return self._render(wording.long)
        text = self._render(wording.short)
        return text if self._happens(self.brief.customer.casual) else text[:1].upper() + text[1:]

    def _sentences(self) -> list[str]:
        department = self.brief.family.department
        core = [self._core()]
        if self._happens(self.manner.opening):
            core.insert(0, self._from(self._either("openings", department)))
        if self._happens(self.manner.detail):
            core.append(self._detail(department))
            if self._happens(SECOND_DETAIL):
                core.append(self._detail(department))
        if self._happens(self.brief.novelty * 0.5):
            core.append(self._pool("novelty"))
        before: list[str] = []
        after: list[str] = []
        if self._happens(ASIDE):
            (before if self._happens(0.2) else after).append(self._aside(department))
        if self._happens(CUE[self.brief.urgency]):
            (before if self._happens(0.12) else after).append(self._cue(department))
        if self._happens(self.manner.request):
            after.append(self._from(self._either("requests", department)))
        if self.angry and self._happens(0.3):
            (before if self._happens(0.4) else after).append(self._pool("shouts"))
        return [_closed(sentence) for sentence in dict.fromkeys([*before, *core, *after])]

    def _detail(self, department: str) -> str:
        if self._happens(FOREIGN_DETAIL):
            department = self.rng.choice(FOREIGN[department])
        return self._from(self._either("details", department))

    def _either(self, name: str, department: str) -> Pool:
        """A pool that all departments share, or the department's own."""
        pools = self.tissue.by_department[name]
        return pools["shared" if "shared" in pools and self._happens(0.27) else department]

    def _aside(self, department: str) -> str:
        other = self.rng.choice([name for name in DEPARTMENTS if name != department])
        return self._from(self.tissue.by_department["asides"][other])

    def _cue(self, department: str) -> str:
        said = self.brief.urgency
        if self._happens(CRIED_WOLF):
            said = neighbour(said, self.rng)
        pools = self.tissue.cues[said]
        return self._from(pools["shared"] + pools.get(department, ()))

    def _gaps(self, sentences: int) -> list[str]:
        """What stands between the sentences: a chat may be sent line by line, a letter has paragraphs."""
        gaps = [" "] * (sentences - 1)
        if self.brief.channel == "chat" and self._happens(0.3):
            return ["\n"] * len(gaps)
        if self.brief.channel in ("email", "web") and len(gaps) > 1 and self._happens(0.3):
            gaps[self.rng.randrange(len(gaps))] = "\n\n"
        return gaps

    def _post(self, body: str) -> str:
        tags = dict.fromkeys(self._pool("hashtags") for _ in range(self.rng.choice((0, 0, 1, 1, 2))))
        return " ".join([_after(self._pool("social"), body), *tags])

    def _chat(self, body: str) -> str:
        greeting = self._pool("greetings").rstrip(" ,:")
        # Nobody opens a chat with Dear Sir or Madam.
        short = len(greeting.split()) < 3 and "," not in greeting
        return f"{greeting}! {body}" if short and self._happens(self.manner.greeting) else body

    def _letter(self, body: str) -> str:
        parts = [body]
        if self._happens(self.manner.greeting):
            parts.insert(0, self._pool("greetings"))
        if self._happens(CODE_SWITCHING):
            parts.append(self._pool("code_switching"))
        if self._happens(self.manner.closing):
            parts.append(self._from(self.tissue.closings["angry" if self.angry else "calm"]))
        return self.rng.choice(("\n\n", "\n\n", "\n")).join(parts)

    def _tail(self) -> str:
        tail = ""
        if self._happens(self.manner.signature):
            tail += "\n" + self._pool("signatures")
        if self._happens(self.manner.quote):
            tail += "\n\n" + self._pool("quotes")
        return tail


def _after(lead: str, text: str) -> str:
    """`text` after `lead`, without a capital where the lead has not ended a sentence."""
    goes_on = lead.rstrip()[-1:] in (",", ":") and text[1:2].islower()
    return lead + (text[:1].lower() + text[1:] if goes_on else text)


def _joined(sentences: list[str], gaps: list[str]) -> str:
    """The sentences in one text; gap k stands between sentence k and the next."""
    text = sentences[0]
    for gap, sentence in zip(gaps, sentences[1:], strict=True):
        text = _after(text + gap, sentence)
    return text


def _closed(sentence: str) -> str:
    """`sentence` with a full stop where it has no end, and one only after "S.A."."""
    sentence = _TWO_STOPS.sub(".", sentence.rstrip())
    return sentence if sentence[-1:] in ".!?:…" else f"{sentence}."
