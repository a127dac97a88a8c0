"""What can be wrong with what `make cost` is asked."""

from __future__ import annotations

from lambdas.core.errors import TriageError


class CostError(TriageError):
    """The traffic, the prices or the templates cannot be used."""

    title = "Bad cost question"
