"""What the bundles of a service say of its worth, by version."""

from __future__ import annotations

from lambdas.core.bundle import MANIFEST, decode_manifest
from lambdas.core.bundle_cache import ObjectReader
from lambdas.core.errors import BundleError, NotFound
from lambdas.core.variant import ROLLOUT, decode_rollout
from lambdas.value.defaults import DEFAULTS
from lambdas.value.worth import Worth, worth_of


class Bundles:
    """Reads each manifest once. `notes` says what the figures should be read with."""

    def __init__(self, objects: ObjectReader, service: str) -> None:
        self._objects = objects
        self._service = service
        self._known: dict[str | None, Worth | None] = {}
        self.notes: list[str] = []

    def worth(self, version: str | None) -> Worth | None:
        """What the bundle says, or else training's defaults; of the champion where no bundle decided.

        None when neither is known. Raises DependencyDown.
        """
        if version not in self._known:
            self._known[version] = self._champion() if version is None else self._of(version)
        return self._known[version]

    def _champion(self) -> Worth | None:
        try:
            found = self._objects.get(f"{self._service}/{ROLLOUT}")
            rollout = decode_rollout(found.body if found else b"", self._service)
        except NotFound:
            return self._default("no bundle is live")
        except BundleError as error:
            return self._default(error.detail)
        return self.worth(rollout.champion.version)

    def _of(self, version: str) -> Worth | None:
        try:
            found = self._objects.get(f"{self._service}/bundles/{version}/{MANIFEST}")
            worth = worth_of(decode_manifest(found.body if found else b"", self._service).settings)
        except NotFound:
            return self._default(f"bundle {version} is not in the bucket any more")
        except BundleError as error:
            return self._default(error.detail)
        return worth or self._default(f"bundle {version} is older than these figures")

    def _default(self, why: str) -> Worth | None:
        known = DEFAULTS.get(self._service)
        what = (
            "its decisions have training's default costs, and errors as often as their confidence allows"
            if known
            else "nobody knows what its decisions are worth: they are counted, not priced"
        )
        self.notes.append(f"{why}: {what}")
        return known
