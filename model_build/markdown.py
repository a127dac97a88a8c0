"""The pieces that a model card is written with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from model_build.intervals import Interval


def table(header: Sequence[str], rows: Iterable[Sequence[str]], numbers: int = 1) -> str:
    """A table whose columns from number `numbers` on are aligned to the right."""
    ruler = ["---" if k < numbers else "---:" for k in range(len(header))]
    lines = [header, ruler, *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def folded(summary: str, content: str) -> str:
    """`content` behind a line to click on."""
    return f"<details>\n<summary>{summary}</summary>\n\n{content}\n\n</details>"


def image(caption: str, uri: str) -> str:
    """A picture."""
    return f"![{caption}]({uri})"


def bullets(lines: Iterable[str]) -> str:
    """A list."""
    return "\n".join(f"- {line}" for line in lines)


def percent(share: float, digits: int = 1) -> str:
    """0.123 as 12.3 %."""
    return f"{share * 100:.{digits}f} %"


def percents(found: Interval) -> str:
    """A share with its interval; a dash when no row stands behind it."""
    if not found.n:
        return "-"
    return f"{found.value * 100:.1f} % ({found.low * 100:.1f} to {found.high * 100:.1f})"


def decimals(found: Interval, digits: int = 3) -> str:
    """A figure with its interval; a dash when no row stands behind it."""
    if not found.n:
        return "-"
    return f"{found.value:.{digits}f} ({found.low:.{digits}f} to {found.high:.{digits}f})"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
