"""From the options of the command line and params.yaml to the parameters of one training."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import msgspec

from model_build.cli import MAPPED
from model_build.csv_source import header_of
from model_build.errors import ParametersError
from model_build.missing import Missing, Policy
from model_build.parameters import DataParameters, Parameters, load_parameters
from model_build.service import Field


def parameters_of(
    options: argparse.Namespace, fields: Mapping[str, Field], *, yes_or_no: bool = False
) -> Parameters:
    """params.yaml with `options` on top. `fields` are those of the service's schema; `yes_or_no`: its labels
    say that.

    With --csv nothing of the section `data` holds any more: the columns are those of the options, and
    columns named like optional fields of the schema are used as such. Raises ParametersError.
    """
    found = load_parameters(options.params, options.service, options.changes)
    service = found.service
    if getattr(options, "csv", None):
        data = _data(options, service.data, fields, yes_or_no=yes_or_no)
        service = msgspec.structs.replace(service, data=data)
    else:
        about_data = ("text", "label", "time", "group", "test_csv", "positive")
        names = (*about_data, *(option.removeprefix("--") for option in MAPPED))
        given = [name for name in names if getattr(options, name, None)]
        if given:
            raise ParametersError(f"--{given[0].replace('_', '-')} is about your own data: pass --csv too")
    if getattr(options, "missing", None):
        columns: dict[str, Policy] = {**service.missing.columns}
        missing = msgspec.to_builtins(service.missing)
        for pair in options.missing:
            column, policy = _pair(pair, "--missing", "queue=drop-row")
            if column in {"no_text", "media"}:
                missing[column] = policy
            else:
                columns[column] = policy  # type: ignore[assignment] # checked below
        service = msgspec.structs.replace(service, missing=_missing({**missing, "columns": columns}))
    if getattr(options, "rare", None):
        service = msgspec.structs.replace(
            service, classes=msgspec.structs.replace(service.classes, rare=options.rare)
        )
    if getattr(options, "rows", None):
        service = msgspec.structs.replace(service, synthetic_rows=options.rows)
    if getattr(options, "split", None):
        service = msgspec.structs.replace(
            service, split=msgspec.structs.replace(service.split, by=options.split)
        )
    if getattr(options, "encoder", None):
        service = msgspec.structs.replace(service, model={**service.model, "encoder": options.encoder})
    seed = found.seed if getattr(options, "seed", None) is None else options.seed
    changed = Parameters(seed=seed, service=service)
    changed.check()
    files = [name for name, field in fields.items() if field.kind == "file"]
    reads_text = any(field.kind == "text" for field in fields.values())
    if reads_text and not service.data.text and not set(files) & set(service.data.extra):
        also = f", or one of {' or '.join(files)}" if files else ""
        raise ParametersError(f"data: name at least one text column{also}")
    return changed


def _data(
    options: argparse.Namespace, defaults: DataParameters, fields: Mapping[str, Field], *, yes_or_no: bool
) -> DataParameters:
    delimiter = (options.delimiter or ",").replace("\\t", "\t")
    if len(delimiter) != 1:
        raise ParametersError(f"--delimiter must be one character, not {options.delimiter!r}")
    if any(field.needed for field in fields.values()):
        return _mapped(options, defaults, fields, delimiter)
    if options.positive and not yes_or_no:
        raise ParametersError(f"--positive: {options.service} have none")
    extra = _short_for(options, fields)
    files = any(fields[name].kind == "file" for name in extra)
    text = _listed(options.text) or ([] if files else list(defaults.text))
    label = _listed(options.label) or list(defaults.label)
    extra |= dict(_pair(pair, "--extra", "channel=source") for pair in options.extra)
    taken = {*text, *label, options.time, options.group, *extra.values()}
    header = header_of(Path(options.csv), delimiter)
    for name, field in fields.items():
        if field.kind != "text" and name in header and name not in extra and name not in taken:
            extra[name] = name
    language = options.language
    if language is None and "language" in header and "language" not in taken:
        language = "language"
    return DataParameters(
        text=text,
        label=label,
        csv=options.csv,
        test_csv=options.test_csv,
        delimiter=delimiter,
        time=options.time,
        time_format=options.time_format,
        group=options.group,
        language=language,
        extra=extra,
        positive=_listed(options.positive),
    )


def _short_for(options: argparse.Namespace, fields: Mapping[str, Field]) -> dict[str, str]:
    """The fields that the options of MAPPED fill; raises ParametersError for one that the service lacks."""
    extra: dict[str, str] = {}
    for option, (names, _) in MAPPED.items():
        given = _listed(getattr(options, option.removeprefix("--"), None))
        if not given:
            continue
        if not set(names) <= set(fields):
            raise ParametersError(f"{option}: {options.service} have none")
        if len(given) != len(names):
            raise ParametersError(f"{option} takes {len(names)} columns, with a comma between two")
        extra |= dict(zip(names, given, strict=True))
    return extra


def _mapped(
    options: argparse.Namespace, defaults: DataParameters, fields: Mapping[str, Field], delimiter: str
) -> DataParameters:
    """The column mapping of params.yaml with that of the options on top.

    An optional field whose column in params.yaml is not in the file stays unknown; what an option names must
    be there.
    """
    for name in ("text", "group", "language", "encoder"):
        if getattr(options, name, None):
            raise ParametersError(f"--{name}: {options.service} have none")
    header = header_of(Path(options.csv), delimiter)
    extra = {
        name: column
        for name, column in defaults.extra.items()
        if column in header or (name in fields and fields[name].needed)
    }
    extra |= dict(_pair(pair, "--extra", "card_id=user") for pair in options.extra)
    extra |= _short_for(options, fields)
    return msgspec.structs.replace(
        defaults,
        label=_listed(options.label) or defaults.label,
        csv=options.csv,
        test_csv=options.test_csv,
        delimiter=delimiter,
        time=options.time or defaults.time,
        time_format=options.time_format or defaults.time_format,
        extra=extra,
        positive=_listed(options.positive) or defaults.positive,
    )


def _missing(raw: Mapping[str, object]) -> Missing:
    try:
        return msgspec.convert(raw, type=Missing)
    except msgspec.ValidationError as error:
        raise ParametersError(f"--missing: {error}: choose error, empty, impute or drop-row") from error


def _listed(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _pair(text: str, option: str, example: str) -> tuple[str, str]:
    name, equals, value = text.rpartition("=")
    if not equals or not name or not value:
        raise ParametersError(f"{option} {text}: write it like {option} {example}")
    return name, value
