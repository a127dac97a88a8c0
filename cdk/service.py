"""What a service is to the infrastructure: its function, its routes, and the workers beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

BINARY_TYPES = ("image/png",)
"""The types among the routes' `other_type` that are no text."""

Auth = Literal["key", "reviewer", "token", "none"]
"""Who may call a route: a program with an API key, a person who has signed in, a program whose Bearer token
the function checks, or anybody."""


@dataclass(frozen=True)
class Route:
    """One public route. `request` and `response` are msgspec types; without one there is no body to check.

    `share` is the part of the usage plan's rate this route may take, 0 to 1; one that anybody may post to,
    and one whose function checks a token, take that part for all their callers together. `{name}` in the
    path is a parameter, `query` names the others. `other_type` is what the route answers with beside JSON
    when `Accept` asks for it.
    """

    method: str
    path: str
    summary: str
    response: type | None = None
    request: type | None = None
    share: float = 1.0
    other_type: str | None = None
    auth: Auth = "key"
    query: tuple[str, ...] = ()

    @property
    def parameters(self) -> list[str]:
        """The names of the path's parameters."""
        return re.findall(r"\{(\w+)\}", self.path)


@dataclass(frozen=True)
class Worker:
    """A function that no caller waits for: it works off a queue or a stream."""

    handler: str
    memory_mb: int = 1024
    timeout_seconds: int = 30
    storage_mb: int = 512


@dataclass(frozen=True)
class Service:
    """A function behind the API and its routes.

    One that is in `SERVICES` has bundles, writes to the decision log and gets the alarms on confidence
    and fallbacks. `storage_mb` is its /tmp, where bundles and their assets lie: 512 cost nothing, 10,240 are
    the most. `low_confidence` is the average confidence below which people should look.

    What else a service may have: `feature_store`, where it keeps what it knows of an entity; `catch_up`,
    the worker of the queue of updates that waited for that store; `stream`, the worker that decides what
    comes on the service's stream; `learner`, the worker of the label queue, which one service may have;
    `media`, whether its items come with media that is uploaded and kept; `later`, the worker that finishes
    what a caller should not wait for; `looks_back`, whether its routes read the decision log;
    `label_outcomes`, the outcome that each of its labels stands for, `*` being every other label.
    """

    name: str
    handler: str
    routes: tuple[Route, ...]
    memory_mb: int = 1024
    storage_mb: int = 512
    timeout_seconds: int = 15
    low_confidence: float = 0.6
    feature_store: bool = False
    catch_up: Worker | None = None
    stream: Worker | None = None
    learner: Worker | None = None
    media: bool = False
    later: Worker | None = None
    looks_back: bool = False
    label_outcomes: Mapping[str, str] = field(default_factory=dict)
