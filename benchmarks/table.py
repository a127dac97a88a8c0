"""A benchmark's table: printed, and saved beside what it was measured on."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).with_name("results")


@dataclass(frozen=True)
class Row:
    """One figure, what it is compared with, and what was asked of it."""

    figure: str
    value: str
    against: str = ""
    asked: str = ""
    reached: bool | None = None


@dataclass
class Table:
    """The rows of one benchmark run; `notes` say how to read them."""

    name: str
    command: str
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, figure: str, value: str, **more: object) -> None:
        """Append a row; see Row."""
        self.rows.append(Row(figure, value, **more))  # type: ignore[arg-type]

    def tell(self) -> None:
        """Print the newest row: of what takes long each is told as it comes."""
        row = self.rows[-1]
        print(row.figure, row.value, row.against, flush=True)

    def markdown(self) -> str:
        """The table as Markdown."""
        verdict = {True: "yes", False: "**no**", None: ""}
        lines = ["| figure | value | against | asked | reached |", "|---|---|---|---|---|"]
        lines += [
            f"| {row.figure} | {row.value} | {row.against} | {row.asked} | {verdict[row.reached]} |"
            for row in self.rows
        ]
        return "\n".join(lines)

    def save(self) -> None:
        """Print the table and write it to results/<name>.md and .json."""
        RESULTS.mkdir(exist_ok=True)
        where = f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}"
        day = datetime.now(UTC).strftime("%Y-%m-%d")
        text = f"# {self.name}\n\n`{self.command}`, {day}, {where}.\n\n{self.markdown()}\n"
        text += "".join(f"\n{note}\n" for note in self.notes)
        print(text)
        (RESULTS / f"{self.name}.md").write_text(text)
        (RESULTS / f"{self.name}.json").write_text(json.dumps(asdict(self), indent=1) + "\n")
