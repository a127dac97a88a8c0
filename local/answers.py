"""An answer of the API as a person reads it."""

from __future__ import annotations

import json
import shlex
from typing import Any

from rich.console import Console
from rich.text import Text

from local.call import Api
from local.samples import Sample


def show(console: Console, sample: Sample, decision: dict[str, Any]) -> None:
    """Print one decision: what was decided, how sure, acted on or reviewed and why, and what spoke for it."""
    language = sample.body.get("language", "")
    console.print(Text.assemble((f"  {language:3}", "dim"), (f"“{sample.title}”", "bold")))
    for name, answer in decision.get("outputs", {}).items():
        others = [label for label in answer["prediction_set"] if label != answer["label"]]
        sure = f"  {answer['confidence']:.0%} sure"
        line = Text.assemble(f"      {name:<12}", (answer["label"], "cyan"), sure)
        if others:
            line.append(f"  (could also be {', '.join(others)})", "dim")
        console.print(line)
    _show_scores(console, decision)
    console.print(Text.assemble("      decision    ", _verdict(decision)))
    for reason in decision["reasons"] if decision["review"] else ():
        console.print(Text.assemble("                  - ", (reason, "dim")))
    if decision.get("terms"):
        terms = ", ".join(f"{term['term']} {term['weight']:+.2f}" for term in decision["terms"][:5])
        console.print(Text.assemble("      because of  ", (terms, "dim")))
    console.print(Text.assemble("      answered by ", (source(decision), "dim")))


def _show_scores(console: Console, decision: dict[str, Any]) -> None:
    """Of a post: how likely it fails each policy, and what was looked at."""
    for policy, score in decision.get("scores", {}).items():
        if isinstance(score, dict):  # a transaction's are numbers
            colour = "red" if policy in decision["policies"] else "cyan"
            share = (f"{score['probability']:.1%}", colour)
            console.print(Text.assemble(f"      {policy:<12}", share, (f"  {score['severity']}", "dim")))
    seen = {name: each for name, each in decision.get("modalities", {}).items() if each["state"] != "absent"}
    if len(seen) > 1:
        said = [f"{name} {each['state']}" for name, each in seen.items()]
        console.print(Text.assemble("      looked at   ", (", ".join(said), "dim")))
    if decision.get("image_text"):
        console.print(Text.assemble("      it says     ", (f"“{decision['image_text']}”", "dim")))


def _verdict(decision: dict[str, Any]) -> Text:
    if decision["review"]:
        return Text("a person reviews it, because", "yellow")
    return Text(f"act on it: {decision['outcome']}", "green")


def source(decision: dict[str, Any]) -> str:
    """Who answered: which model, or the rules and what was missing for more."""
    if decision["source"] == "model":
        return f"model {decision['model_version']} ({decision['variant']})"
    missing = ", ".join(decision["degraded"])
    return f"the rules, not the model{f' (missing: {missing})' if missing else ''}"


def curl(api: Api, sample: Sample) -> str:
    """A command line that makes the same call again."""
    words = [
        "curl", "-s", "-X", "POST", f"{api.url}{sample.path}", "-H", f"x-api-key: {api.key}",
        "-H", "content-type: application/json", "-d", json.dumps(sample.body, ensure_ascii=False),
    ]  # fmt: skip
    return shlex.join(words)
