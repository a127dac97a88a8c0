"""What label columns mean, and what is said of a CSV of posts that cannot be trained on."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from model_build.cli import parser
from model_build.content.labels import binaries
from model_build.content.pipeline import ContentTraining
from model_build.errors import DataValidationError, ParametersError
from model_build.job import Job
from model_build.options import parameters_of
from model_build.progress import Reporter
from model_build.validate import ValidationReport, validate
from model_build.workspace import Workspace
from tests.support.csvs import write_csv

ROOT = Path(__file__).resolve().parents[4]
SERVICE = ContentTraining()


def said(columns: list[str], cell: str, positive: tuple[str, ...] = ()) -> dict[str, str | None]:
    return {each.head: each.says(cell) for each in binaries(columns, positive)}


@pytest.mark.parametrize(
    ("cell", "broken"),
    [
        ("ok", set()),
        ("0", set()),
        ("No", set()),
        ("1", {"toxicity"}),
        ("1.0", {"toxicity"}),
        ("toxicity,threat", {"toxicity", "threat"}),
        ("Sexual , violence", {"sexual", "violence"}),
    ],
)
def test_one_column_may_say_yes_or_no_or_name_the_policies(cell: str, broken: set[str]) -> None:
    found = said(["label"], cell)
    assert {policy for policy, word in found.items() if word == policy} == broken
    assert {word for policy, word in found.items() if policy not in broken} <= {"ok"}


def test_a_strange_word_means_neither() -> None:
    assert set(said(["label"], "maybe").values()) == {None}
    assert set(said(["label"], "toxicity,maybe").values()) == {None}
    assert said(["threat"], "perhaps") == {"threat": None}


def test_a_column_called_like_a_policy_is_about_that_policy() -> None:
    assert said(["threat"], "yes") == {"threat": "threat"}
    assert said(["is_toxic"], "Toxic") == {"toxicity": "toxicity"}
    assert said(["is_toxic"], "Not Toxic") == {"toxicity": "ok"}


def test_several_columns_are_in_the_order_of_the_policies() -> None:
    found = binaries(["violence", "Toxic"], [])
    assert [(each.head, each.column) for each in found] == [("toxicity", "Toxic"), ("violence", "violence")]


def test_the_user_s_words_for_yes_leave_no_for_all_others() -> None:
    assert said(["class"], "hate", ("hate", "Offensive")) == {"toxicity": "toxicity"}
    assert said(["class"], "offensive", ("hate", "Offensive")) == {"toxicity": "toxicity"}
    assert said(["class"], "whatever", ("hate",)) == {"toxicity": "ok"}


@pytest.mark.parametrize(
    ("columns", "named"), [(["toxic", "rude"], "rude"), (["toxic", "toxicity"], "toxicity")]
)
def test_several_columns_must_each_be_a_policy_of_its_own(columns: list[str], named: str) -> None:
    with pytest.raises(ParametersError, match=named):
        binaries(columns, [])


def job_of(path: Path, *arguments: str) -> Job:
    given = ["validate", "content", "--csv", str(path), "--params", str(ROOT / "params.yaml"), *arguments]
    options = parser().parse_args(given)
    parameters = parameters_of(options, SERVICE.fields, yes_or_no=True)
    return Job(SERVICE, parameters, Workspace(path.parent, "content"), Reporter())


def report(path: Path, *arguments: str) -> ValidationReport:
    job = job_of(path, *arguments)
    return validate(path, job.layout, job.parameters.service.classes)


def problems(path: Path, *arguments: str) -> dict[str, str]:
    with pytest.raises(DataValidationError) as caught:
        report(path, *arguments)
    assert str(path) in caught.value.detail
    return {finding.code: str(finding) for finding in caught.value.findings}


def posts(count: int = 60, **more: object) -> list[dict[str, object]]:
    return [
        {"comment": f"comment number {k}", "toxic": k % 2, "threat": int(k % 40 == 0), **more}
        for k in range(count)
    ]


COMMENT = ("--text", "comment")


def test_policies_with_too_few_rows_are_left_to_the_packaged_models(tmp_path: Path) -> None:
    found = report(write_csv(tmp_path / "t.csv", posts()), *COMMENT, "--label", "toxic,threat")
    assert found.classes == {"toxicity": {"ok": 30, "toxicity": 30}}
    told = next(finding for finding in found.findings if finding.code == "too-few")
    assert told.column == "threat" and "2 rows of yes and 58 of no, 20 of each are needed" in told.message


def test_names_of_policies_in_one_column_become_heads(tmp_path: Path) -> None:
    words = ["ok", "toxicity", "toxicity,threat"]
    rows = [{"comment": f"comment {k}", "label": words[k % 3]} for k in range(90)]
    found = report(write_csv(tmp_path / "t.csv", rows), *COMMENT, "--label", "label")
    assert found.classes == {"toxicity": {"ok": 30, "toxicity": 60}, "threat": {"ok": 60, "threat": 30}}
    assert not [finding for finding in found.findings if finding.code == "too-few"]


def test_a_column_of_zeros_cannot_be_learned(tmp_path: Path) -> None:
    found = problems(write_csv(tmp_path / "t.csv", posts(toxic=0)), *COMMENT, "--label", "toxic,threat")
    assert "one-class" in found or "rare-class" in found
    assert list(problems(write_csv(tmp_path / "u.csv", posts(toxic=0)), *COMMENT, "--label", "toxic")) == [
        "one-class"
    ]


def test_an_unknown_word_names_its_column_and_rows(tmp_path: Path) -> None:
    rows = posts()
    rows[3]["toxic"] = rows[8]["toxic"] = "perhaps"
    found = problems(write_csv(tmp_path / "t.csv", rows), *COMMENT, "--label", "toxic")["neither"]
    assert "column 'toxic', rows 5, 10" in found and "--positive" in found


def test_a_column_that_is_not_there_is_named_with_a_guess(tmp_path: Path) -> None:
    found = problems(write_csv(tmp_path / "t.csv", posts()), "--text", "coment", "--label", "toxic")
    assert "Did you mean 'comment'?" in found["missing-column"]


def picture(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    Image.new("RGB", (32, 24), (200, 10, 10)).save(path)
    return path


@pytest.fixture
def with_pictures(tmp_path: Path) -> Path:
    """Three pictures that are there, one that is not, and one that is cut short."""
    picture(tmp_path / "media" / "whole.png")
    cut = picture(tmp_path / "media" / "cut.png")
    cut.write_bytes(cut.read_bytes()[:60])
    rows = [row | {"picture": "media/whole.png"} for row in posts()]
    rows[1]["picture"] = "media/gone.png"
    rows[4]["picture"] = "media/cut.png"
    rows[5]["picture"] = ""
    return write_csv(tmp_path / "t.csv", rows)


PICTURES = (*COMMENT, "--image", "picture", "--label", "toxic")


def test_files_that_cannot_be_read_are_named_with_what_to_do(with_pictures: Path) -> None:
    found = problems(with_pictures, *PICTURES)
    assert "column 'picture', row 3: there is no such file" in found["no-file-error"]
    assert "column 'picture', row 6: the file cannot be read" in found["unreadable-error"]
    assert "--missing media=drop-row" in found["no-file-error"]


@pytest.mark.parametrize(("policy", "kept"), [("drop-row", 58), ("impute", 60)])
def test_files_that_cannot_be_read_may_be_left_out(with_pictures: Path, policy: str, kept: int) -> None:
    found = report(with_pictures, *PICTURES, "--missing", f"media={policy}")
    assert found.kept == kept and sum(found.dropped.values()) == 60 - kept
    assert {finding.code for finding in found.findings} >= {f"no-file-{policy}", f"unreadable-{policy}"}


def test_a_picture_is_enough_for_a_post(with_pictures: Path) -> None:
    found = report(with_pictures, "--image", "picture", "--label", "toxic", "--missing", "media=impute")
    assert found.dropped == {"no text": 1} and found.kept == 59


def test_without_text_and_pictures_there_is_nothing_to_train_on(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", posts())
    with pytest.raises(ParametersError, match="at least one text column, or one of image or audio"):
        job_of(path, "--label", "toxic", "--set", "data.text=[]")
    with pytest.raises(ParametersError, match="--card: content have none"):
        job_of(path, *COMMENT, "--label", "toxic", "--card", "comment")
