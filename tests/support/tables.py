"""A decision table in memory that keeps DynamoDB's conditional-write semantics."""

from __future__ import annotations

from typing import Any

from lambdas.core.errors import PreconditionFailed


class MemoryTable:
    """Speaks as much of the DynamoDB protocol as the decision log does."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.fail_with: Exception | None = None
        self.calls: list[str] = []

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        self.calls.append(operation)
        if self.fail_with is not None:
            raise self.fail_with
        if operation == "GetItem":
            found = self.items.get(request["Key"]["id"]["S"])
            return {"Item": found} if found else {}
        if operation == "UpdateItem":
            return self._amend(request) if "REMOVE" in request["UpdateExpression"] else self._label(request)
        puts = [request] if operation == "PutItem" else [each["Put"] for each in request["TransactItems"]]
        taken = [self.items.get(put["Item"]["id"]["S"]) for put in puts]
        if any(taken):
            if operation == "PutItem":
                raise PreconditionFailed("taken", current={"Item": taken[0]})
            reasons = [
                {"Code": "ConditionalCheckFailed", "Item": item} if item else {"Code": "None"}
                for item in taken
            ]
            raise PreconditionFailed("cancelled", current={"CancellationReasons": reasons})
        for put in puts:
            self.items[put["Item"]["id"]["S"]] = put["Item"]
        return {}

    def _amend(self, request: dict[str, Any]) -> dict[str, Any]:
        """The update that makes a provisional decision final."""
        item = self.items.get(request["Key"]["id"]["S"])
        if item is None or "pending" not in item:
            raise PreconditionFailed("condition", current={})
        names = request["ExpressionAttributeNames"]
        item |= {names[f"#{n[1:]}"]: v for n, v in request["ExpressionAttributeValues"].items()}
        del item["pending"]
        return {}

    def _label(self, request: dict[str, Any]) -> dict[str, Any]:
        """The update that labels; the same is tried against a real emulator."""
        item = self.items.get(request["Key"]["id"]["S"])
        new = request["ExpressionAttributeValues"]
        if item is None or (
            "label_by" in item and item["label_by"] != new[":by"] and item["label"] != new[":label"]
        ):
            raise PreconditionFailed("condition", current={})
        item |= {"label": new[":label"], "label_at": new[":at"], "label_by": new[":by"]}
        return {"Attributes": item}
