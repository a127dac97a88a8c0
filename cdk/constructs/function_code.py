"""How the functions' code is packaged: one image with a CMD each on AWS, a zip each on the laptop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from aws_cdk import IgnoreMode
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.names import ROOT

# What is never part of the code, so that it does not change the asset's hash either.
_CACHES = ["**/__pycache__", "**/*.pyc", "**/.mypy_cache", "**/.ruff_cache"]
# What only the building of the image reads.
_BUILD_ONLY = ["**/Dockerfile", "**/.dockerignore", "**/requirements.txt", "**/slim_image.py"]


@dataclass(frozen=True)
class Packaged:
    """The three properties of a function that depend on the packaging."""

    code: lambda_.Code
    handler: str
    runtime: lambda_.Runtime


class Packaging(Protocol):
    """Turns a handler's name into a function's code."""

    def of(self, handler: str) -> Packaged:
        """The code that runs `handler`, for example `lambdas.tickets.handler.handle`."""
        ...


class ImagePackaging:
    """One container image of `lambdas/`; each function starts it with its own CMD.

    x86_64 because onnxruntime crashes at import on arm64 Lambda (microsoft/onnxruntime#10038).
    """

    def __init__(self, scope: Construct) -> None:
        self._image = ecr_assets.DockerImageAsset(
            scope,
            "Image",
            directory=str(ROOT / "lambdas"),
            platform=ecr_assets.Platform.LINUX_AMD64,
            exclude=_CACHES,
            ignore_mode=IgnoreMode.DOCKER,
            display_name="triage image",
        )

    def of(self, handler: str) -> Packaged:
        """The image, started with `handler`."""
        code = lambda_.Code.from_ecr_image(
            self._image.repository, tag_or_digest=self._image.image_tag, cmd=[handler]
        )
        return Packaged(code, lambda_.Handler.FROM_IMAGE, lambda_.Runtime.FROM_IMAGE)


class ZipPackaging:
    """A zip whose root holds the package `lambdas`, without its dependencies.

    The embedded AWS runs functions in the environment it was installed into, whatever the runtime
    says, so the dependencies are there.
    """

    def of(self, handler: str) -> Packaged:
        """The package, run at `handler`."""
        return Packaged(zip_of("lambdas"), handler, lambda_.Runtime.PYTHON_3_14)


def zip_of(folder: str) -> lambda_.Code:
    """A zip of the repository's `folder` (for example `local/emf_bridge`), kept under that path."""
    return lambda_.Code.from_asset(
        str(ROOT),
        exclude=["/*", *_opened(folder), *_CACHES, *_BUILD_ONLY],
        ignore_mode=IgnoreMode.GIT,
        display_name=folder,
    )


def _opened(folder: str) -> list[str]:
    """Git-ignore patterns that let `folder` back in, and of its parents only what makes them packages."""
    patterns: list[str] = []
    path = ""
    for part in folder.split("/"):
        path += f"/{part}"
        patterns += [f"!{path}", f"{path}/*", f"!{path}/__init__.py"]
    return patterns[:-2]
