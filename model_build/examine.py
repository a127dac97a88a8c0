"""Looking at every row: what validation counts and what cleaning keeps come from this one place."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from model_build.csv_source import Chunk
from model_build.dataset import Binary, Columns
from model_build.errors import ParametersError
from model_build.findings import RowLog
from model_build.missing import Missing, Policy, Role, roles
from model_build.service import Field
from model_build.times import milliseconds

_CONTROL: Final = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")

Cell = str | None

NO_FILE: Final = "there is no such file"


@dataclass(frozen=True)
class Layout:
    """How the CSV's columns become fields: all that examining needs to know.

    `text_fields` maps a text field to the CSV columns that are joined into it. `binaries`: the label columns
    say yes or no, to one question or several. `derived` are texts that were found in files.
    """

    columns: Columns
    text_fields: Mapping[str, list[str]]
    fields: Mapping[str, Field]
    missing: Missing
    time_format: str | None = None
    binaries: Sequence[Binary] = ()
    derived: Sequence[Derived] = ()

    @property
    def heads(self) -> dict[str, str]:
        """The label column of each head."""
        if self.binaries:
            return {each.head: each.column for each in self.binaries}
        return {name: name for name in self.columns.labels}

    @property
    def files(self) -> dict[str, str]:
        """The column of each field whose values are paths of files."""
        return {
            name: column for name, column in self.columns.extra.items() if self.fields[name].kind == "file"
        }

    @property
    def roles(self) -> dict[str, Role]:
        """What each CSV column is used as."""
        return roles(self.columns, [name for name, field in self.fields.items() if field.needed])

    @property
    def key_fields(self) -> list[str]:
        """The fields that tell rows apart: the texts and what needs none, or where there are none, all."""
        said = [name for name in self.columns.extra if self.fields[name].alone]
        return [*self.text_fields, *said] or list(self.columns.extra)

    @property
    def noun(self) -> str:
        """What is the same in rows that are told apart by nothing."""
        return "text" if self.text_fields else "transaction"

    def __post_init__(self) -> None:
        unknown = sorted(set(self.columns.extra) - set(self.fields))
        if unknown:
            known = ", ".join(name for name in self.fields if name not in self.text_fields)
            raise ParametersError(f"extra: there is no field '{unknown[0]}' in the schema: it has {known}")
        for name, one in self.fields.items():
            if one.needed and name not in self.columns.extra:
                raise ParametersError(f"which column is the {name}? Say --extra {name}=<column>")


@dataclass(frozen=True)
class Derived:
    """A text field that no column fills: `of` finds it in the file that the field `source` names."""

    field: str
    source: str
    of: Callable[[str], str | None]


@dataclass
class Examined:
    """The rows of a chunk that are kept, as the dataset holds them; `times` in ms since 1970 UTC."""

    rows: list[int]
    fields: dict[str, list[Cell]]
    labels: dict[str, list[str]]
    times: list[int] | None
    groups: list[Cell] | None
    languages: list[Cell] | None


@dataclass
class Examiner:
    """Examines chunk after chunk and adds up what it sees. Paths of files are relative to `folder`.

    `dropped` counts the rows left out by reason, a row once; `log` holds every problem by rows;
    `empty` counts the missing values of each column.
    """

    layout: Layout
    folder: Path = Path()
    log: RowLog = field(default_factory=RowLog)
    dropped: Counter[str] = field(default_factory=Counter)
    empty: Counter[str] = field(default_factory=Counter)
    seen: int = 0

    def examine(self, chunk: Chunk) -> Examined:
        """The kept rows of `chunk`."""
        layout, columns = self.layout, self.layout.columns
        self.seen += len(chunk.rows)
        drop: dict[int, str] = {}
        used = {name: self._column(name, role, chunk, drop) for name, role in layout.roles.items()}
        self._no_text(chunk, drop)
        labels: dict[str, list[str]] = {
            head: [value or "" for value in self._said(head, name, used[name], chunk)]
            for head, name in layout.heads.items()
        }
        times = self._times(used[columns.time], chunk, drop) if columns.time else None
        fields = {
            name: self._text_field(sources, layout.fields[name], chunk)
            for name, sources in layout.text_fields.items()
        }
        for name, source in columns.extra.items():
            fields[name] = self._extra(name, source, used[source], chunk, drop)
        for each in layout.derived:
            fields[each.field] = [None if path is None else each.of(path) for path in fields[each.source]]
        self.dropped.update(drop.values())
        groups = used[columns.group] if columns.group else None
        languages = used[columns.language] if columns.language else None
        examined = Examined(chunk.rows, fields, labels, times, groups, languages)
        return _without(examined, drop) if drop else examined

    def _column(self, name: str, role: Role, chunk: Chunk, drop: dict[int, str]) -> list[Cell]:
        """The values of one column, None where it says nothing; its policy is applied."""
        cells = chunk.cells[name]
        if any("\0" in cell for cell in cells):
            self.log.add("nul", name, (chunk.rows[k] for k, cell in enumerate(cells) if "\0" in cell))
        words = () if role == "text" else frozenset(self.layout.missing.words)
        values: list[Cell] = []
        for cell in cells:
            value = cell.strip()
            values.append(value if value and value not in words else None)
        gaps = [k for k, value in enumerate(values) if value is None]
        if gaps:
            self.empty[name] += len(gaps)
            self._apply(self.layout.missing.policy(name, role), name, gaps, chunk, drop)
        if role == "label":
            return self._tidy_labels(name, cells, values, chunk)
        return values

    def _said(self, head: str, name: str, values: list[Cell], chunk: Chunk) -> list[Cell]:
        """The labels as classes: those of a yes-or-no column by their meaning, others as they are."""
        binary = next((each for each in self.layout.binaries if each.head == head), None)
        if binary is None:
            return values
        said = [None if value is None else binary.says(value) for value in values]
        first = next(each for each in self.layout.binaries if each.column == name) is binary
        if first:  # a strange word is strange to every head of the column
            strange = [k for k, value in enumerate(values) if value is not None and said[k] is None]
            self.log.add("neither", name, (chunk.rows[k] for k in strange))
        return said

    def _apply(self, policy: Policy, name: str, gaps: list[int], chunk: Chunk, drop: dict[int, str]) -> None:
        if policy == "error":
            self.log.add("missing", name, (chunk.rows[k] for k in gaps))
        elif policy == "drop-row":
            self.log.add("missing-dropped", name, (chunk.rows[k] for k in gaps))
            for k in gaps:
                drop.setdefault(k, f"no value in column '{name}'")

    def _no_text(self, chunk: Chunk, drop: dict[int, str]) -> None:
        layout = self.layout
        alone = [column for name, column in layout.columns.extra.items() if layout.fields[name].alone]
        names = [*layout.columns.text, *alone]
        texts = [chunk.cells[name] for name in names]
        if not texts:
            return
        gaps = [k for k, cells in enumerate(zip(*texts, strict=True)) if not any(map(str.strip, cells))]
        if gaps:
            self.log.add("no-text", None, (chunk.rows[k] for k in gaps))
            for k in gaps:
                drop.setdefault(k, "no text")

    def _tidy_labels(self, name: str, cells: list[str], values: list[Cell], chunk: Chunk) -> list[Cell]:
        """Labels with their white space and Unicode form made uniform; what was changed is noted."""
        tidy = [
            None if value is None else unicodedata.normalize("NFC", " ".join(value.split()))
            for value in values
        ]
        changed = [k for k, value in enumerate(tidy) if value is not None and value != cells[k]]
        if changed:
            self.log.add("untidy-label", name, (chunk.rows[k] for k in changed))
        return list(tidy)

    def _times(self, values: list[Cell], chunk: Chunk, drop: dict[int, str]) -> list[int]:
        times: list[int] = []
        column = self.layout.columns.time
        for k, value in enumerate(values):
            parsed = milliseconds(value, self.layout.time_format) if value is not None else None
            if parsed is None and value is not None:
                self.log.add("bad-time", column, [chunk.rows[k]])
                drop.setdefault(k, f"a time that cannot be read in column '{column}'")
            times.append(parsed or 0)
        return times

    def _text_field(self, sources: list[str], target: Field, chunk: Chunk) -> list[Cell]:
        columns = [chunk.cells[name] for name in sources]
        texts = columns[0] if len(columns) == 1 else list(map("\n".join, zip(*columns, strict=True)))
        out: list[Cell] = []
        for k, text in enumerate(texts):
            kept = text
            if _CONTROL.search(kept):
                kept = _CONTROL.sub(" ", kept)
                self.log.add("control", sources[0], [chunk.rows[k]])
            if target.longest is not None and len(kept) > target.longest:
                kept = kept[: target.longest]
                self.log.add("long-text", sources[0], [chunk.rows[k]])
            kept = kept.strip()
            out.append(kept or None)
        return out

    def _extra(
        self, name: str, source: str, values: list[Cell], chunk: Chunk, drop: dict[int, str]
    ) -> list[Cell]:
        """Values of an extra field as the schema writes them; what it would refuse is noted."""
        target = self.layout.fields[name]
        if target.kind == "file":
            return self._files(target, source, values, chunk, drop)
        if target.kind == "words":
            return self._text_field([source], target, chunk)
        empty = self.layout.missing.policy(source, "extra") == "empty"
        nothing = "0" if empty and target.kind in {"integer", "number"} else ("" if empty else None)
        read: Callable[[str, Field], Cell] = _number if target.kind in {"integer", "number"} else _category
        out: list[Cell] = []
        for k, value in enumerate(values):
            if value is None:
                out.append(nothing)
                continue
            accepted = read(value, target)
            if accepted is None and k not in drop:
                if self.layout.missing.refused == "drop-row":
                    self.log.add("refused-dropped", source, [chunk.rows[k]])
                    drop[k] = f"a value in column '{source}' that the service refuses"
                else:
                    self.log.add("bad-value", source, [chunk.rows[k]])
            out.append(accepted)
        return out

    def _files(
        self, target: Field, source: str, values: list[Cell], chunk: Chunk, drop: dict[int, str]
    ) -> list[Cell]:
        """The paths of the files that can be read; what becomes of the others is `missing.media`."""
        policy = self.layout.missing.media
        out: list[Cell] = []
        for k, value in enumerate(values):
            path = None if value is None else self.folder / value
            flaw = None if path is None else _flaw(path, target)
            if flaw is not None:
                code = "no-file" if flaw == NO_FILE else "unreadable"
                self.log.add(f"{code}-{policy}", source, [chunk.rows[k]])
                if policy == "drop-row":
                    drop.setdefault(k, f"a file in column '{source}' that cannot be read")
            out.append(None if flaw is not None or path is None else str(path))
        return out


def _flaw(path: Path, target: Field) -> str | None:
    if not path.is_file():
        return NO_FILE
    return target.flaw(path) if target.flaw is not None else None


def _number(value: str, target: Field) -> Cell:
    try:
        number = float(value)
    except ValueError:
        return None
    low = -math.inf if target.least is None else target.least
    high = math.inf if target.most is None else target.most
    if not low <= number <= high or (target.kind == "integer" and not number.is_integer()):
        return None
    return str(int(number)) if target.kind == "integer" else repr(number)


def _category(value: str, target: Field) -> Cell:
    return value if target.longest is None or len(value) <= target.longest else None


def _without(examined: Examined, drop: Mapping[int, str]) -> Examined:
    keep = [k for k in range(len(examined.rows)) if k not in drop]

    def kept(values: list[Cell] | None) -> list[Cell] | None:
        return None if values is None else [values[k] for k in keep]

    return Examined(
        rows=[examined.rows[k] for k in keep],
        fields={name: [values[k] for k in keep] for name, values in examined.fields.items()},
        labels={name: [values[k] for k in keep] for name, values in examined.labels.items()},
        times=None if examined.times is None else [examined.times[k] for k in keep],
        groups=kept(examined.groups),
        languages=kept(examined.languages),
    )
