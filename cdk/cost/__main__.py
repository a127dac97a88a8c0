"""`python -m cdk.cost`: prices the app in cdk.out, which is synthesized when it is not there."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cdk.command_line import OneLine
from cdk.cost.assembly import App, app_of
from cdk.cost.calls import Month
from cdk.cost.errors import CostError
from cdk.cost.limits import Limit, capacities, first, limits_of
from cdk.cost.lines import Line, lines_of, total
from cdk.cost.prices import Account, Prices, load_prices
from cdk.cost.report import Bill, json_of, text_of
from cdk.cost.traffic import Traffic, traffic_of
from cdk.free_tier import Template, ledger, templates_in
from cdk.metrics import emitted
from cdk.names import ROOT
from cdk.services import SERVICES
from lambdas.core.errors import TriageError

FIRST_MONEY = 1.0
"""USD a month, of which the budget warns."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report. Returns 1 with one line on standard error when it was asked what it cannot answer."""
    options = _parser().parse_args(arguments)
    try:
        report = _report(options)
    except TriageError as error:
        sys.stderr.write(f"triage: {error.detail}\n")
        return 1
    sys.stdout.write(report + "\n")
    return 0


def _report(options: argparse.Namespace) -> str:
    names = [service.name for service in SERVICES]
    traffic = traffic_of(names, options.decisions, _own(options.service), options.set)
    prices = load_prices(options.prices)
    accounts: Sequence[Account] = options.account or ("new", "old")
    with tempfile.TemporaryDirectory(prefix="triage-cost-") as scratch:
        folder = Path(scratch) if options.context else options.folder
        templates = templates_in(synthesized(folder, options.context))
        what = _which(folder, options.context)
    bills = [bill_of(account, traffic, templates, prices) for account in accounts]
    if options.json:
        return json.dumps(json_of(bills, prices), indent=2)
    return "\n".join(text_of(bills, prices, datetime.now(UTC).date(), what))


def bill_of(
    account: Account, traffic: Traffic, templates: Sequence[Template], prices: Prices, app: App | None = None
) -> Bill:
    """All that is said of `account`."""
    app = app or app_of(templates)
    counted = {line.what: line.used for line in ledger(templates, emitted(s.name for s in SERVICES))}

    def month(at: Traffic) -> Month:
        return Month(app, SERVICES, at)

    def lines(at: Traffic) -> list[Line]:
        return lines_of(month(at), counted, prices, account)

    budget = first(traffic, lambda at: total(lines(at)) > FIRST_MONEY)
    return Bill(
        account,
        traffic,
        lines(traffic),
        list(capacities(month(traffic), account)),
        limits_of(traffic, lines, month, account),
        Limit(f"The bill is more than {FIRST_MONEY:g} USD a month", budget, ""),
    )


def _own(given: Sequence[str]) -> dict[str, float]:
    own = {}
    for each in given:
        name, _, text = each.partition("=")
        try:
            own[name] = float(text)
        except ValueError as error:
            raise CostError(f"{each}: give a number of decisions a month") from error
    return own


def synthesized(folder: Path, context: Sequence[str]) -> Path:
    """`folder` with templates in it, made when there are none. Raises CostError when that fails."""
    if list(folder.glob("*.template.json")):
        return folder
    keys = [part for each in context for part in ("--context", each)]
    command = [str(ROOT / "node_modules/.bin/cdk"), "synth", "--quiet", "--output", str(folder), *keys]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError as error:
        raise CostError(f"the CDK is not installed (make setup): {error}") from error
    if done.returncode != 0:
        why = [line for line in done.stderr.splitlines() if line.startswith("error:")]
        raise CostError("the app does not synthesize: " + "\n".join(why or [done.stderr.strip()[-1000:]]))
    return folder


def _which(folder: Path, context: Sequence[str]) -> str:
    newest = max(path.stat().st_mtime for path in folder.glob("*.template.json"))
    where = f"-c {' -c '.join(context)}" if context else f"{folder.name}/"
    return f"templates of {where}, written {datetime.fromtimestamp(newest, UTC):%Y-%m-%d %H:%M} UTC"


def _number(text: str) -> float:
    try:
        return float(text.replace("_", "").replace(",", ""))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a number of decisions a month") from None


def _parser() -> argparse.ArgumentParser:
    parser = OneLine(prog="python -m cdk.cost", description=__doc__)
    parser.add_argument("--decisions", type=_number, help="a month, of all services together (100000)")
    parser.add_argument(
        "--service",
        action="append",
        default=[],
        metavar="NAME=N",
        help="of one service; the others share the rest",
    )
    parser.add_argument("--account", action="append", choices=("new", "old"), help="both when left out")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="an assumption; docs/cost.md lists them",
    )
    parser.add_argument("--prices", type=Path, help="a file of your own prices, as cdk/cost/prices.yaml")
    parser.add_argument("--folder", type=Path, default=ROOT / "cdk.out", help="where `make synth` wrote to")
    parser.add_argument(
        "--context",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="with this key of docs/deploy.md",
    )
    parser.add_argument("--json", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
