"""The Makefile: what a user says of their data reaches the command, however it is trained."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from local.place import ROOT

SAID = {
    "CSV": "my posts.csv", "TEXT": "comment", "LABEL": "rude", "TIME": "at", "GROUP": "author",
    "TEST_CSV": "later.csv", "DELIMITER": ";", "ENCODER": "minilm", "CARD": "card", "MERCHANT": "shop",
    "AMOUNT": "sum", "CATEGORY": "kind", "PLACE": "lat,long", "POSITIVE": "yes,rude", "IMAGE": "picture",
    "AUDIO": "sound",
}  # fmt: skip


@pytest.mark.parametrize(
    ("target", "command"), [("train", "-m model_build train"), ("retrain", "-m local retrain")]
)
def test_what_is_said_of_the_data_is_passed_on(target: str, command: str) -> None:
    given = [
        "make",
        "--dry-run",
        target,
        "SERVICE=content",
        *(f"{name}={value}" for name, value in SAID.items()),
    ]
    done = subprocess.run(given, cwd=ROOT, capture_output=True, text=True, check=True)
    (line,) = (line for line in done.stdout.splitlines() if f"{command} content" in line)
    words = shlex.split(line)
    for name, value in SAID.items():
        option = f"--{name.lower().replace('_', '-')}"
        assert words[words.index(option) + 1] == value


def test_what_is_not_said_is_not_passed_on() -> None:
    done = subprocess.run(
        ["make", "--dry-run", "retrain", "SERVICE=tickets"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = (line for line in done.stdout.splitlines() if "-m local retrain" in line)
    assert line.split()[1:] == ["-m", "local", "retrain", "tickets"]
