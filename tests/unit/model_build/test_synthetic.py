"""The synthetic tickets: repeatable, balanced as documented, noisy as asked, and never the same phrase twice
under two groups."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from statistics import fmean

import pytest

from lambdas.tickets.schema import CHANNELS, TIERS, TicketRequest
from model_build.errors import ParametersError
from model_build.tickets.synthesis.customers import Customers
from model_build.tickets.synthesis.library import load
from model_build.tickets.synthesis.mix import DEPARTMENTS
from model_build.tickets.synthesis.names import draw_names
from model_build.tickets.synthesis.rhythm import Rhythm
from model_build.tickets.synthesis.shift import Shift
from model_build.tickets.synthesis.streams import Stream, stream
from model_build.tickets.synthetic import COLUMNS, TicketParameters, generate, main, write_csv

pytestmark = pytest.mark.unit

Rows = list[dict[str, str]]

ROOT = Path(__file__).parents[3]
ROWS = 3_000
SMALL = TicketParameters(rows=300, seed=3)
MIDDLE = datetime(2026, 5, 1, tzinfo=UTC)
LABELS = ("department", "urgency")


@pytest.fixture(scope="module")
def rows() -> Rows:
    return list(generate(TicketParameters(rows=ROWS, seed=5)))


@pytest.fixture(scope="module")
def noiseless() -> Rows:
    return list(generate(TicketParameters(rows=ROWS, seed=5, department_noise=0.0, urgency_noise=0.0)))


def shares(rows: Sequence[Mapping[str, str]], column: str) -> dict[str, float]:
    counted = Counter(row[column] for row in rows)
    return {value: count / len(rows) for value, count in counted.items()}


def without(row: Mapping[str, str], *columns: str) -> dict[str, str]:
    return {name: value for name, value in row.items() if name not in columns}


# ---- repeatable -------------------------------------------------------------------------------
def test_the_same_seed_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    here, there = tmp_path / "here.csv", tmp_path / "there.csv"
    write_csv(here, SMALL)
    command = [sys.executable, "-m", "model_build.tickets.synthetic", "--rows", "300", "--seed", "3", "--out"]
    done = subprocess.run([*command, str(there)], check=True, capture_output=True, text=True, cwd=ROOT)
    assert here.read_bytes() == there.read_bytes()
    assert str(there) in done.stdout


def test_another_seed_gives_other_tickets() -> None:
    first = {row["body"] for row in generate(SMALL)}
    second = {row["body"] for row in generate(replace(SMALL, seed=4))}
    assert len(first & second) <= 3


def test_the_csv_reads_back_as_what_was_generated(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "tickets.csv"
    write_csv(path, SMALL)
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        assert tuple(reader.fieldnames or ()) == COLUMNS
        assert list(reader) == list(generate(SMALL))


def test_rows_come_one_at_a_time_whatever_their_number() -> None:
    endless = TicketParameters(rows=10**9)
    assert len(list(islice(generate(endless), 20))) == 20


def test_the_customers_in_memory_do_not_grow_with_the_rows() -> None:
    customers = Customers(rows=600, seed=1, languages={"en": 1.0}, names=draw_names(1), library=load())
    held = []
    for row in range(6_000):
        customers.writer(row, stream(1, Stream.FACTS, row))
        held.append(customers.active)
    assert max(held) <= 102
    assert max(held[3_000:]) <= max(held[:3_000]) + 5


# ---- what a row is ----------------------------------------------------------------------------
def test_every_ticket_is_one_that_the_service_accepts(rows: Rows) -> None:
    for row in rows:
        assert tuple(row) == COLUMNS
        assert row["body"].strip()
        assert row["channel"] in {*CHANNELS, ""}
        assert row["customer_tier"] in {*TIERS, ""}
        assert row["previous_tickets"] == "" or int(row["previous_tickets"]) >= 0
        TicketRequest(subject=row["subject"], body=row["body"], ticket_id=row["ticket_id"]).check()
        assert len(row["subject"]) <= 1_000
        assert len(row["body"]) <= 20_000


def test_no_phrase_is_left_unfilled(rows: Rows) -> None:
    for row in rows:
        text = row["subject"] + row["body"]
        assert not set("[]{}|") & set(text.replace(" | ", "")), text
        assert "  " not in text, text


def test_tickets_are_in_the_order_of_time_within_the_year(rows: Rows) -> None:
    times = [datetime.strptime(row["created_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) for row in rows]
    parameters = TicketParameters()
    assert times == sorted(times)
    assert parameters.start <= times[0] < times[-1] < parameters.end
    by_hour = Counter(at.hour for at in times)
    by_day = Counter(at.weekday() for at in times)
    assert by_hour[10] > 5 * by_hour[3]
    assert by_day[0] > 2 * by_day[6]


def test_the_rhythm_never_runs_backwards() -> None:
    rhythm = Rhythm(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 30, tzinfo=UTC))
    moments = [rhythm.at(share / 100) for share in range(100)]
    assert moments == sorted(moments)
    assert moments[-1].minute < 30


def test_ids_are_unique_and_customers_come_back(rows: Rows) -> None:
    assert len({row["ticket_id"] for row in rows}) == ROWS
    tickets = Counter(row["customer_id"] for row in rows)
    assert max(tickets.values()) >= 8
    assert fmean(tickets.values()) > 2


def test_a_customer_keeps_their_language_and_counts_their_tickets(rows: Rows) -> None:
    seen: dict[str, tuple[str, int, int]] = {}
    for row in rows:
        name = row["customer_id"]
        language, since, before = seen.get(name, (row["language"], 0, -1))
        assert row["language"] == language
        if row["previous_tickets"]:
            now = int(row["previous_tickets"])
            assert before < 0 or now == before + since
            seen[name] = (language, 1, now)
        else:
            seen[name] = (language, since + 1, before)


def test_exact_copies_are_rare(rows: Rows) -> None:
    texts = [(row["subject"], row["body"]) for row in rows]
    assert len(set(texts)) > 0.99 * len(texts)


# ---- the mix ----------------------------------------------------------------------------------
def test_departments_languages_and_urgencies_have_their_documented_shares(rows: Rows) -> None:
    departments, urgencies = shares(rows, "department"), shares(rows, "urgency")
    assert departments == pytest.approx(DEPARTMENTS, abs=0.04)
    assert shares(rows, "language") == pytest.approx(TicketParameters().languages, abs=0.05)
    assert urgencies["medium"] > urgencies["low"] > urgencies["high"] > urgencies["critical"] > 0.04
    assert urgencies["medium"] < 0.5


def test_other_language_shares_are_obeyed() -> None:
    only = TicketParameters(rows=200, languages={"fr": 1.0})
    assert {row["language"] for row in generate(only)} == {"fr"}


def test_values_are_missing_as_often_as_asked(rows: Rows) -> None:
    for name, rate in TicketParameters().missing.items():
        assert fmean(not row[name] for row in rows) == pytest.approx(rate, abs=0.03), name
    full = list(generate(replace(SMALL, missing={})))
    assert all(all(row.values()) for row in full)
    empty = list(generate(replace(SMALL, missing={"channel": 1.0})))
    assert not any(row["channel"] for row in empty)


def test_who_complains_has_written_before(noiseless: Rows) -> None:
    def history(department: str) -> float:
        return fmean(
            int(row["previous_tickets"])
            for row in noiseless
            if row["department"] == department and row["previous_tickets"]
        )

    assert history("Complaint") > 1.2 * history("Billing")


def test_big_customers_are_more_urgent(noiseless: Rows) -> None:
    def pressing(tier: str) -> float:
        return fmean(
            row["urgency"] in {"high", "critical"} for row in noiseless if row["customer_tier"] == tier
        )

    assert pressing("enterprise") > pressing("standard") > pressing("free")


# ---- noise and slips --------------------------------------------------------------------------
def test_label_noise_is_what_was_asked_for_and_touches_nothing_else(rows: Rows, noiseless: Rows) -> None:
    for noisy, clean in zip(rows, noiseless, strict=True):
        assert without(noisy, *LABELS) == without(clean, *LABELS)
    wrong = [fmean(a[label] != b[label] for a, b in zip(rows, noiseless, strict=True)) for label in LABELS]
    assert wrong == pytest.approx([0.055, 0.07], abs=0.012)


def test_a_wrong_urgency_is_one_level_off(rows: Rows, noiseless: Rows) -> None:
    levels = ("low", "medium", "high", "critical")
    steps = {
        abs(levels.index(noisy["urgency"]) - levels.index(clean["urgency"]))
        for noisy, clean in zip(rows, noiseless, strict=True)
    }
    assert steps == {0, 1}


def test_people_slip_and_only_in_what_they_type(rows: Rows) -> None:
    careful = list(generate(TicketParameters(rows=ROWS, seed=5, typos=0.0)))
    for slipped, clean in zip(rows, careful, strict=True):
        assert without(slipped, "subject", "body") == without(clean, "subject", "body")
    slips = fmean(a["body"] != b["body"] for a, b in zip(rows, careful, strict=True))
    assert 0.2 < slips < 0.6
    addresses = [word for row in rows for word in row["body"].split() if "@example" in word]
    clean_ones = [word for row in careful for word in row["body"].split() if "@example" in word]
    assert addresses
    assert len(addresses) == len(clean_ones)


def test_some_shout_and_some_drop_their_accents(rows: Rows) -> None:
    assert any(row["body"].isupper() for row in rows)
    assert any(row["body"].islower() for row in rows)
    spanish = [row["body"] for row in rows if row["language"] == "es"]
    plain = fmean(body.isascii() for body in spanish)
    assert 0.05 < plain < 0.5


# ---- groups -----------------------------------------------------------------------------------
def test_a_group_is_one_family_and_covers_its_translations(noiseless: Rows) -> None:
    department = {family.id: name for name, families in load().families.items() for family in families}
    languages: dict[str, set[str]] = {}
    for row in noiseless:
        assert department[row["template_group"]] == row["department"]
        languages.setdefault(row["template_group"], set()).add(row["language"])
    assert len(languages) > 0.98 * len(department)
    assert fmean(len(spoken) == 3 for spoken in languages.values()) > 0.6


def test_a_split_by_group_can_be_learned_but_not_aced(rows: Rows) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.model_selection import GroupShuffleSplit
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    texts = [f"{row['subject']}\n{row['body']}" for row in rows]
    groups = [row["template_group"] for row in rows]
    train, test = next(GroupShuffleSplit(1, test_size=0.25, random_state=0).split(texts, groups=groups))
    for label, least, most in (("department", 0.72, 0.93), ("urgency", 0.5, 0.9)):
        model = make_pipeline(TfidfVectorizer(sublinear_tf=True), LinearSVC(C=0.5))
        model.fit([texts[i] for i in train], [rows[i][label] for i in train])
        accuracy = model.score([texts[i] for i in test], [rows[i][label] for i in test])
        assert least < accuracy < most, label


# ---- what cannot be asked for -----------------------------------------------------------------
@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"rows": -1}, "rows"),
        ({"seed": -1}, "seed"),
        ({"department_noise": 1.5}, "department_noise"),
        ({"missing": {"subject": -0.1}}, "missing.subject"),
        ({"missing": {"body": 0.1}}, "missing"),
        ({"languages": {"de": 1.0}}, "languages"),
        ({"languages": {"en": 0.0}}, "languages"),
        ({"typos": -1.0}, "typos"),
        ({"start": datetime(2027, 1, 1, tzinfo=UTC)}, "start"),
        ({"shift": Shift("concept", MIDDLE, themes=("weather",))}, "themes"),
        ({"shift": Shift("concept", MIDDLE, to="Nowhere")}, "department"),
    ],
)
def test_parameters_that_make_no_sense_are_refused_by_name(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(ParametersError, match=named):
        TicketParameters(**wrong)  # type: ignore[arg-type]


def test_the_command_line_says_what_is_wrong(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--rows", "-5", "--out", str(tmp_path / "x.csv")]) == 2
    assert "rows" in capsys.readouterr().err
