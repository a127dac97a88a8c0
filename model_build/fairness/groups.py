"""Who a text is about, who wrote it, and in which language: the groups that figures are told apart by.

A text may name several groups, and then counts in each; one that names none is in the group NONE.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lambdas.content.identity import DIALECT, groups_of, is_dialect

NONE: Final = "none named"
MOST_GROUPS: Final = 60
"""Of a declared column: one with more values is a name or a number, and no group."""

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Dimension:
    """One way to tell people apart: `member[row, k]` says whether the row is in the group `names[k]`."""

    name: str
    names: tuple[str, ...]
    member: Bools

    def __len__(self) -> int:
        return len(self.member)

    def exploded(self) -> tuple[npt.NDArray[np.int64], list[str]]:
        """(row, group) for each row and each group it is in: what fairlearn takes, one group an entry."""
        rows, columns = np.nonzero(self.member)
        return rows.astype(np.int64), [self.names[k] for k in columns.tolist()]


def of_sets(name: str, found: Sequence[Collection[str]], *, none: str | None = NONE) -> Dimension:
    """The dimension in which row i is in the groups `found[i]`, and in `none` when those are empty.

    Without `none` such rows are in no group.
    """
    names = sorted({group for groups in found for group in groups})
    places = {group: k for k, group in enumerate(names)}
    member = np.zeros((len(found), len(names)), dtype=np.bool_)
    for row, groups in enumerate(found):
        for group in groups:
            member[row, places[group]] = True
    if none is not None:
        nobody = ~member.any(axis=1)
        return Dimension(name, (*names, none), np.column_stack([member, nobody]))
    return Dimension(name, tuple(names), member)


def of_column(name: str, values: Sequence[Any]) -> Dimension | None:
    """The dimension of a column, one group a value; None for a column with under two, or too many of them."""
    said = [str(value).strip() if value is not None else "" for value in values]
    different = {value for value in said if value}
    if not 2 <= len(different) <= MOST_GROUPS:
        return None
    return of_sets(name, [{value} if value else set() for value in said], none=None)


def dimensions(
    texts: Sequence[str], *, languages: Sequence[str] | None = None, declared: Mapping[str, Sequence[Any]]
) -> list[Dimension]:
    """Every dimension of the rows: identity terms, dialect, language, and the `declared` columns.

    `languages` are detected when nobody said them. Dimensions without any group are left out.
    """
    found = [groups_of(text) for text in texts]
    identity = [{group for group in groups if not is_dialect(group)} for groups in found]
    dialect = [{group for group in groups if is_dialect(group)} for groups in found]
    made = [of_sets("identity", identity), of_sets(DIALECT, dialect)]
    made = [each for each in made if len(each.names) > 1]
    if languages is None:
        from model_build.languages import detect

        languages = detect(list(texts))
    columns = {"language": languages, **declared}
    return made + [each for each in (of_column(*pair) for pair in columns.items()) if each is not None]
