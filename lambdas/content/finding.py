"""GET /v1/content/{id}: a decision as it stands, found by its own id or the post's."""

from __future__ import annotations

import re
from urllib.parse import unquote

import msgspec

from lambdas.content.schema import ContentDecision
from lambdas.core.decision_log import DecisionLog, Logged
from lambdas.core.errors import NotFound
from lambdas.core.http import Asked
from lambdas.core.service import decision_id

_DECISION_ID = re.compile(r"content\.[0-9a-f]{32}")


class Finder:
    """Answers the route from the decision log."""

    def __init__(self, log: DecisionLog) -> None:
        self._log = log
        self._decoder = msgspec.json.Decoder(ContentDecision)

    def __call__(self, asked: Asked) -> ContentDecision:
        """The decision. Raises NotFound, DependencyDown."""
        return self.find(asked.path.get("id", ""))[1]

    def find(self, own: str) -> tuple[Logged, ContentDecision]:
        """The decision that is called `own`, or about the post called so, as sent or URL-decoded."""
        names = dict.fromkeys((own, unquote(own)))
        ids = [name for name in names if _DECISION_ID.fullmatch(name)]
        for wanted in (*ids, *(decision_id("content", name) for name in names)):
            try:
                logged = self._log.get(wanted)
            except NotFound:
                continue
            return logged, self._decoder.decode(logged.answer)
        raise NotFound(f"no post and no decision is called '{own[:200]}', or it has expired")
