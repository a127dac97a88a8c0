"""CSV files for tests of the training pipeline."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

WORDS = {
    "Billing": ["invoice", "charged", "refund", "card", "twice", "money", "payment", "overpaid"],
    "Technical": ["crash", "error", "login", "screen", "update", "freeze", "server", "timeout"],
    "General": ["opening", "hours", "address", "question", "where", "contact", "team", "thanks"],
}
COMMON = ["please", "hello", "the", "my", "I", "am", "not", "since", "today", "with", "your", "help"]


def write_csv(path: Path, rows: Iterable[Mapping[str, object]], delimiter: str = ",") -> Path:
    """`rows` as a CSV; the columns are those of the first row."""
    listed = list(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(listed[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(listed)
    return path


def ticket_rows(
    count: int, *, seed: int = 0, labels: Sequence[str] = tuple(WORDS), groups: int = 40
) -> list[dict[str, object]]:
    """`count` small tickets that a word model tells apart, in a random order of their classes."""
    rng = random.Random(seed)  # noqa: S311 - tests
    rows: list[dict[str, object]] = []
    for number in range(count):
        label = labels[rng.randrange(len(labels))]
        own = rng.choices(WORDS[label], k=4) if rng.random() < 0.95 else rng.choices(COMMON, k=4)
        words = own + rng.choices(COMMON, k=5)
        rng.shuffle(words)
        rows.append(
            {
                "subject": words[0],
                "body": f"{' '.join(words)} {number}",
                "queue": label,
                "urgent": "yes" if "crash" in words or "twice" in words else "no",
                "created_at": f"2026-{1 + number * 12 // count:02d}-{1 + number % 28:02d}T10:00:00",
                "customer": f"c{rng.randrange(groups)}",
                "channel": rng.choice(["email", "web", ""]),
            }
        )
    return rows
