"""How a plain `cdk deploy --all` pushes the image to the app's own ECR repository.

The CDK CLI pushes images to the repository that the stack's synthesizer names, under the role it names,
and tags each with its asset hash: a tag never moves, so the repository can be immutable. Two things
are needed for the first deployment, when the stack that makes that repository is in the same app:

- pushing waits for the stacks that the image's stack depends on (the CLI does that by itself);
- building waits for them too, because the CLI looks for the repository before it builds. That is what
  `build_image_after` adds to the cloud assembly.

The role does not exist during the first deployment either; the CLI then goes on with the credentials
it was called with, so that one deployment needs somebody who may push to ECR.
"""

from __future__ import annotations

import json
from pathlib import Path

import aws_cdk as cdk

from cdk.names import IMAGE_REPOSITORY, publisher_role_name


def synthesizer() -> cdk.DefaultStackSynthesizer:
    """A synthesizer whose images go to the app's own repository, pushed under the app's own role."""
    role = publisher_role_name("${AWS::Region}")
    return cdk.DefaultStackSynthesizer(
        image_assets_repository_name=IMAGE_REPOSITORY,
        image_asset_publishing_role_arn=f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/{role}",
    )


def build_image_after(assembly: Path, *, consumer: str, producer: str) -> None:
    """In the cloud assembly folder, let the assets of stack `consumer` wait for stack `producer`.

    The stack construct offers no way to say so: `dependencies` of an asset manifest are part of the
    cloud assembly's schema, but only the CDK's own synthesizers write them. Raises KeyError when the
    assembly has no such stacks.
    """
    path = assembly / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    artifacts = manifest["artifacts"]
    assets = artifacts[f"{consumer}.assets"]
    if artifacts[producer]["type"] != "aws:cloudformation:stack":
        raise KeyError(f"{producer} is not a stack of this app")
    assets["dependencies"] = sorted({*assets.get("dependencies", []), producer})
    path.write_text(json.dumps(manifest, indent=1), "utf-8")
