"""The gates: a candidate that is worse, or less fair, than the champion does not get by."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from lambdas.content.policies import OK, POLICIES
from lambdas.core.bundle import CARD, MANIFEST, MODEL, FileEntry, Manifest, bundle_hash, sha256_of
from lambdas.core.errors import BundleError
from model_build.fairness.cells import codes_of
from model_build.fairness.decided import Decided, decide
from model_build.fairness.groups import of_sets
from model_build.fairness.measures import measure
from model_build.fairness.parameters import FairnessParameters
from model_build.fairness.rates import EQUALISED_ODDS, FALSE_POSITIVES
from model_build.fairness.rows import text_batches
from model_build.preflight.bundles import Opened, open_bundle
from model_build.preflight.check import check
from model_build.preflight.compare import RowScores, not_worse, paired
from model_build.preflight.gaps import not_less_fair
from model_build.preflight.held_out import HeldOut
from model_build.preflight.parameters import GateParameters
from model_build.preflight.verdict import GateFailed, Verdict, failed, require
from tests.unit.model_build.fairness.model import ByWords, Score, biased, fair, manifest

NAMES = ("gay", "lesbian", "muslim", "jewish")


def bundle(folder: Path, version: str, score: Score) -> Path:
    """A bundle on disk that is what its manifest says; the model is told from its version."""
    target = folder / version
    target.mkdir(parents=True)
    for name in (MODEL, CARD):
        (target / name).write_text(f"{name} of {version}")
    made = msgspec.structs.replace(
        manifest(version),
        settings={"score": version},
        files={p.name: FileEntry(sha256_of(p), p.stat().st_size) for p in sorted(target.iterdir())},
    )
    made = msgspec.structs.replace(made, bundle_hash=bundle_hash(made))
    (target / MANIFEST).write_bytes(msgspec.json.encode(made))
    SCORES[version] = score
    return target


SCORES: dict[str, Score] = {}


class Known(ByWords):
    """Finds the model of a bundle by the name in its settings."""

    def served(self, folder: Path, heads: object, settings: object) -> object:
        return super().served(folder, heads, {"score": SCORES[folder.name]})  # type: ignore[arg-type]


def rows(service: ByWords, per_group: int = 150) -> HeldOut:
    texts, toxic = [], []
    for name in NAMES:
        for k in range(per_group):
            texts.append(f"I {'hate' if k % 3 == 0 else 'met'} a {name} person, number {k}")
            toxic.append(k % 3 == 0)
    labels = {
        policy: np.where(np.array(toxic) & (policy == "toxicity"), policy, OK).astype(np.str_)
        for policy in POLICIES
    }
    return HeldOut("the test split", list(text_batches(service, texts)), labels, texts, ["en"] * len(texts))  # type: ignore[arg-type]


def verdicts(folder: Path, candidate: Score, champion: Score, **more: object) -> list[Verdict]:
    service = Known(fair)
    old = open_bundle(bundle(folder, "champion", champion), "content")
    new = bundle(folder, "candidate", candidate)
    fairness = FairnessParameters(least_rows=30)
    return check(
        new, old, [rows(service)], service, gates=GateParameters(), fairness=fairness, seed=1, **more
    )  # type: ignore[arg-type]


def test_an_equal_candidate_passes_every_gate(tmp_path: Path) -> None:
    found = verdicts(tmp_path, fair, lambda text: fair(text) * 0.999)
    assert failed(found) == []
    assert {each.gate for each in found} >= {"bundle", "parity", "not worse: log-loss", "not worse: errors"}
    assert any(each.gate == "fairness by identity" for each in found)


def test_a_candidate_that_is_less_fair_is_stopped_by_the_rows_and_by_our_own_sentences(
    tmp_path: Path,
) -> None:
    missed = failed(verdicts(tmp_path, biased, fair))
    fairness = [each for each in missed if each.gate == "fairness by identity"]
    assert len(fairness) == 2
    assert "the champion's 0.000: +1.000" in fairness[0].said
    with pytest.raises(GateFailed, match=r"fairness by identity.*(?s:.*)--force"):
        require(missed, "it may not answer")


def test_a_candidate_that_is_fairer_than_the_champion_passes(tmp_path: Path) -> None:
    found = verdicts(tmp_path, fair, biased)
    assert [each for each in failed(found) if each.gate.startswith("fairness")] == []


def test_a_candidate_that_is_worse_is_stopped(tmp_path: Path) -> None:
    missed = failed(verdicts(tmp_path, lambda text: 1.0 - fair(text), fair))
    assert {each.gate for each in missed} >= {"not worse: log-loss", "not worse: errors"}


def test_a_damaged_bundle_is_looked_at_no_further(tmp_path: Path) -> None:
    service = Known(fair)
    folder = bundle(tmp_path, "candidate", fair)
    (folder / MODEL).write_text("something else")
    (only,) = check(
        folder,
        None,
        [],
        service,
        gates=GateParameters(),
        fairness=FairnessParameters(),
        seed=1,  # type: ignore[arg-type]
    )
    assert only.passed is False and "model.onnx" in only.said


def test_the_first_champion_is_compared_with_nobody(tmp_path: Path) -> None:
    found = check(
        bundle(tmp_path, "first", biased), None, [], Known(biased),  # type: ignore[arg-type]
        gates=GateParameters(), fairness=FairnessParameters(), seed=1,
    )  # fmt: skip
    assert [each.gate for each in found][:2] == ["bundle", "parity"]
    assert all(each.gate.startswith("contract") and each.passed for each in found[2:])
    assert failed(found) == []


def test_without_parity_or_rows_it_does_not_pass(tmp_path: Path) -> None:
    service = Known(fair)
    folder = bundle(tmp_path, "candidate", fair)
    old = open_bundle(bundle(tmp_path, "champion", biased), "content")
    raw = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    (folder / MANIFEST).write_bytes(msgspec.json.encode(msgspec.structs.replace(raw, metrics={})))
    found = check(
        folder,
        old,
        [],
        service,
        gates=GateParameters(),
        fairness=FairnessParameters(),
        seed=1,  # type: ignore[arg-type]
    )
    assert {each.gate for each in failed(found)} == {"parity", "held-out rows"}


def test_the_same_model_needs_no_rows(tmp_path: Path) -> None:
    folder = bundle(tmp_path, "same", fair)
    opened = open_bundle(folder, "content")
    found = check(
        folder, Opened(folder, opened.manifest), [], Known(fair),  # type: ignore[arg-type]
        gates=GateParameters(), fairness=FairnessParameters(), seed=1,
    )  # fmt: skip
    assert failed(found) == []


def scores(loss: float, rows_: int, seed: int = 1) -> RowScores:
    rng = np.random.default_rng(seed)
    own = rng.exponential(loss, rows_)
    return RowScores(own, (own > 1.0).astype(float))


def test_with_few_rows_only_what_is_worse_beyond_doubt_is_refused() -> None:
    parameters = GateParameters(least_rows=500)
    old = scores(0.3, 60)
    noise = np.random.default_rng(3).normal(0.05, 0.5, 60)
    slightly = RowScores(old.loss + noise, old.wrong)
    much = RowScores(old.loss + 0.5, np.ones(60))
    assert failed(not_worse(slightly, old, "few", parameters, seed=1)) == []
    assert len(failed(not_worse(much, old, "few", parameters, seed=1))) == 2


def test_with_many_rows_the_whole_interval_must_be_within_what_is_allowed() -> None:
    parameters = GateParameters(least_rows=500, most_loss=0.1)
    old = scores(0.3, 4_000)
    assert failed(not_worse(RowScores(old.loss * 1.05, old.wrong), old, "many", parameters, seed=1)) == []
    worse = failed(not_worse(RowScores(old.loss * 1.15, old.wrong), old, "many", parameters, seed=1))
    assert [each.gate for each in worse] == ["not worse: log-loss"]


def test_the_paired_interval_is_that_of_the_differences() -> None:
    rng = np.random.default_rng(2)
    old = rng.exponential(1.0, 2_000)
    found = paired(old + 0.1 - old, seed=1)
    assert (found.low, found.value, found.high) == pytest.approx((0.1, 0.1, 0.1))
    noisy = paired(rng.normal(0.0, 1.0, 2_000), seed=1)
    assert noisy.high - noisy.low == pytest.approx(2 * 1.96 / np.sqrt(2_000), rel=0.15)


def test_the_growth_is_the_difference_of_the_gaps_that_the_report_shows() -> None:
    service = ByWords(fair)
    held = rows(service)
    truth: npt.NDArray[np.bool_] = held.labels["toxicity"] == "toxicity"
    new = decide(ByWords(biased), Path(), manifest(), held.batches)  # type: ignore[arg-type]
    old = decide(service, Path(), manifest(), held.batches)  # type: ignore[arg-type]
    by = of_sets(
        "identity", [{name} for text in held.texts for name in NAMES if f" {name} " in text], none=None
    )
    (verdict,) = not_less_fair(new, old, truth, [by], "rows", FairnessParameters(least_rows=30), seed=1)
    shown = {
        (each["measure"], each["point"]): (each["candidate"], each["champion"])
        for each in verdict.figures["gaps"]
    }
    for point in ("removed", "removed or reviewed"):
        for name in (FALSE_POSITIVES, EQUALISED_ODDS):
            both = [
                measure(truth, each.chosen("outcome", point), by, least=30, seed=1).gap(name)
                for each in (new, old)
            ]
            assert shown[name, point] == pytest.approx([gap.value.value for gap in both if gap])
    assert codes_of(truth, truth).max() == 3


def test_too_few_rows_of_every_group_are_no_verdict_and_no_obstacle() -> None:
    service = ByWords(fair)
    held = rows(service, per_group=9)
    truth: npt.NDArray[np.bool_] = held.labels["toxicity"] == "toxicity"
    decided = decide(service, Path(), manifest(), held.batches)  # type: ignore[arg-type]
    by = of_sets("identity", [{"a"} if k % 2 else {"b"} for k in range(len(truth))], none=None)
    (verdict,) = not_less_fair(
        decided, decided, truth, [by], "rows", FairnessParameters(least_rows=50), seed=1
    )
    assert verdict.passed is None
    assert "fewer than two groups have 50 rows" in verdict.said


def test_a_growth_that_may_be_chance_is_said_and_stops_it_all_the_same() -> None:
    rng = np.random.default_rng(5)
    truth = np.zeros(120, dtype=np.bool_)
    by = of_sets("identity", [{"a"} if k % 2 else {"b"} for k in range(120)], none=None)
    old = rng.random(120) < 0.2
    new = old.copy()
    new[[1, 3, 5, 7]] = ~new[[1, 3, 5, 7]]
    worlds = [Decided(("toxicity",), each[:, None].astype(float), (0.9,), (0.4,)) for each in (new, old)]
    parameters = FairnessParameters(least_rows=30, most_growth=0.0)
    (verdict,) = not_less_fair(*worlds, truth, [by], "rows", parameters, seed=1)
    value, low, _ = verdict.figures["gaps"][0]["growth"]
    assert value > 0.0 >= low
    assert verdict.passed is False
    assert "may be chance" in verdict.said


def test_a_growth_that_may_be_chance_is_no_obstacle_where_that_is_an_excuse() -> None:
    """Of many rows the same growth is none, and stops it."""
    for rows_, passed in ((120, None), (12_000, False)):
        rng = np.random.default_rng(5)
        truth = np.zeros(rows_, dtype=np.bool_)
        by = of_sets("identity", [{"a"} if k % 2 else {"b"} for k in range(rows_)], none=None)
        old = rng.random(rows_) < 0.2
        new = old.copy()
        mine = np.flatnonzero(~old & by.member[:, by.names.index("a")])
        new[mine[: rows_ // 30]] = True
        worlds = [Decided(("toxicity",), each[:, None].astype(float), (0.9,), (0.4,)) for each in (new, old)]
        parameters = FairnessParameters(least_rows=30, most_growth=0.02, chance_excuses=True)
        (verdict,) = not_less_fair(*worlds, truth, [by], "rows", parameters, seed=1)
        assert verdict.passed is passed
        assert ("may be chance" in verdict.said) is (passed is None)


def test_a_sure_growth_stops_it_beside_a_wider_one_that_may_be_chance() -> None:
    """Of few rows of one kind the false negatives grow most; what is sure is the false positives."""
    rng = np.random.default_rng(8)
    negatives, positives = 4_000, 120
    truth = np.r_[np.zeros(negatives, np.bool_), np.ones(positives, np.bool_)]
    side = np.arange(len(truth)) % 2 == 0
    by = of_sets("identity", [{"a"} if each else {"b"} for each in side], none=None)
    old = np.where(truth, rng.random(len(truth)) > 0.3, rng.random(len(truth)) < 0.1)
    new = old.copy()
    new[np.flatnonzero(~truth & ~old & side)[:160]] = True
    new[np.flatnonzero(truth & old & ~side)[:6]] = False
    new[np.flatnonzero(truth & ~old & ~side)[:1]] = True
    worlds = [Decided(("toxicity",), each[:, None].astype(float), (0.4,), (0.4,)) for each in (new, old)]
    (verdict,) = not_less_fair(
        *worlds, truth, [by], "rows", FairnessParameters(least_rows=30, chance_excuses=True), seed=1
    )
    assert verdict.passed is False and "may be chance" not in verdict.said
    grown = {each["measure"]: each["growth"] for each in verdict.figures["gaps"]}
    assert grown[FALSE_POSITIVES][1] > 0.0


class Newer(Known):
    """The code of a later day, to which the champion's files say nothing."""

    def served(self, folder: Path, heads: object, settings: object) -> object:
        if folder.name == "champion":
            raise BundleError("the pieces cannot be read, train again")
        return super().served(folder, heads, settings)


def test_a_champion_that_this_code_cannot_open_is_no_hurdle_for_the_one_that_it_can(tmp_path: Path) -> None:
    service = Newer(fair)
    old = open_bundle(bundle(tmp_path, "champion", fair), "content")
    new = bundle(tmp_path, "candidate", biased)
    gates, fairness = GateParameters(), FairnessParameters()
    found = check(new, old, [rows(service)], service, gates=gates, fairness=fairness, seed=1)  # type: ignore[arg-type]
    assert failed(found) == []
    (said,) = [each.said for each in found if each.gate == "champion"]
    assert "this code cannot open champion" in said
    assert "train again" in said
