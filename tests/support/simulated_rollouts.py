"""A thousand rollouts at once: entities that come back, answers that go together, labels for a share.

A world has a few thousand kinds of entities, each with all of its decisions in a step. A rollout draws its
entities from them, so what an arm adds up to is the number of each kind times that kind's sums: what a
window of these decisions gives, for all rollouts and looks by one product of matrices. The sums are those of
`judge_columns`, and they are judged by the functions that judge a window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from lambdas.observations.columns import column_of
from lambdas.observations.window import Window
from lambdas.rollout.judge_columns import arm, first_rows, pairs
from lambdas.rollout.judge_counts import margin_evidence, more_evidence, split_evidence
from lambdas.rollout.judge_measures import Measured, alpha_of, arms, disagreement, paired, worse
from lambdas.rollout.judge_plan import JudgePlan
from lambdas.rollout.sequential import Moments
from tests.support.observations import window

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.intp]
OUTCOMES = ("approve", "decline", "hold")
LOOKS = 12
LAST_LOOKS = (2, 5, 8, 11)
"""Of the last step, in which fewer decisions tell anything."""


@dataclass(frozen=True)
class World:
    """What is true of a variant: shares of its decisions, and by what factor it is `slower`.

    `labelled` of what is acted on has a label, and 90 % of what goes to people, known `late` looks after.
    How often an entity comes, what it is and how hard, and its times are its own, `decisions` on average.
    Whatever is `wrong` in the base world is so in a worse one too.
    """

    wrong: float = 0.10
    failing: float = 0.0005
    slower: float = 1.0
    review: float = 0.15
    labelled: float = 0.3
    late: int = 2
    decisions: float = 4.0


class Step(NamedTuple):
    """A step of a rollout: the challenger's share, and how many entities come while it lasts."""

    share: float
    entities: int


STEPS = (Step(0.01, 10_000), Step(0.10, 10_000), Step(0.50, 18_000), Step(1.0, 10_000))
"""In the last one nothing is left to compare with but what the champion would have said to a tenth."""


def decisions(world: World, kinds: int, seed: int) -> tuple[Window, Ints]:
    """All decisions of `kinds` entities in a step, in order of time, and at which look each is first seen.

    They are a variant's own; a tenth was asked the base world's variant too.
    """
    rng = np.random.default_rng(seed)
    count = 1 + rng.poisson(rng.gamma(0.7, (world.decisions - 1.0) / 0.7, kinds))
    entity = np.repeat(np.arange(kinds), count)
    n = len(entity)
    time = rng.random(n)
    taste = rng.dirichlet((1.6, 0.8, 0.4), kinds)[entity].cumsum(axis=1)
    truth = np.minimum((rng.random((n, 1)) > taste).sum(axis=1), 2)
    hard = rng.beta(1.5, 13.5, kinds)[entity] / 0.1
    review = rng.random(n) < world.review
    labelled = rng.random(n) < np.where(review, 0.9, world.labelled)
    group = 4 * truth + 2 * review + labelled
    wrong = _wrong(hard, time, World.wrong, group, np.ones(n, dtype=np.bool_))
    if world.wrong > World.wrong:
        more = (world.wrong - World.wrong) / (1.0 - World.wrong)
        wrong |= _wrong(hard, time, more, group, ~wrong)
    # Half of the time both variants stumble over the same items.
    again = rng.random(n) < np.where(rng.random(n) < 0.5, wrong * World.wrong / world.wrong, World.wrong)
    shift = rng.integers(1, 3, n)
    outcome, base = ((truth + shift * each) % 3 for each in (wrong, again))
    failed = rng.random(n) < world.failing
    ms = world.slower * np.exp(rng.normal(1.5, 0.3, kinds)[entity] + rng.normal(0.0, 0.5, n))
    asked = rng.random(n) < 0.1
    order = np.argsort(time, kind="stable")
    made = window(
        n,
        entity=entity + 1,
        outcome=column_of(_words(outcome, np.ones(n, dtype=np.bool_))),
        review=review,
        confidence=_confidence(rng, n),
        ms=ms,
        variant=column_of(["none" if each else "champion" for each in failed]),
        label=column_of(_words(truth, labelled)),
        other_version=column_of(["other" if each else None for each in asked]),
        other_outcome=column_of(_words(base, asked)),
        other_review=rng.random(n) < World.review,
        other_confidence=np.where(asked, _confidence(rng, n), np.nan),
    ).where(order)
    return made, np.minimum((time[order] * LOOKS).astype(np.intp), LOOKS - 1)


def _wrong(hard: Floats, time: Floats, share: float, group: Ints, some: Bools) -> Bools:
    """Which of `some` decisions are wrong: in each group, at any time, `share` of them, and rather the hard.

    Drawn systematically in the order of time, so that a world of a few thousand entities has the effect that
    it says, and not one that is half a point off.
    """
    wrong = np.zeros(len(hard), dtype=np.bool_)
    for each in np.unique(group):
        rows = np.flatnonzero((group == each) & some)
        rows = rows[np.argsort(time[rows])]
        chance = np.minimum(hard[rows] * share, 0.9)
        reached = np.floor(np.cumsum(chance * share / chance.mean()) + 0.5)
        wrong[rows] = np.diff(reached, prepend=0.0) > 0
    return wrong


def _confidence(rng: np.random.Generator, n: int) -> Floats:
    return 1.0 - 0.5 * rng.random(n) ** 2


def _words(values: Ints, some: Bools) -> list[str | None]:
    return [OUTCOMES[value] if keep else None for value, keep in zip(values, some, strict=True)]


class Drawn(NamedTuple):
    """An arm of each run at one look; `failed` are entities that ever did, `first` those that did at once."""

    moments: Moments
    pairs: Moments
    failed: Floats
    first: Floats

    @property
    def requests(self) -> Floats:
        """How many there were."""
        return self.moments.totals[:, 0]


class Kinds:
    """What one entity of each kind adds to the sums, at each look."""

    def __init__(self, world: World, plan: JudgePlan, *, kinds: int = 1000, seed: int = 5) -> None:
        made, look = decisions(world, kinds, seed)
        entity = made.entity.astype(np.intp) - 1
        failed = ~made.variant.is_("champion")
        both = (made.other_version.codes >= 0) & ~failed
        first = np.zeros(len(made), dtype=np.bool_)
        first[first_rows(entity)] = True
        tallies = np.stack([failed, first & failed], axis=1).astype(np.float64)
        own_is_new = np.zeros(len(made), dtype=np.bool_)
        tables = []
        for now in range(LOOKS):
            seen, known = look <= now, look + world.late <= now
            label = replace(made.label, codes=np.where(known, made.label.codes, -1).astype(np.int32))
            masked = replace(made, label=label)
            rows = arm(masked, failed, OUTCOMES, plan.costs)
            # Of pairs only the disagreement is judged while both arms have traffic.
            beside = pairs(masked, own_is_new, OUTCOMES, plan.costs)[:, :7]
            parts = [_by(entity, each * seen[:, None], kinds) for each in (rows, tallies)]
            asked = _by(entity, beside * (seen & both)[:, None], kinds)
            tables.append(np.hstack([_flat(parts[0]), np.minimum(parts[1], 1.0), _flat(asked)]))
        self._widths = rows.shape[1], beside.shape[1]
        self._tables = tables
        self._world, self._plan = world, plan
        self.count = kinds

    @cached_property
    def beside(self) -> Beside:
        """The pairs of the last step."""
        return Beside(self._world, self._plan)

    def tallied(self, counts: Floats) -> Iterator[tuple[Floats, Floats, Floats]]:
        """(requests, entities, entities that failed at once) of rollouts with these `counts`, by look."""
        first = 2 + sum(range(1, self._widths[0] + 1)) + self._widths[0]
        for table in self._tables:
            yield tuple((counts @ table[:, [1, 0, first]]).T)

    def drawn(self, counts: Floats) -> Iterator[Drawn]:
        """What rollouts with these `counts` [runs, kinds] of each kind add up to, look by look."""
        d, p = self._widths
        width = 1 + d + d * (d + 1) // 2
        for table in self._tables:
            sums = counts @ table
            main, tallies, beside = np.split(sums, [width, width + 2], axis=1)
            yield Drawn(_moments(main, d), _moments(beside, p), tallies[:, 0], tallies[:, 1])


class Beside:
    """What an entity adds to the sums of those decisions that both variants were asked for, at each look.

    Only a tenth of the decisions is, so there are more entities, of which those with none are one kind. Of
    the base world, whose challenger is the champion itself, every entity is there with either answer as the
    challenger's: in a world of some thousand entities one would be better than the other by chance.
    """

    def __init__(self, world: World, plan: JudgePlan, *, kinds: int = 6000, seed: int = 6) -> None:
        made, look = decisions(world, kinds, seed)
        both = (made.other_version.codes >= 0) & made.variant.is_("champion")
        made, look = made.where(both), look[both]
        names, entity = np.unique(made.entity, return_inverse=True)
        sides = (False, True) if world == World(labelled=world.labelled) else (False,)
        each = np.full(len(names) * len(sides), 1.0 / len(sides))
        self.chances = np.append(each, kinds - len(names)) / kinds
        self._tables = {}
        for now in LAST_LOOKS:
            known = look + world.late <= now
            label = replace(made.label, codes=np.where(known, made.label.codes, -1).astype(np.int32))
            masked, seen = replace(made, label=label), (look <= now)[:, None]
            columns = [pairs(masked, np.full(len(made), side), OUTCOMES, plan.costs) for side in sides]
            self._tables[now] = np.vstack([_flat(_by(entity, part * seen, len(names))) for part in columns])
        self._width = columns[0].shape[1]

    def drawn(self, counts: Floats, now: int) -> Moments:
        """The sums of rollouts with these `counts` [runs, kinds] of each kind."""
        return _moments(counts[:, :-1] @ self._tables[now], self._width)


def _by(entity: Ints, columns: Floats, kinds: int) -> Floats:
    out = np.zeros((kinds, columns.shape[1]))
    np.add.at(out, entity, columns)
    return out


def _flat(sums: Floats) -> Floats:
    """[kinds, 1 + d + d (d + 1) / 2]: whether it was seen, its sums and their products."""
    i, j = np.triu_indices(sums.shape[1])
    products = sums[:, i] * sums[:, j]
    return np.hstack([(sums[:, :1] > 0).astype(np.float64), sums, products])


def _moments(flat: Floats, d: int) -> Moments:
    i, j = np.triu_indices(d)
    cross = np.empty((len(flat), d, d))
    cross[:, i, j] = cross[:, j, i] = flat[:, 1 + d :]
    return Moments(flat[:, 0], flat[:, 1 : 1 + d], cross)


Says = Callable[[Measured], Bools]


class Look(NamedTuple):
    """What one look at all runs found worse, by metric; `requests` are those of both arms since the start."""

    step: int
    worse: dict[str, Bools]
    requests: Floats


def rollouts(
    new: Kinds,
    old: Kinds,
    plan: JudgePlan,
    *,
    runs: int,
    seed: int,
    steps: Sequence[Step] = STEPS,
    says: Says = worse,
    counted: bool = True,
) -> Iterator[Look]:
    """Every look at `runs` rollouts, none of which is ended by what is found.

    `says` is by what a measured metric is held to be worse; `counted` adds failures and the split.
    """
    rng = np.random.default_rng(seed)
    even = np.full(old.count, 1.0 / old.count)
    before = np.zeros(runs)
    for number, step in enumerate(steps):
        here = msgspec.structs.replace(plan, share=step.share)
        if step.share == 1.0:
            for look in _alone(rng, new, here, says, counted=counted, entities=step.entities, runs=runs):
                yield look._replace(step=number, requests=before + look.requests)
            return
        mine = rng.binomial(step.entities, step.share, runs)
        ours, theirs = (
            kinds.drawn(rng.multinomial(count, even).astype(np.float64))
            for kinds, count in ((new, mine), (old, step.entities - mine))
        )
        requests = before
        for a, b in zip(ours, theirs, strict=True):
            found = _measured(a, b, here, says) | (_counted(a, b, here) if counted else {})
            requests = before + a.requests + b.requests
            yield Look(number, found, requests)
        before = requests


def _alone(
    rng: np.random.Generator,
    new: Kinds,
    plan: JudgePlan,
    says: Says,
    *,
    counted: bool,
    entities: int,
    runs: int,
) -> Iterator[Look]:
    """The looks at the step in which the challenger has all of the traffic."""
    counts = rng.multinomial(entities, new.beside.chances, runs).astype(np.float64)
    even = np.full(new.count, 1.0 / new.count)
    tallies = list(new.tallied(rng.multinomial(entities, even, runs).astype(np.float64)))
    for now in LAST_LOOKS:
        of = new.beside.drawn(counts, now)
        alpha = alpha_of(plan)
        found = _said(
            [*paired(of, OUTCOMES, plan, alpha), disagreement(of, OUTCOMES, plan, alpha)], says, runs
        )
        requests, seen, failed = tallies[now]
        if counted:
            found["failures"] = margin_evidence(failed, seen, plan) >= -np.log(alpha)
        yield Look(-1, found, requests)


def _measured(ours: Drawn, theirs: Drawn, plan: JudgePlan, says: Says) -> dict[str, Bools]:
    alpha = alpha_of(plan)
    asked = Moments(*(a + b for a, b in zip(ours.pairs, theirs.pairs, strict=True)))
    measured = [
        *arms(ours.moments, theirs.moments, OUTCOMES, plan, alpha),
        disagreement(asked, OUTCOMES, plan, alpha),
    ]
    return _said(measured, says, len(ours.requests))


def _said(measured: Sequence[Measured], says: Says, runs: int) -> dict[str, Bools]:
    """By metric, the runs in which any part of it is worse."""
    found: dict[str, Bools] = {}
    for each in measured:
        found[each.metric] = found.get(each.metric, np.zeros(runs, np.bool_)) | says(each)
    return found


def _counted(ours: Drawn, theirs: Drawn, plan: JudgePlan) -> dict[str, Bools]:
    needed = -np.log(alpha_of(plan))
    entities = ours.moments.clusters
    failing = np.minimum(
        more_evidence(ours.failed, theirs.failed, plan.share), margin_evidence(ours.first, entities, plan)
    )
    split = split_evidence(entities, entities + theirs.moments.clusters, plan.share)
    return {"failures": failing >= needed, "assignment": split >= needed}


class Stopped(NamedTuple):
    """By run: whether it was stopped, after how many requests (NaN if not) and in which step (-1)."""

    at_all: Bools
    requests: Floats
    step: Ints
    reasons: dict[str, int]


def stopped(looks: Iterator[Look], runs: int) -> Stopped:
    """Each run ended by the first look that finds something worse; `reasons` counts the metrics of these."""
    at_all, requests, step = np.zeros(runs, np.bool_), np.full(runs, np.nan), np.full(runs, -1)
    reasons: dict[str, int] = {}
    for look in looks:
        now = np.logical_or.reduce(list(look.worse.values())) & ~at_all
        for metric, which in look.worse.items():
            reasons[metric] = reasons.get(metric, 0) + int((which & now).sum())
        requests[now], step[now] = look.requests[now], look.step
        at_all |= now
    return Stopped(at_all, requests, step, {name: count for name, count in reasons.items() if count})
