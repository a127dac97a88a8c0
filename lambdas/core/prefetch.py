"""The live bundle's files on their way while a function still imports what will read them.

A handler calls `prefetch` before it imports numpy, onnxruntime and the rest: that takes as long as the
download does. Where a graph takes long to open it imports `lambdas.core.model` next, as a thread opens the
graph once that is there (see early.py). Nothing here is needed for an answer; without it
`decision_function` fetches by itself.
"""

from __future__ import annotations

import gc
import os
import threading

from lambdas.core.aws import Bucket
from lambdas.core.bundle_cache import BundleCache
from lambdas.core.early import Early
from lambdas.core.errors import SettingsError
from lambdas.core.settings import DecisionSettings, load


class Prefetch:
    """The files of the live bundles of `service`, fetched by a thread that begins at once."""

    def __init__(self, service: str, settings: DecisionSettings) -> None:
        self._settings = settings
        self._bundles = _bundles(service, settings)
        self._thread = threading.Thread(target=self._bundles.look_ahead, name="prefetch", daemon=True)
        self._thread.start()

    def bundles(self, settings: DecisionSettings) -> BundleCache | None:
        """What was fetched, once the thread has ended; None when that was for other settings."""
        if settings != self._settings:
            return None
        self._thread.join()
        return self._bundles


_begun: dict[str, Prefetch] = {}


def prefetch(service: str) -> None:
    """Begin to fetch the live bundles of `service`; until `bundles_of`, no garbage is looked for.

    Never raises: what is missing in the environment, and what could not be fetched, is told by
    `decision_function` as if nothing had been begun.
    """
    # numpy's OpenBLAS starts a thread a core when it is imported, and each spins until all are there: on
    # Lambda's part of a core that is taken from the start itself, and what is served hardly multiplies by it.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.disable()  # imports leave hardly any, and it would be looked for again and again among what they make
    try:
        _begun[service] = Prefetch(service, load(DecisionSettings))
    except SettingsError:
        return


def bundles_of(service: str, settings: DecisionSettings) -> BundleCache:
    """The bundles of `service`, with what `prefetch` began to fetch.

    All that is there by now stays, so no later look for garbage goes through it.
    """
    gc.freeze()
    gc.enable()
    begun = _begun.pop(service, None)
    found = begun.bundles(settings) if begun is not None else None
    return found or _bundles(service, settings)


def _bundles(service: str, settings: DecisionSettings) -> BundleCache:
    return BundleCache(service, Bucket(settings.artifacts_bucket), settings.model_cache_dir, Early)
