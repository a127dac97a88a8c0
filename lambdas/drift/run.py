"""One look at a service: its live bundle, the decisions of a window, what is remembered, and the report."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol

import msgspec
import numpy as np

from lambdas.core.aws import Object
from lambdas.core.bundle import MANIFEST, REFERENCE, Manifest, check_file, decode_manifest
from lambdas.core.errors import BundleError, NotFound
from lambdas.core.variant import ROLLOUT, decode_rollout
from lambdas.drift.limits import Limits
from lambdas.drift.look import Bundle, Span, look
from lambdas.drift.reference import decode_reference
from lambdas.drift.report import Report, State
from lambdas.observations.read import Observations
from lambdas.observations.window import Window

DAY: Final = timedelta(days=1)
LONGEST: Final = timedelta(days=7)
"""A window that waits for enough decisions reaches no further back."""
AGAIN: Final = timedelta(hours=12)
"""A look so soon after the last one, by hand or by a retry, is no further window."""
LABELS: Final = timedelta(days=30)
"""Labels of decisions so old count, as long as the decision log keeps them."""


class Objects(Protocol):
    """The artifacts bucket; `lambdas.core.aws.Bucket`."""

    def get(self, key: str, *, unless_etag: str | None = None) -> Object | None:
        """The object. Raises NotFound, DependencyDown."""
        ...

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """The keys that begin with `prefix` and come after `after`, in order. Raises DependencyDown."""
        ...


class Looked(NamedTuple):
    """The report; the state to remember, None where nothing is to be; what was remembered of another
    bundle."""

    report: Report
    state: State | None
    former: State | None


def state_key(service: str) -> str:
    """Where the state is."""
    return f"{service}/drift/state.json"


def bundle_of(objects: Objects, service: str, label_outcomes: Mapping[str, str]) -> Bundle:
    """The champion of `service`. Raises NotFound when nothing is live, BundleError when it is not what was
    published, DependencyDown."""
    found = decode_rollout(_read(objects, f"{service}/{ROLLOUT}"), service).champion
    folder = f"{service}/bundles/{found.version}"
    raw = _read(objects, f"{folder}/{MANIFEST}")
    if hashlib.sha256(raw).hexdigest() != found.manifest_sha256:
        raise BundleError(f"bundle {found.version}: the manifest is not the one that {ROLLOUT} vouches for")
    manifest = decode_manifest(raw, service)
    if REFERENCE not in manifest.files:
        raise BundleError(f"bundle {found.version} has no {REFERENCE}: train it again")
    body = _read(objects, f"{folder}/{REFERENCE}")
    check_file(manifest, REFERENCE, len(body), hashlib.sha256(body).hexdigest())
    reference = decode_reference(body, found.version)
    head = reference.heads.get(manifest.heads[0].name)
    return Bundle(service, found.version, reference, head, label_outcomes or None, _promised(manifest))


def read_state(objects: Objects, service: str) -> State | None:
    """What is remembered; None when nothing is, or nothing that can be read. Raises DependencyDown."""
    try:
        return msgspec.json.decode(_read(objects, state_key(service)), type=State)
    except (NotFound, msgspec.DecodeError):
        return None


def nightly(objects: Objects, bundle: Bundle, limits: Limits, until: datetime) -> Looked:
    """The look that counts: from where the last window with a verdict ended, at most LONGEST back, and for a
    new bundle the day before `until`. One that comes AGAIN too soon is a view with what is remembered.

    Raises DependencyDown, NotFound.
    """
    known = read_state(objects, bundle.service)
    state = known if known is not None and known.version == bundle.version else None
    ended = datetime.fromisoformat(state.until) if state else None
    if state is not None and ended is not None and until - ended < AGAIN:
        report = view(objects, bundle, limits, until - DAY, until)
        kept = msgspec.structs.replace(report, alarm=state.alarm, alarm_since=state.alarm_since)
        return Looked(kept, None, None)
    since = until - DAY if ended is None else max(ended, until - LONGEST)
    start = state or State(bundle.version, until.isoformat(), since.isoformat())
    report, after = _look(objects, bundle, limits, since, until, start)
    return Looked(report, after, known if state is None else None)


def view(objects: Objects, bundle: Bundle, limits: Limits, since: datetime, until: datetime) -> Report:
    """A look in between, with what is remembered and nothing more to remember. Raises as `nightly`."""
    known = read_state(objects, bundle.service)
    same = known is not None and known.version == bundle.version
    start = (
        known if known is not None and same else State(bundle.version, until.isoformat(), since.isoformat())
    )
    report = _look(objects, bundle, limits, since, until, start)[0]
    return msgspec.structs.replace(report, counts=False, started=False, ended=False)


def _look(
    objects: Objects, bundle: Bundle, limits: Limits, since: datetime, until: datetime, state: State
) -> tuple[Report, State]:
    found = Observations(objects, bundle.service).between(since - LABELS, until, written=since)
    new, rules = found.at >= since.timestamp(), found.source.is_("rules")
    own = found.version.is_(bundle.version) & ~rules
    left_out = {
        "answered by rules": int((new & rules).sum()),
        "answered by another bundle": int((new & ~rules & ~own).sum()),
    }
    told = own & (found.label.codes >= 0) & (found.labelled_at >= since.timestamp())
    labelled = found.where(told & (found.labelled_at < until.timestamp()))
    found = _only(found, own & new)
    span = Span(_text(since), _text(until))
    report, after = look(found, labelled, bundle, limits, state, span)
    return msgspec.structs.replace(report, left_out=left_out), after


def _only(window: Window, rows: np.ndarray[Any, np.dtype[np.bool_]]) -> Window:
    """These rows; the window itself when that is all, because a copy of a million is 200 MB."""
    return window if rows.all() else window.where(rows)


def _promised(manifest: Manifest) -> float | None:
    """The accuracy on the test split, where it is the measure of the model."""
    found = manifest.metrics.get("accuracy")
    return float(found) if isinstance(found, int | float) else None


def _read(objects: Objects, key: str) -> bytes:
    found = objects.get(key)
    if found is None:
        raise NotFound(f"{key} does not exist")
    return found.body


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
