"""From params.yaml and the command line to typed parameters."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from model_build.cli import main, parser
from model_build.errors import ParametersError
from model_build.options import parameters_of
from model_build.parameters import Parameters, load_parameters
from tests.support.csvs import ticket_rows, write_csv
from tests.support.layouts import FIELDS

ROOT = Path(__file__).resolve().parents[3]


def parameters(*arguments: str) -> Parameters:
    options = parser().parse_args(["train", "tickets", "--params", str(ROOT / "params.yaml"), *arguments])
    return parameters_of(options, FIELDS)


def test_the_default_is_synthetic_grouped_by_template() -> None:
    found = parameters().service
    assert found.data.csv is None and found.data.group == "template_group" and found.data.time is None
    assert found.data.label == ["department", "urgency"]


def test_a_csv_of_the_user_s_forgets_the_columns_of_the_synthetic_one(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", ticket_rows(10))
    found = parameters("--csv", str(path), "--text", "body", "--label", "queue, urgent").service.data
    assert (found.text, found.label, found.group, found.time) == (["body"], ["queue", "urgent"], None, None)
    assert found.extra == {"channel": "channel"}


def test_a_column_that_is_used_otherwise_is_no_extra(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", ticket_rows(10))
    found = parameters("--csv", str(path), "--text", "body", "--label", "channel").service.data
    assert found.extra == {}


def test_every_option_lands_in_its_place(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", ticket_rows(10), delimiter="\t")
    found = parameters(
        "--csv", str(path), "--text", "body", "--label", "queue", "--time", "created_at",
        "--group", "customer", "--delimiter", r"\t", "--missing", "queue=drop-row",
        "--missing", "no_text=error", "--rare", "drop-row", "--split", "group", "--encoder", "use",
        "--seed", "5", "--extra", "channel=subject", "--set", "split.folds=3", "--test-csv", "other.csv",
        "--time-format", "%d/%m/%Y",
    )  # fmt: skip
    service = found.service
    assert found.seed == 5 and service.data.delimiter == "\t" and service.data.test_csv == "other.csv"
    assert (service.data.time, service.data.group) == ("created_at", "customer")
    assert service.data.extra == {"channel": "subject"}
    assert service.missing.columns == {"queue": "drop-row"} and service.missing.no_text == "error"
    assert service.classes.rare == "drop-row" and service.split.by == "group" and service.split.folds == 3
    assert service.model["encoder"] == "use"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--text", "body"], "pass --csv too"),
        (["--missing", "queue"], "--missing queue=drop-row"),
        (["--missing", "queue=ignore"], "choose error, empty, impute or drop-row"),
        (["--set", "split.folds"], "key=value"),
        (["--set", "split.folds=1"], "at least 2"),
        (["--set", "split.fold=3"], "fold"),
        (["--set", "split.shares={train: 0.9, calibrate: 0.2, test: 0.2}"], "add up to 1"),
        (["--set", "coverage=1.2"], "below 1"),
        (["--set", "data.label=[subject]"], "cannot also be"),
        (["--set", "seed=abc"], "seed"),
    ],
)
def test_what_cannot_be_is_said(arguments: list[str], message: str) -> None:
    with pytest.raises(ParametersError, match=message):
        parameters(*arguments)


def test_params_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ParametersError, match="does not exist"):
        load_parameters(tmp_path / "params.yaml", "tickets")
    (tmp_path / "params.yaml").write_text("tickets: [")
    with pytest.raises(ParametersError, match="is not YAML"):
        load_parameters(tmp_path / "params.yaml", "tickets")
    (tmp_path / "params.yaml").write_text("other: {}")
    with pytest.raises(ParametersError, match="no section 'tickets'"):
        load_parameters(tmp_path / "params.yaml", "tickets")


def test_an_error_of_the_user_s_ends_with_one_message_and_no_trace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["validate", "tickets", "--csv", str(tmp_path / "none.csv"), "--text", "a", "--label", "b"]
    assert main([*arguments, "--params", str(ROOT / "params.yaml"), "--build-dir", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert "triage: " in told and "none.csv" in told and "Traceback" not in told


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, contextlib, io\n"
        "from model_build.cli import main\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
        "    main(['train', '--help'])\n"
        "heavy = {'numpy', 'pyarrow', 'sklearn', 'mlflow', 'onnx', 'rich', 'boto3', 'msgspec', 'yaml'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("train", "validate", "stage", "synthetic", "publish", "list"):
        with pytest.raises(SystemExit) as ended:
            main([command, "--help"])
        assert ended.value.code == 0 and "--params" in capsys.readouterr().out
