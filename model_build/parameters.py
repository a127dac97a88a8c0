"""params.yaml as typed values: one section a service, read strictly.

The sections `model`, `costs` and `business` are handed on as they are: the code that they configure
knows what they may hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from model_build.errors import ParametersError
from model_build.fairness.parameters import FairnessParameters
from model_build.missing import Missing
from model_build.preflight.parameters import GateParameters
from model_build.retrain_parameters import RetrainParameters

PARAMS = "params.yaml"


class DataParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the rows come from. Without `csv` they are synthetic.

    `extra` maps fields of the request schema to CSV columns. `time_format` is a strptime pattern for
    dates that are not ISO 8601. `positive` are the values of a yes-or-no label that mean yes.
    """

    label: list[str]
    text: list[str] = []
    csv: str | None = None
    test_csv: str | None = None
    delimiter: str = ","
    time: str | None = None
    time_format: str | None = None
    group: str | None = None
    language: str | None = None
    extra: dict[str, str] = {}
    positive: list[str] = []


class Shares(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which part of the rows goes where; they add up to 1."""

    train: float
    calibrate: float
    test: float = 0.0

    def check(self, name: str) -> None:
        """Raise ParametersError unless the shares are sensible."""
        total = self.train + self.calibrate + self.test
        if abs(total - 1.0) > 1e-6 or self.train <= 0 or self.calibrate <= 0 or self.test < 0:
            raise ParametersError(
                f"split.{name} is train {self.train}, calibrate {self.calibrate}, test {self.test}: "
                "the first two must be above 0 and all must add up to 1"
            )


class SplitParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How rows are told apart for training, calibrating and testing; see model_build/split.py."""

    by: Literal["auto", "time", "group", "stratified"] = "auto"
    shares: Shares = Shares(0.6, 0.2, 0.2)
    shares_with_test_csv: Shares = Shares(0.9, 0.1)
    most_calibrate_rows: int = 50_000
    most_test_rows: int = 100_000
    folds: int = 5


class ClassParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a class needs. `rare` says what to do with a class that has fewer than `least_rows`."""

    least_rows: int = 5
    rare: Literal["error", "drop-row"] = "error"


class ServiceParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One service's section of params.yaml. Without `coverage` there are no prediction sets."""

    data: DataParameters
    synthetic_rows: int = 12_000
    missing: Missing = Missing()
    classes: ClassParameters = ClassParameters()
    split: SplitParameters = SplitParameters()
    coverage: float | None = 0.9
    label_delay_days: Annotated[float, msgspec.Meta(ge=0.0)] = 0.0
    model: dict[str, Any] = {}
    costs: dict[str, Any] = {}
    business: dict[str, Any] = {}
    gates: GateParameters = GateParameters()
    retrain: RetrainParameters = RetrainParameters()
    fairness: FairnessParameters = FairnessParameters()


class Parameters(msgspec.Struct, frozen=True):
    """Everything that decides what is built from given data."""

    seed: int
    service: ServiceParameters

    def check(self) -> None:
        """Raise ParametersError for what types cannot say."""
        split = self.service.split
        split.shares.check("shares")
        split.shares_with_test_csv.check("shares_with_test_csv")
        if split.shares.test <= 0:
            raise ParametersError(
                "split.shares.test must be above 0: a model that is not tested cannot be trusted"
            )
        if split.folds < 2:
            raise ParametersError(f"split.folds is {split.folds}: cross-validation needs at least 2")
        if self.service.coverage is not None and not 0.5 <= self.service.coverage < 1:
            raise ParametersError(f"coverage is {self.service.coverage}: it must be at least 0.5 and below 1")
        data = self.service.data
        if len(set(data.label)) != len(data.label) or not data.label:
            raise ParametersError("data: name each label column once")
        if set(data.label) & {*data.text, data.time, data.group}:
            raise ParametersError("data: a label column cannot also be a text, time or group column")


def load_parameters(path: Path, service: str, changes: Sequence[str] = ()) -> Parameters:
    """The parameters of `service` in the YAML file `path`, with `changes` like "split.folds=3" applied.

    Raises ParametersError naming the key.
    """
    import yaml

    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ParametersError(
            f"{path} does not exist: run from the repository's root or pass --params"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ParametersError(f"{path} is not YAML: {error}") from error
    if not isinstance(raw, dict) or not isinstance(raw.get(service), dict):
        raise ParametersError(f"{path} has no section '{service}'")
    section = raw[service]
    seed = raw.get("seed", 0)
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals:
            raise ParametersError(f"--set {change}: write it as key=value, like split.folds=3")
        if key == "seed":
            seed = yaml.safe_load(text)
        else:
            _assign(section, key.split("."), yaml.safe_load(text), change)
    return decode_parameters({"seed": seed, "service": section}, str(path))


def decode_parameters(raw: Mapping[str, Any], source: str) -> Parameters:
    """`raw` as checked Parameters; raises ParametersError naming the key in `source`."""
    try:
        parameters = msgspec.convert(raw, type=Parameters)
    except msgspec.ValidationError as error:
        raise ParametersError(f"{source}: {error}".replace("$.service", "$")) from error
    parameters.check()
    return parameters


def _assign(section: dict[str, Any], keys: list[str], value: object, change: str) -> None:
    for key in keys[:-1]:
        section = section.setdefault(key, {})
        if not isinstance(section, dict):
            raise ParametersError(f"--set {change}: {key} is a value, not a section")
    section[keys[-1]] = value
