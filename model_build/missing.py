"""What is done about values that are not there, a policy for each column. Nothing goes silently."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Literal

import msgspec

from model_build.dataset import Columns
from model_build.errors import ParametersError

Policy = Literal["error", "empty", "impute", "drop-row"]
Role = Literal["text", "label", "time", "group", "language", "needed", "extra"]

WORDS_FOR_NOTHING: Final = ("NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null", "None")

ALLOWED: Final[dict[Role, tuple[Policy, ...]]] = {
    "text": ("error", "empty", "drop-row"),
    "label": ("error", "drop-row"),
    "time": ("error", "drop-row"),
    "group": ("error", "empty", "drop-row"),
    "language": ("error", "empty", "drop-row"),
    "needed": ("error", "drop-row"),
    "extra": ("error", "empty", "impute", "drop-row"),
}


class Missing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The policy of each role, and of single columns by their CSV name in `columns`.

    - error: training stops and names the rows.
    - drop-row: the row is left out, counted and reported.
    - empty: the value counts as an empty text, a number as 0, a group as one of its own.
    - impute: the value stays unknown; the model fills it with what it learned on the train split.

    `no_text` is about rows without a text in any text column; one empty text column beside another is
    normal. `words` count as missing everywhere but in texts, where only blanks do. `needed` is about fields
    that the service's schema insists on, `refused` about values of any field that it would refuse, `media`
    about files that are not there or cannot be read: with impute the row stands without its file.
    """

    no_text: Literal["error", "drop-row"] = "drop-row"
    text: Policy = "empty"
    label: Policy = "error"
    time: Policy = "error"
    group: Policy = "empty"
    language: Policy = "empty"
    needed: Policy = "error"
    extra: Policy = "impute"
    refused: Literal["error", "drop-row"] = "error"
    media: Literal["error", "drop-row", "impute"] = "error"
    columns: dict[str, Policy] = {}
    words: tuple[str, ...] = WORDS_FOR_NOTHING
    warn_above: float = 0.3

    def policy(self, column: str, role: Role) -> Policy:
        """What to do where `column` says nothing; raises ParametersError when its role cannot have that."""
        chosen: Policy = self.columns.get(column, getattr(self, role))
        if chosen not in ALLOWED[role]:
            raise ParametersError(
                f"missing: column '{column}' is a {role} column and cannot have the policy '{chosen}': "
                f"choose {', '.join(ALLOWED[role])}"
            )
        return chosen


def roles(columns: Columns, needed: Collection[str] = ()) -> dict[str, Role]:
    """What each CSV column is used as; a column used twice has the first of its roles in this order.

    `needed` are the fields of the schema that there is no row without.
    """
    found: dict[str, Role] = dict.fromkeys(columns.labels, "label")
    for name in columns.text:
        found.setdefault(name, "text")
    singles: tuple[tuple[str | None, Role], ...] = (
        (columns.time, "time"),
        (columns.group, "group"),
        (columns.language, "language"),
    )
    for single, role in singles:
        if single:
            found.setdefault(single, role)
    for name in columns.extra.values():
        found.setdefault(name, "extra")
    for field in needed:
        if found.get(columns.extra.get(field, "")) == "extra":
            found[columns.extra[field]] = "needed"
    return found
