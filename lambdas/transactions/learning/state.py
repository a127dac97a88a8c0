"""What learning remembers: the newest labelled scores, in one object of the artifacts bucket.

Written only over what was read, so a second writer that should not be there loses instead of overwriting.
"""

from __future__ import annotations

from typing import Final, Protocol

import msgspec

from lambdas.core.aws import Object
from lambdas.core.errors import NotFound
from lambdas.transactions.learning.holdout import Comparison

KEY: Final = "transactions/learning/state.json"
MOST_ROWS: Final = 5_000


class Row(msgspec.Struct, frozen=True, array_like=True):
    """One labelled decision: what each model of the ensemble said, and whether it was fraud.

    `base` is the version whose models these scores are of: scores of other models teach nothing here.
    """

    decision_id: str
    base: str
    scores: list[float]
    fraud: bool


class Attempt(msgspec.Struct, frozen=True):
    """How the last candidate did."""

    at: str
    champion: str
    labels: int
    noise: float
    """The estimated share of the labels that are the wrong way round."""
    comparison: Comparison
    published: str | None


class State(msgspec.Struct):
    """The rows by decision, oldest first, and how many labels are new since the last candidate."""

    rows: dict[str, Row] = {}
    new: int = 0
    last: Attempt | None = None
    format: int = 1

    def knows(self, decision_id: str, fraud: bool) -> bool:
        """Whether this label of this decision was taken in already."""
        row = self.rows.get(decision_id)
        return row is not None and row.fraud == fraud

    def add(self, row: Row) -> None:
        """Take in a label; an earlier one of the decision goes, and when it is full the oldest."""
        self.rows.pop(row.decision_id, None)
        self.rows[row.decision_id] = row
        self.new += 1
        while len(self.rows) > MOST_ROWS:
            del self.rows[next(iter(self.rows))]


class Objects(Protocol):
    """Where the state and the bundles are; `lambdas.core.aws.Bucket`."""

    def get(self, key: str, *, unless_etag: str | None = None) -> Object | None:
        """The object. Raises NotFound, DependencyDown."""
        ...

    def put(self, key: str, body: bytes, *, if_etag: str | None = None, if_new: bool = False) -> str:
        """Write the object and return its ETag. Raises PreconditionFailed, DependencyDown."""
        ...


class Memory:
    """Reads and writes the state."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._etag: str | None = None

    def read(self) -> State:
        """The state as it stands. Raises DependencyDown; a state that cannot be read is a new one."""
        try:
            found = self._objects.get(KEY)
        except NotFound:
            found = None
        self._etag = found.etag if found else None
        try:
            return msgspec.json.decode(found.body, type=State) if found else State()
        except msgspec.DecodeError:
            return State()

    def write(self, state: State) -> None:
        """Write over what was read. Raises PreconditionFailed when somebody else wrote, DependencyDown."""
        body = msgspec.json.encode(state)
        self._etag = self._objects.put(KEY, body, if_etag=self._etag, if_new=self._etag is None)
