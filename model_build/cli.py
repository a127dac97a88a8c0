"""The command line. It only reads options: what a command needs is imported when it runs, so that
`--help` answers at once."""

from __future__ import annotations

import argparse
import errno
import importlib
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

from lambdas.core.errors import TriageError

SERVICES: Final = ("tickets", "transactions", "content")
STAGES: Final = (
    "source",
    "validate",
    "clean",
    "split",
    "features",
    "cross-validate",
    "train",
    "calibrate",
    "thresholds",
    "evaluate",
    "export",
    "verify",
    "bundle",
)

MAPPED: Final = {
    "--card": (("card_id",), "the column with the card"),
    "--merchant": (("merchant_id",), "the column with the merchant or terminal"),
    "--amount": (("amount",), "the column with the amount"),
    "--category": (("category",), "the column with the merchant's category"),
    "--place": (("latitude", "longitude"), "the two columns with the place: lat,long"),
    "--home": (("home_latitude", "home_longitude"), "the two columns with the holder's home"),
    "--id": (("transaction_id",), "the column with the transaction's own id"),
    "--image": (("image",), "the column with the image's path, relative to the CSV"),
    "--audio": (("audio",), "the column with the sound's path, relative to the CSV"),
}
"""Options that are short for --extra: the fields of the request schema that they fill."""

_ENVIRONMENT: Final = {
    errno.ENOSPC: "make room, or pass --build-dir on another disk",
    errno.EACCES: "give yourself the permission, or pass another --build-dir",
    errno.EROFS: "pass a --build-dir that can be written to",
}
"""What the user can do about an operating system that refuses."""

_OVERVIEW = """\
Builds the models that Triage serves: from a labelled CSV to a bundle (one ONNX graph, its manifest, its
model card), and from a bundle to a live endpoint.

  python -m model_build train tickets                        on synthetic tickets
  python -m model_build train tickets --csv my.csv \\
      --text subject,body --label queue                      on your own
  python -m model_build validate tickets --csv my.csv \\
      --text subject,body --label queue                      only look for what is wrong with the file
  python -m model_build list tickets                         what was built, and how good it is
  python -m model_build publish tickets --bucket my-bucket   make the newest one live

`make train` and `make publish` call these with the right environment. docs/training.md explains every
option, params.yaml holds every default.
"""

_TRAIN = """\
Runs every stage, from the CSV to a bundle in build/<service>/bundles/<version>. Nothing goes live: that is
`publish`.

  any number of classes, several outputs (the first one decides):
      train tickets --csv my.csv --text subject,body --label queue,priority
  the past trains, the future tests:
      train tickets --csv my.csv --text text --label queue --time created_at
  rows of one customer never on both sides of the split:
      train tickets --csv my.csv --text text --label queue --group customer_id
  a file of its own to test on, never trained on:
      train tickets --csv train.csv --test-csv test.csv --text text --label category
  leave out rows without a label, and classes with fewer than 5 rows:
      train tickets --csv my.csv --text text --label queue --missing queue=drop-row --rare drop-row
  transactions, whatever their columns are called (what is not named is looked up in params.yaml):
      train transactions --csv my.csv --card user --merchant shop --time when --amount amt --label is_fraud
  posts: yes or no, a column a policy, or the names of the policies with commas between:
      train content --csv my.csv --text comment --label toxic --positive toxic,hateful
      train content --csv my.csv --text comment --image picture --label toxicity,threat
  any value of params.yaml:
      train tickets --set split.folds=3 --set synthetic_rows=3000
"""

_STAGE = f"""\
Runs single stages on what the ones before them left in build/<service>/work. `dvc repro` calls this, and runs
only what is out of date. The stages, in their order:

  {", ".join(STAGES[:7])},
  {", ".join(STAGES[7:])}
"""

_FAIRNESS = """\
Measures how a content model treats groups of people: by what they declare, whom a text is about, language
and dialect, and by swapping the name of one group for another's. Writes report.html and report.json to
build/content/fairness/<version>.

  fairness content                                   the newest bundle, on the rows it was tested on
  fairness content --csv my.csv --text comment --label toxic --groups gender,region
  fairness content --mitigate thresholds             other thresholds: a narrower gap, and what it costs
  fairness content --mitigate reweigh                train again with rows weighed by group and label
"""

_RETRAIN = """\
Trains on the champion's data and on what people said of decisions since, by the same pipeline. What passes
the gates becomes the challenger with share 0: it answers nobody until you publish it with a share.

  retrain tickets --bucket my-bucket --table my-decisions
  retrain content ... --csv my.csv --text comment --label toxic     the data that the champion was trained on
"""

_PREFLIGHT = """\
What `make rollout` does before anything answers: the bundle is verified, keeps the contract, and is not worse
and not less fair than the champion on the rows that it was tested on. It is uploaded, the verdicts beside it,
and nothing goes live.
"""

_PUBLISH = """\
Uploads a bundle, its manifest last, then names it in rollout.json: functions take it over within seconds,
without a deploy. The bundles it replaces stay in the bucket, the last 5 of them, so going back is
`publish --version <the one before>`.

  publish tickets --bucket my-bucket
  publish tickets --bucket my-bucket --as challenger --share 0.1     a tenth of the customers
  publish tickets --bucket my-bucket --as challenger --shadow        runs beside, never answers

A content model answers nobody before it has passed the gates beside the champion: as good on the rows that it
was tested on, and no wider a gap between groups (docs/fairness.md). --force passes them by, and says so.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code. What the user can put right is told without a trace."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = parser().parse_args(given)
    options.command_line = shlex.join(["python", "-m", "model_build", *given])
    try:
        run = getattr(importlib.import_module("model_build.commands"), options.command)
        return int(run(options))
    except TriageError as error:
        print(f"\ntriage: {error.detail}", file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno not in _ENVIRONMENT:
            raise
        print(
            f"\ntriage: {error.filename or 'the disk'}: {error.strerror}: {_ENVIRONMENT[error.errno]}",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("\ntriage: interrupted; nothing was published", file=sys.stderr)
        return 130


class _OneLine(argparse.ArgumentParser):
    """Its errors are one line, without the pages of usage; so are its subparsers'."""

    def error(self, message: str) -> NoReturn:
        said = message.replace("argument service:", "SERVICE:")
        self.exit(2, f"triage: {said}. All of it: {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """The parser of every command."""
    top: argparse.ArgumentParser = _OneLine(
        prog="python -m model_build",
        description=_OVERVIEW,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="command", title="commands")
    train = _command(commands, "train", "train a model and write its bundle", _TRAIN)
    _data_options(train)
    _run_options(train)
    check = _command(commands, "validate", "look for what is wrong with a CSV, and train nothing")
    _data_options(check)
    stage = _command(commands, "stage", "run single stages, for `dvc repro`", _STAGE, service=False)
    stage.add_argument("stages", help="one stage or several, with commas", metavar="stages")
    stage.add_argument("service", choices=SERVICES)
    _place_options(stage)
    synthetic = _command(commands, "synthetic", "write the synthetic training data as a CSV")
    synthetic.add_argument("--out", type=Path, required=True, help="the file to write")
    synthetic.add_argument("--rows", type=_positive, help="how many (synthetic_rows of params.yaml)")
    synthetic.add_argument("--seed", type=int, help="the seed (that of params.yaml)")
    _place_options(synthetic)
    _publish_options(_command(commands, "publish", "make a bundle live", _PUBLISH))
    _preflight_options(_command(commands, "preflight", "the gates before a rollout", _PREFLIGHT))
    _place_options(_command(commands, "list", "what was built, and how good it is"))
    _fairness_options(_command(commands, "fairness", "how a model treats groups of people", _FAIRNESS))
    again = _command(commands, "retrain", "train again with people's verdicts", _RETRAIN)
    _data_options(again)
    _run_options(again)
    _retrain_options(again)
    return top


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    summary: str,
    description: str = "",
    *,
    service: bool = True,
) -> argparse.ArgumentParser:
    made = commands.add_parser(
        name,
        help=summary,
        description=description or f"{summary[0].upper()}{summary[1:]}.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if service:
        made.add_argument("service", choices=SERVICES, help="which service's model")
    return made


def _data_options(command: argparse.ArgumentParser) -> None:
    data = command.add_argument_group("your data (without --csv it is synthetic)")
    data.add_argument("--csv", help="a CSV in UTF-8 with a header, of any size")
    data.add_argument("--text", help="the text columns, with commas: subject,body")
    data.add_argument("--label", help="the label columns, with commas; the first one decides")
    data.add_argument("--time", help="the column with the time; then the past trains and the future tests")
    data.add_argument("--group", help="the column with the group; no group is on both sides of the split")
    data.add_argument("--language", help="the column with the language, for the figures by language")
    data.add_argument("--extra", action="append", default=[], metavar="FIELD=COLUMN",
                      help="fill a field of the request schema from a column: channel=source")  # fmt: skip
    data.add_argument("--positive", help="what means yes in a label column that says yes or no (1,true,yes)")
    for option, (_, what) in MAPPED.items():
        data.add_argument(option, help=what)
    data.add_argument("--test-csv", help="a second CSV like the first, only ever tested on")
    data.add_argument("--delimiter", help="what separates the cells (,); \\t for a tab")
    data.add_argument("--time-format", help="of times that are not ISO 8601: '%%d/%%m/%%Y %%H:%%M'")
    data.add_argument("--missing", action="append", default=[], metavar="COLUMN=POLICY",
                      help="error, empty, impute or drop-row where COLUMN says nothing")  # fmt: skip
    data.add_argument("--rare", choices=("error", "drop-row"), help="what about classes with too few rows")
    data.add_argument("--rows", type=_positive, help="how many synthetic rows")
    _place_options(command)


def _run_options(command: argparse.ArgumentParser) -> None:
    run = command.add_argument_group("how it is trained")
    run.add_argument("--encoder", help="a pretrained text encoder: use, minilm or hf:<model>")
    run.add_argument("--split", choices=("auto", "time", "group", "stratified"), help="how rows are split")
    run.add_argument("--seed", type=int, help="another seed gives another split and another model")
    run.add_argument("--no-tracking", action="store_true", help="do not log the run to MLflow")


def _publish_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--bucket", help="the artifacts bucket (ARTIFACTS_BUCKET)")
    command.add_argument("--version", help="which bundle, its beginning is enough (the newest one)")
    command.add_argument("--as", dest="role", choices=("champion", "challenger"), default="champion",
                         help="who it is in rollout.json (champion)")  # fmt: skip
    command.add_argument(
        "--share", type=float, default=0.0, help="the challenger's part of the entities, 0 to 1"
    )
    command.add_argument("--shadow", action="store_true", help="the challenger runs and never answers")
    command.add_argument(
        "--force", action="store_true", help="pass the gates by, and end a rollout that runs"
    )
    command.add_argument("--keep", type=int, default=5, help="how many bundles to keep that are not live (5)")
    command.add_argument("--no-tracking", action="store_true", help="do not tell MLflow")
    _place_options(command)


def _preflight_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--bucket", help="the artifacts bucket (ARTIFACTS_BUCKET)")
    command.add_argument(
        "--version", help="which bundle, its beginning is enough (a waiting one, the newest)"
    )
    command.add_argument("--by", default="somebody", help="who wants it; it is written down")
    command.add_argument("--force", action="store_true", help="pass the gates by; it is written down")
    command.add_argument("--out", type=Path, help="a file for what the gates said, as JSON")
    _place_options(command)


def _fairness_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--version", help="which bundle, its beginning is enough (the newest one)")
    command.add_argument("--csv", help="a labelled CSV; without one the rows that the bundle was tested on")
    command.add_argument("--text", help="the column with the text (text)")
    command.add_argument("--label", help="the column with the label (label)")
    command.add_argument("--groups", help="columns in which people say what they are, with commas")
    command.add_argument("--language", help="the column with the language; detected without one")
    command.add_argument("--positive", help="the labels that mean that something is wrong, with commas")
    command.add_argument("--delimiter", default=",", help="what separates the cells (,)")
    command.add_argument("--mitigate", choices=("thresholds", "reweigh"), help="try to narrow the gap")
    command.add_argument("--no-tracking", action="store_true", help="do not log a training to MLflow")
    _place_options(command)


def _retrain_options(command: argparse.ArgumentParser) -> None:
    where = command.add_argument_group("where the verdicts are")
    where.add_argument("--bucket", help="the artifacts bucket (ARTIFACTS_BUCKET)")
    where.add_argument("--table", help="the decision log (DECISIONS_TABLE)")
    where.add_argument("--uploads", help="the bucket with the media of posts (UPLOADS_BUCKET)")
    where.add_argument("--replace", action="store_true", help="push a challenger aside that is being tried")
    where.add_argument(
        "--other-data", action="store_true", help="train on other rows than the champion's, on purpose"
    )


def _place_options(command: argparse.ArgumentParser) -> None:
    place = command.add_argument_group("files")
    place.add_argument(
        "--params", type=Path, default=Path("params.yaml"), help="the parameters (params.yaml)"
    )
    place.add_argument("--set", dest="changes", action="append", default=[], metavar="KEY=VALUE",
                       help="another value for a key of the service's section: split.folds=3")  # fmt: skip
    place.add_argument(
        "--build-dir", type=Path, default=Path("build"), help="where everything is written (build)"
    )


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("it must be at least 1")
    return number
