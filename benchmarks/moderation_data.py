"""The public moderation data sets of shared/data: texts with a yes or no to toxicity, split once and for all.

What counts as toxic: surge as it is labelled; davidson hate and offensive alike; mlma all but `normal`;
es_gold where both coders agree.
"""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

DATA = Path(__file__).resolve().parent.parent.parent / "shared/data"
TEST_SHARE = 0.2


class Post(NamedTuple):
    """A text, whether it is toxic, its language, and where it comes from."""

    text: str
    toxic: bool
    language: str
    source: str


class Case(NamedTuple):
    """A functional test: a text, whether it is hateful, what is tried on it, and the group it speaks of."""

    text: str
    hateful: bool
    functionality: str
    group: str


def there() -> bool:
    """Whether the data is on this machine."""
    return (DATA / "hatecheck").is_dir()


def sets() -> dict[str, list[Post]]:
    """Every set by name, each text once."""
    found = {
        "surge": list(_surge()),
        "davidson": list(_davidson()),
        "mlma en": list(_mlma("en", "en_dataset_with_stop_words.csv")),
        "mlma fr": list(_mlma("fr", "fr_dataset.csv")),
        "es_gold": list(_es_gold()),
    }
    return {name: list({post.text: post for post in posts}.values()) for name, posts in found.items()}


def split(posts: list[Post], seed: int = 0) -> tuple[list[Post], list[Post]]:
    """`posts` as train and test parts, the same shares of both classes in each."""
    random = np.random.default_rng(seed)
    train: list[Post] = []
    test: list[Post] = []
    for toxic in (False, True):
        chosen = [post for post in posts if post.toxic == toxic]
        order = random.permutation(len(chosen))
        cut = round(TEST_SHARE * len(chosen))
        test += [chosen[k] for k in order[:cut]]
        train += [chosen[k] for k in order[cut:]]
    return train, test


def write(posts: list[Post], path: Path) -> None:
    """As the CSV that the train command is given."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "toxicity", "language"])
        writer.writerows([post.text, int(post.toxic), post.language] for post in posts)


def hatecheck() -> list[Case]:
    """All 3,728 functional tests."""
    with (DATA / "hatecheck/test_suite_cases.csv").open(encoding="utf-8", newline="") as file:
        return [
            Case(
                row["test_case"],
                row["label_gold"] == "hateful",
                row["functionality"],
                row["target_ident"] or "none",
            )
            for row in csv.DictReader(file)
        ]


def madlibs() -> list[tuple[str, bool]]:
    """The identity templates: text, and whether it is bad."""
    with gzip.open(DATA / "bias_madlibs/bias_madlibs_77k.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return [(row["Text"], row["Label"] == "BAD") for row in csv.DictReader(file)]


def _surge() -> Iterator[Post]:
    with (DATA / "surge_toxicity/toxicity_en.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield Post(row["text"].strip(), row["is_toxic"] == "Toxic", "en", "surge")


def _davidson() -> Iterator[Post]:
    with (DATA / "davidson/labeled_data.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield Post(row["tweet"].strip(), row["class"] != "2", "en", "davidson")


def _mlma(language: str, name: str) -> Iterator[Post]:
    with zipfile.ZipFile(DATA / "mlma/hate_speech_mlma.zip") as archive:
        text = archive.read(f"hate_speech_mlma/{name}").decode("utf-8")
    for row in csv.DictReader(io.StringIO(text, newline="")):
        yield Post(row["tweet"].strip(), row["sentiment"] != "normal", language, f"mlma {language}")


def _es_gold() -> Iterator[Post]:
    with (DATA / "es_gold_toxicity/gold_es.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["coder_1"] == row["coder_2"] and row["coder_1"] in {"0", "1"}:
                yield Post(row["text"].strip(), row["coder_1"] == "1", "es", "es_gold")
