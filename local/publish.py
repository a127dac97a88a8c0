"""`make publish`: to the laptop stack when there is one, to the user's AWS account otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local import deploy, running, state
from local.environment import aws_environment
from local.errors import Misused, NotRunning
from local.place import Place

ARTIFACTS_STACK = "Triage-Artifacts"


def publish(place: Place, service: str, arguments: Sequence[str], *, to_aws: bool) -> int:
    """Run `model_build publish` against the right bucket and return its exit code.

    The laptop is meant when `make up` was ever run here, unless `to_aws`.
    Raises NotRunning when the laptop stack is stopped, Misused when the account has no Triage.
    """
    env = {**os.environ, "PYTHONPATH": str(place.root)}
    if to_aws or state.load(place) is None:
        bucket = _account_bucket()
    else:
        found = running.find(place)
        if found is None:
            raise NotRunning("The laptop stack is stopped: make up. For your AWS account: make publish AWS=1")
        bucket = deploy.output(deploy.outputs(place), "ArtifactsBucket")
        env = aws_environment(env, found.endpoint)
    command = [sys.executable, "-m", "model_build", "publish", service, "--bucket", bucket, *arguments]
    return subprocess.run(command, cwd=place.root, env=env, check=False).returncode


def _account_bucket() -> str:
    """The artifacts bucket of the account that the user's own AWS settings name."""
    try:
        stacks = boto3.client("cloudformation").describe_stacks(StackName=ARTIFACTS_STACK)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            raise Misused(
                f"This AWS account has no stack {ARTIFACTS_STACK} in this region. "
                "For AWS: make deploy first. For this machine: make up first."
            ) from error
        raise Misused(f"AWS refused to tell about {ARTIFACTS_STACK}: {error}") from error
    except BotoCoreError as error:
        raise Misused(
            f"AWS cannot be asked: {error} Set AWS_PROFILE and AWS_REGION; for this machine: make up first."
        ) from error
    return next(str(o["OutputValue"]) for o in stacks[0]["Outputs"] if o["OutputKey"] == "ArtifactsBucket")
