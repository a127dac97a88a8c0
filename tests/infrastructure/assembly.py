"""A synthesized cloud assembly, as the tests read it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

Json = dict[str, Any]


class Resource(NamedTuple):
    """One resource of a template."""

    stack: str
    logical_id: str
    type: str
    properties: Json
    body: Json


class Finding(NamedTuple):
    """What cdk-nag found, or what was acknowledged: a rule on a construct's path."""

    rule: str
    path: str


@dataclass(frozen=True)
class Assembly:
    """One variant of the app, synthesized into `folder`."""

    folder: Path

    @cached_property
    def manifest(self) -> Json:
        """manifest.json: the artifacts and what they wait for."""
        return self._json("manifest.json")

    @cached_property
    def templates(self) -> dict[str, Json]:
        """The template of each stack, by the stack's name."""
        return {p.name.removesuffix(".template.json"): json.loads(p.read_text("utf-8")) for p in self.files}

    @property
    def files(self) -> list[Path]:
        """The template files."""
        return sorted(self.folder.glob("*.template.json"))

    def resources(self, kind: str, stack: str | None = None) -> list[Resource]:
        """Every resource whose type is `kind`, of one stack or of all."""
        return [
            found for found in self.all_resources() if found.type == kind and stack in {None, found.stack}
        ]

    def all_resources(self) -> Iterator[Resource]:
        """Every resource of every stack."""
        for stack, template in self.templates.items():
            for logical_id, body in template.get("Resources", {}).items():
                yield Resource(stack, logical_id, body["Type"], body.get("Properties", {}), body)

    def one(self, kind: str, **wanted: Any) -> Resource:
        """The one resource of type `kind` with the wanted properties."""
        found = [
            r
            for r in self.resources(kind)
            if all(r.properties.get(k) == value for k, value in wanted.items())
        ]
        assert len(found) == 1, f"{len(found)} resources are {kind} with {wanted}"
        return found[0]

    def assets(self, stack: str) -> Json:
        """The stack's asset manifest."""
        return self._json(f"{stack}.assets.json")

    def outputs(self, stack: str) -> Json:
        """The values of the stack's outputs by name, without those the CDK adds for other stacks."""
        outputs = self.templates[stack].get("Outputs", {})
        return {name: out["Value"] for name, out in outputs.items() if not name.startswith("PublishOutput")}

    def findings(self) -> list[Finding]:
        """What cdk-nag did not like and nobody acknowledged."""
        return sorted(
            Finding(violation["ruleName"], construct["constructPath"])
            for report in self._json("validation-report.json")["pluginReports"]
            for violation in report["violations"]
            for construct in violation["violatingConstructs"]
        )

    def acknowledged(self) -> dict[Finding, str]:
        """The acknowledgements of cdk-nag's rules, each with its reason; the CDK has some of its own."""
        return {
            Finding(rule.removeprefix("Annotation::"), path): reason
            for path, rules in self._metadata("aws:cdk:acknowledged-rules")
            for rule, reason in rules.items()
            if "AwsSolutions-" in rule
        }

    def resource_paths(self) -> set[str]:
        """The construct paths that stand for one resource of a template each."""
        logical_ids = {resource.logical_id for resource in self.all_resources()}
        return {path for path, logical_id in self._metadata("aws:cdk:logicalId") if logical_id in logical_ids}

    def _metadata(self, kind: str) -> Iterator[tuple[str, Any]]:
        """(construct path, data) of every metadata entry of that kind."""
        for file in self.folder.glob("*.metadata.json"):
            for path, entries in json.loads(file.read_text("utf-8")).items():
                yield from ((path.lstrip("/"), entry["data"]) for entry in entries if entry["type"] == kind)

    def _json(self, name: str) -> Json:
        loaded: Json = json.loads((self.folder / name).read_text("utf-8"))
        return loaded


def text(value: Any) -> str:
    """A template value as text: intrinsics as `<Ref>`, so that what is around them can be compared."""
    if isinstance(value, dict) and len(value) == 1:
        (name, argument), = value.items()  # fmt: skip
        if name == "Fn::Join":
            return str(argument[0]).join(text(part) for part in argument[1])
        if name == "Ref":
            return f"<{argument}>"
        if name == "Fn::GetAtt":
            return f"<{'.'.join(argument)}>"
        if name == "Fn::GetStackOutput":
            return f"<{argument['StackName']}.{argument['OutputName']}>"
    return str(value)
