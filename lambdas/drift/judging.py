"""Each thing that is watched: compared, tested together with the others, and called fine or off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import numpy as np

from lambdas.drift.bins import Expected, of_shares
from lambdas.drift.entities import Entities, Floats, Tally
from lambdas.drift.limits import Limits
from lambdas.drift.reference import HeadReference, Reference
from lambdas.drift.report import Finding, Verdict
from lambdas.drift.statistics.false_discovery import discoveries
from lambdas.drift.subjects import Skipped, Subject, subjects
from lambdas.drift.watched import Look, Watched, expected, looks, step
from lambdas.observations.window import Window


@dataclass(frozen=True)
class Judged:
    """A subject with the comparisons made, `looks` empty where there is nothing yet to compare with."""

    subject: Subject
    known: Watched
    now: Tally
    looks: list[Look]


class Verdicts(NamedTuple):
    """What is found, what is remembered, and what turned out to be unlike the training data ever since the
    bundle answers."""

    findings: list[Finding]
    watched: dict[str, Watched]
    unlike: list[str]


def judged(
    window: Window,
    reference: Reference,
    head: HeadReference | None,
    entities: Entities,
    watched: Mapping[str, Watched],
) -> tuple[list[Judged], dict[str, str]]:
    """Each subject with its comparisons; and by name why others are left out."""
    found: list[Judged] = []
    skipped: dict[str, str] = {}
    for each in subjects(window, reference, head):
        if isinstance(each, Skipped):
            skipped[each.name] = each.why
            continue
        known = watched.get(each.name, Watched(own=each.moves or each.training is None))
        training = each.training or _of_words(each, known)
        if training is None:
            continue
        if each.training is None and not known.names:
            known = msgspec.structs.replace(known, names=list(training.names[:-2]))
        now = entities.tally(each.codes(training), len(training.names))
        against = expected(known, training)
        made = looks(known, against, now, each.measure) if against is not None else []
        found.append(Judged(each, known, now, made))
    return found, skipped


def _of_words(subject: Subject, known: Watched) -> Expected | None:
    """What the bins are of words that training does not say: those of the first window."""
    words = known.names or list(subject.words.words if subject.words else ())
    return of_shares(dict.fromkeys(words, 1.0), 0.0) if words else None


def verdicts(judged: list[Judged], limits: Limits, rows: int, before: Mapping[str, Watched]) -> Verdicts:
    """The verdict on each, over the false discoveries of all together; `before` is what was remembered."""
    tried = [
        (number, found)
        for number, each in enumerate(judged)
        if each.now.effective >= limits.least
        for found in each.looks
    ]
    counts = discoveries([found.change.tested.p for _, found in tried], limits.false_rate)
    off: dict[int, list[Look]] = {}
    leaning: set[int] = set()
    for (number, found), counted in zip(tried, counts, strict=True):
        if counted and found.change.effect >= _limit(judged[number], limits):
            off.setdefault(number, []).append(found)
        if counted and found.recent and found.change.effect >= _limit(judged[number], limits) / 2:
            leaning.add(number)
    findings: list[Finding] = []
    watched, unlike = dict(before), []
    for number, each in enumerate(judged):
        if each.now.effective < limits.least:
            findings.append(finding(each, None, "too few", limits, rows))
            continue
        verdict = number in off if each.looks else None
        newest = [found.change.effect for found in each.looks if not found.recent]
        back = bool(newest) and newest[0] < _limit(each, limits) / 2
        leans = number in leaning
        after = step(each.known, each.now.counts, verdict, limits, back=back, leans=leans)
        if after.own and not each.known.own and number in off and each.known.off + 1 == limits.in_a_row:
            unlike.append(each.subject.name)
        watched[each.subject.name] = after
        worst = max(off.get(number, ()), key=lambda look: look.change.effect, default=None)
        made = finding(each, worst, _verdict(verdict, after), limits, rows)
        findings.append(
            msgspec.structs.replace(made, in_a_row=after.off, unlike_training=_unlike(each, after))
        )
    return Verdicts(findings, watched, unlike)


def _verdict(off: bool | None, after: Watched) -> Verdict:
    if off is None:
        return "learning"
    return "alarm" if after.on else "off" if off else "fine"


def _unlike(judged: Judged, after: Watched) -> bool:
    return after.own and not judged.subject.moves and judged.subject.training is not None


def _limit(judged: Judged, limits: Limits) -> float:
    if judged.subject.measure == "h":
        return limits.h
    return limits.psi_past if judged.known.own else limits.psi


def finding(judged: Judged, worst: Look | None, verdict: Verdict, limits: Limits, rows: int) -> Finding:
    """The comparison that is off, or else that of the window alone."""
    subject, now = judged.subject, judged.now
    shown = worst or (judged.looks[0] if judged.looks else None)
    names = subject.training.names if subject.training else (*judged.known.names, "other", "missing")
    change = shown.change if shown else None
    before = shown.before.shares if shown else np.zeros(len(names))
    return Finding(
        name=subject.name,
        kind=subject.kind,
        verdict=verdict,
        against="own past" if judged.known.own else "training",
        measure=subject.measure,
        effect=change.effect if change else 0.0,
        limit=_limit(judged, limits),
        test=change.tested.test if change else "",
        statistic=change.tested.statistic if change else 0.0,
        p=change.tested.p if change else 1.0,
        rows=rows,
        effective=(shown.now if shown else now).effective,
        bins=list(names),
        before=_shares(before),
        now=_shares((shown.now if shown else now).shares),
        jensen_shannon=change.jensen_shannon if change else 0.0,
        total_variation=change.total_variation if change else 0.0,
        moved=change.moved if change else None,
        recent=bool(shown and shown.recent),
    )


def _shares(shares: Floats) -> list[float]:
    return [round(float(each), 6) for each in shares]
