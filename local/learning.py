"""`make retrain` and `make fairness LIVE=1`: of the laptop stack when there is one, else of the account."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from lambdas.fairness.live import KEY, DimensionFigures, Live
from local import deploy, running, state
from local.environment import aws_environment, client
from local.errors import Misused, NotRunning
from local.place import Place

STACKS = ("Triage-Artifacts", "Triage-State")


@dataclass(frozen=True)
class Where:
    """The outputs of the stacks, the environment of commands that use them, and what makes their clients."""

    outputs: deploy.Outputs
    environment: dict[str, str]
    client: Callable[[str], Any]

    @property
    def s3(self) -> Any:
        """A client of their S3."""
        return self.client("s3")

    def output(self, name: str) -> str:
        """The stack output `name`."""
        return deploy.output(self.outputs, name)


def where(place: Place, *, on_aws: bool, stacks: Sequence[str] = STACKS) -> Where:
    """The laptop stack when `make up` was ever run here, unless `on_aws`.

    Of an account it has the outputs of `stacks`. Raises NotRunning when it is stopped, Misused when the
    account has no Triage.
    """
    env = {**os.environ, "PYTHONPATH": str(place.root)}
    if on_aws or state.load(place) is None:
        return Where(_of_account(stacks), env, boto3.client)
    found = running.find(place)
    if found is None:
        raise NotRunning("The laptop stack is stopped: make up. For your AWS account: AWS=1")
    endpoint = found.endpoint
    return Where(deploy.outputs(place), aws_environment(env, endpoint), lambda name: client(name, endpoint))


def retrain(place: Place, service: str, arguments: Sequence[str], *, on_aws: bool) -> int:
    """Run `model_build retrain` with the right log and buckets, and return its exit code."""
    found = where(place, on_aws=on_aws)
    command = [
        sys.executable, "-m", "model_build", "retrain", service, "--bucket", found.output("ArtifactsBucket"),
        "--table", found.output("DecisionsTable"), *arguments,
    ]  # fmt: skip
    if service == "content":
        command += ["--uploads", found.output("UploadsBucket")]
    return subprocess.run(command, cwd=place.root, env=found.environment, check=False).returncode


def show_fairness(place: Place, console: Console, *, on_aws: bool) -> None:
    """Print what the live monitor found last."""
    found = where(place, on_aws=on_aws)
    bucket = found.output("ArtifactsBucket")
    try:
        raw = found.s3.get_object(Bucket=bucket, Key=KEY)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"NoSuchKey", "404"}:
            raise Misused(f"AWS refused to give s3://{bucket}/{KEY}: {error}") from error
        console.print("The fairness monitor has not run yet: it runs once a day.")
        return
    for line in lines(msgspec.json.decode(raw, type=Live)):
        console.print(line, markup=False)


def lines(live: Live) -> list[str]:
    """The monitor's findings, a line each."""
    part = "all of the log" if live.complete else f"{live.read:,} items of the log, a random part of it"
    found = [
        f"Decisions on content, as of {live.at}: {live.decisions:,} by models, {live.labelled:,} of them "
        f"labelled ({part}; {live.rules:,} by rules and {live.pending:,} unfinished ones are left out)."
    ]
    for dimension in live.dimensions:
        found += ["", f"by {dimension.name}", *_groups(dimension)]
        found += [
            f"  gap in {gap.measure} ({gap.point}): {gap.value:.3f} ({gap.low:.3f} to {gap.high:.3f}), "
            f"{gap.highest} over {gap.lowest}, {gap.groups} groups"
            for gap in dimension.gaps
        ]
        if dimension.too_few:
            listed = ", ".join(dimension.too_few[:12]) + (" …" if len(dimension.too_few) > 12 else "")
            found.append(f"  no verdict, under {live.least_rows} decisions: {listed}")
    if not live.dimensions:
        found.append("There are no groups to tell apart yet.")
    return [*found, *(["", "Warnings:", *(f"  {each}" for each in live.warnings)] if live.warnings else [])]


def _groups(dimension: DimensionFigures) -> list[str]:
    """A line a group: its decisions, how many are hit, and its false positives where people's labels tell."""
    out = []
    for each in dimension.groups:
        shares = ", ".join(f"{point} {rate.value:.1%}" for point, rate in each.selection.items())
        told = ", ".join(
            f"false positives ({point}) {rate.value:.1%}" for point, rate in each.false_positives.items()
        )
        out.append(f"  {each.group:<28} {each.n:>7,}  {shares}" + (f"; {told}" if told else ""))
    return out


def _of_account(names: Sequence[str]) -> deploy.Outputs:
    """The outputs of the stacks in the account that the user's own AWS settings name."""
    try:
        cloudformation = boto3.client("cloudformation")
        stacks = [cloudformation.describe_stacks(StackName=name)["Stacks"][0] for name in names]
    except ClientError as error:
        if "does not exist" in str(error):
            raise Misused(
                "This AWS account has no Triage in this region. For AWS: make deploy first. For this "
                "machine: make up first."
            ) from error
        raise Misused(f"AWS refused to tell about the stacks: {error}") from error
    except BotoCoreError as error:
        raise Misused(
            f"AWS cannot be asked: {error} Set AWS_PROFILE and AWS_REGION; for this machine: make up first."
        ) from error
    return {
        stack["StackName"]: {each["OutputKey"]: str(each["OutputValue"]) for each in stack["Outputs"]}
        for stack in stacks
    }
