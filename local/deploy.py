"""The CDK app into the embedded AWS, with the real CDK CLI; skipped when its sources are unchanged."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from botocore.exceptions import ClientError

from local import valkey
from local.environment import ACCOUNT, REGION, aws_environment, client
from local.errors import Misused, StepFailed, with_log
from local.place import Place
from local.process import Commands

BOOTSTRAP_STACK = "CDKToolkit"
SOURCES = ("cdk", "lambdas", "local/emf_bridge", "cdk.json", "uv.lock", "package-lock.json")
FINGERPRINT = "fingerprint"
SWITCH = ("-c", "local=true", "-c", f"feature_store_secret={valkey.SECRET}")
_DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_QUIET = ("--no-notices", "--no-version-reporting", "--no-color")

Outputs = dict[str, dict[str, str]]


def fingerprint(place: Place) -> str:
    """A hash over every file that the deployed stacks are made from."""
    digest = hashlib.sha256(" ".join(SWITCH).encode())
    for path in _files(place.root):
        digest.update(f"\0{path.relative_to(place.root).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _files(root: Path) -> Iterator[Path]:
    for source in SOURCES:
        path = root / source
        if path.is_file():
            yield path
        for file in sorted(path.rglob("*")) if path.is_dir() else ():
            if file.is_file() and "__pycache__" not in file.parts and file.suffix != ".pyc":
                yield file


def synthesized(place: Place, wanted: str) -> bool:
    """True when the assembly folder was made from the sources with the fingerprint `wanted`."""
    made = place.assembly / FINGERPRINT
    return made.is_file() and made.read_text() == wanted


def statuses(endpoint: str) -> dict[str, str]:
    """Every stack of the embedded AWS with its CloudFormation status."""
    pages = client("cloudformation", endpoint).get_paginator("describe_stacks").paginate()
    return {stack["StackName"]: stack["StackStatus"] for page in pages for stack in page["Stacks"]}


def usable(found: dict[str, str]) -> bool:
    """False when a stack is in a state that no deployment leads out of: it was interrupted there."""
    return all(status in _DONE for status in found.values())


def deployed(place: Place, found: dict[str, str]) -> bool:
    """True when every stack of the last synthesized app is in place, going by the statuses `found`."""
    stacks = stack_names(place)
    return bool(stacks) and place.outputs.is_file() and all(found.get(name) in _DONE for name in stacks)


def stack_names(place: Place) -> list[str]:
    """The stacks of the synthesized app; empty when it was never synthesized."""
    try:
        manifest = json.loads((place.assembly / "manifest.json").read_bytes())
    except FileNotFoundError:
        return []
    return [
        artifact.get("properties", {}).get("stackName", name)
        for name, artifact in manifest.get("artifacts", {}).items()
        if artifact.get("type") == "aws:cloudformation:stack"
    ]


def outputs(place: Place) -> Outputs:
    """The stack outputs, by stack and name; raises Misused when nothing was deployed."""
    try:
        loaded: Outputs = json.loads(place.outputs.read_bytes())
    except FileNotFoundError:
        raise Misused(f"Nothing is deployed in {place.folder}. Run: make up") from None
    return loaded


class Cdk:
    """The CDK CLI, pointed at the embedded AWS at `endpoint`."""

    def __init__(self, place: Place, commands: Commands, endpoint: str) -> None:
        self._place = place
        self._commands = commands
        self._endpoint = endpoint
        binaries = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        self._env = aws_environment(os.environ, endpoint) | {
            "PATH": binaries,
            "PYTHONPATH": str(place.root),
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            # A banner about Node's age would hide what a failing synthesis says.
            "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
            "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
            "CI": "true",
        }

    def log(self, name: str) -> Path:
        """Where the output of `name` (bootstrap, synth or deploy) goes."""
        return self._place.logs / f"cdk-{name}.log"

    def bootstrap(self) -> None:
        """Create what the CDK CLI itself needs in an account, unless it is there."""
        try:
            stacks = client("cloudformation", self._endpoint).describe_stacks(StackName=BOOTSTRAP_STACK)
            if stacks["Stacks"][0]["StackStatus"] in _DONE:
                return
        except ClientError as error:
            if "does not exist" not in str(error):
                raise
        # Away from cdk.json: bootstrapping needs no app, and finding one the CLI would synthesize it.
        self._run("bootstrap", [f"aws://{ACCOUNT}/{REGION}"], cwd=self._place.folder)

    def synth(self, made_from: str) -> None:
        """Write the templates and assets into the assembly folder, with the fingerprint `made_from`."""
        part = self._place.assembly.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        self._run("synth", ["--quiet", "--output", str(part), *SWITCH], cwd=self._place.root)
        (part / FINGERPRINT).write_text(made_from)
        shutil.rmtree(self._place.assembly, ignore_errors=True)
        part.rename(self._place.assembly)

    def deploy(self) -> Outputs:
        """Deploy every synthesized stack and return the outputs.

        The exit code alone is not believed: raises StepFailed when a stack is not in place after.
        """
        arguments = [
            "--app", str(self._place.assembly), "--all", "--require-approval", "never", "--method", "direct",
            "--concurrency", "4", "--progress", "events", "--outputs-file", str(self._place.outputs),
        ]  # fmt: skip
        self._run("deploy", arguments, cwd=self._place.root)
        found = statuses(self._endpoint)
        if not deployed(self._place, found):
            missing = [f"{name} is {found.get(name, 'missing')}" for name in stack_names(self._place)]
            message = f"cdk deploy ended, but not every stack is in place ({', '.join(missing)}). Its log:"
            raise StepFailed(with_log(message, self.log("deploy")))
        return outputs(self._place)

    def _run(self, name: str, arguments: list[str], cwd: Path) -> None:
        binary = self._place.root / "node_modules" / ".bin" / "cdk"
        command = [str(binary), name, *_QUIET, *arguments]
        self._commands.run(command, what=f"cdk {name}", cwd=cwd, env=self._env, log=self.log(name))


def output(found: Outputs, name: str) -> str:
    """The output `name` of whichever stack has it; raises StepFailed when none has."""
    for values in found.values():
        if name in values:
            return values[name]
    raise StepFailed(f"The deployed stacks have no output {name}: cdk/ and local/ do not fit together.")
