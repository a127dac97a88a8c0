"""`retrain`: people's verdicts become a candidate, by the same pipeline and through the same gates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from lambdas.core.bundle import Manifest
from lambdas.core.variant import Rollout
from model_build.csv_source import header_of
from model_build.errors import BuildError
from model_build.examine import Layout
from model_build.job import Job
from model_build.pipeline import train_model
from model_build.preflight.bundles import Opened, champion
from model_build.preflight.check import check
from model_build.preflight.held_out import HeldOut, of_csv, test_split
from model_build.preflight.verdict import GateFailed, Verdict, failed
from model_build.publish import publish, read_rollout
from model_build.retrain_base import find_base
from model_build.retrain_data import RETRAINING, Joined, join, tested_rows, with_joined, with_media
from model_build.retrain_log import Verdict as Said
from model_build.retrain_log import read_verdicts
from model_build.retrain_rows import FetchMedia, no_media
from model_build.workspace import Workspace


class TooFewVerdicts(BuildError):
    """People have not said enough yet; the message says how many verdicts are missing."""


class ChallengerThere(BuildError):
    """Another challenger is being tried: it is not pushed aside."""


@dataclass(frozen=True)
class Place:
    """Where the log and the bundles are: clients of DynamoDB and S3, the table and the bucket."""

    dynamodb: Any
    s3: Any
    table: str
    bucket: str


def retrain(
    job: Job,
    place: Place,
    *,
    fetch: FetchMedia = no_media,
    tracked: bool = True,
    replace_challenger: bool = False,
    other_data: bool = False,
) -> Manifest:
    """Train a candidate on the champion's data and the verdicts, and make it the challenger with share 0.

    With `other_data` the rows need not be those that the champion was trained on.
    Raises TooFewVerdicts, ChallengerThere, OtherData, GateFailed (the bundle stays in the build folder), and
    what training and publishing raise.
    """
    say = job.reporter.say
    live = read_rollout(place.s3, place.bucket, job.service.name)
    if not replace_challenger:
        _make_way(live)
    verdicts = _verdicts(job, place)
    opened = champion(place.s3, place.bucket, job.workspace)
    base = find_base(job, opened, other_data=other_data)
    source = base.source
    tested = tested_rows(job, source)
    if fetch is not no_media:
        job = with_media(job, verdicts)
    with job.reporter.stage("join") as stage:
        joined = join(job, source.csv, verdicts, fetch, tested)
        stage.note = (
            f"{joined.base_rows:,} rows, and {joined.trained:,} verdicts; {joined.held_out:,} are held out, "
            f"{joined.unusable:,} cannot be used"
        )
    parameters, why = with_joined(job, joined)
    if why:
        say(f"  note: {why}")
    retraining = replace(
        job, parameters=parameters, synthetic=source.synthetic, base=base.record(joined.base_rows)
    )
    _say_other_labels(retraining)
    manifest = train_model(retraining, tracked=tracked)
    _gate(retraining, manifest, opened, joined)
    if live is None:
        say(f"\nNothing is live to challenge: make publish SERVICE={job.service.name}")
        return manifest
    with job.reporter.stage("publish") as stage:
        folder = job.workspace.bundles / manifest.version
        publish(folder, job.service.name, place.bucket, role="challenger", waiting=True, client=place.s3)
        stage.note = f"{manifest.version} is the challenger, with share 0: it answers nobody yet"
    _say_next(job, manifest)
    return manifest


def _make_way(live: Rollout | None) -> None:
    """Raise ChallengerThere while a challenger answers, or runs in shadow."""
    if live is not None and live.challenger is not None and (live.share > 0 or live.shadow):
        how = "runs in shadow" if live.shadow else f"answers for {live.share:.0%}"
        raise ChallengerThere(
            f"{live.challenger.version} is the challenger and {how}: settle that first (publish it as the "
            "champion, or the champion again), or pass --replace"
        )


def _verdicts(job: Job, place: Place) -> list[Said]:
    parameters = job.parameters.service.retrain
    with job.reporter.stage("verdicts") as stage:
        found = read_verdicts(
            place.dynamodb, place.table, job.service.name, most=parameters.most_verdicts, progress=stage
        )
        stage.note = f"{len(found):,} decisions on {job.service.name} are labelled"
    missing = parameters.least_verdicts - len(found)
    if missing > 0:
        raise TooFewVerdicts(
            f"{len(found)} decisions on {job.service.name} have a verdict, and {parameters.least_verdicts} "
            f"are needed: {missing} are missing. Nothing was trained (retrain.least_verdicts in params.yaml)"
        )
    return found


def _gate(job: Job, manifest: Manifest, opened: Opened | None, joined: Joined) -> None:
    with job.reporter.stage("gates") as stage:
        verdicts = check(
            job.workspace.bundles / manifest.version,
            opened,
            _rows(job, manifest, joined),
            job.service,
            gates=job.parameters.service.gates,
            fairness=job.parameters.service.fairness if job.service.name == "content" else None,
            seed=job.parameters.seed,
            progress=stage,
        )
        missed = failed(verdicts)
        stage.note = f"{len(verdicts)} looked at, {len(missed)} not passed"
    tell(job, verdicts)
    if missed:
        listed = "\n".join(f"  - {each.gate}: {each.said}" for each in missed)
        raise GateFailed(
            f"{manifest.version} is not published, the champion stays as it is:\n{listed}\n"
            f"It is in {job.workspace.bundles / manifest.version}"
        )


def tell(job: Job, verdicts: Sequence[Verdict]) -> None:
    """Each verdict, a line each."""
    for verdict in verdicts:
        job.reporter.say(f"    {verdict}")


def _rows(job: Job, manifest: Manifest, joined: Joined) -> list[HeldOut]:
    """The rows that the champion was tested on too, and the verdicts that are never trained on."""
    parameters = job.parameters.service
    groups = [name for name in parameters.fairness.groups if name in header_of(joined.train, ",")]
    found = [test_split(job.workspace, job.service, manifest, groups)]
    if joined.holdout is not None:
        found.append(of_csv(joined.holdout, job.service, _without_files(job.layout), "the verdicts held out"))
    return [rows for rows in found if rows is not None]


def _without_files(layout: Layout) -> Layout:
    """`layout` without the columns of media: the held-out rows are compared by their texts."""
    extra = {name: column for name, column in layout.columns.extra.items() if name not in layout.files}
    return replace(layout, columns=replace(layout.columns, extra=extra))


def _say_other_labels(job: Job) -> None:
    data = job.parameters.service.data
    if len(data.label) > 1 and not job.service.binaries(data.label, data.positive):
        first, *others = data.label
        listed = ", ".join(others)
        job.reporter.say(f"  note: people say {first}; of a verdict {listed} is what the model had answered")


def _say_next(job: Job, manifest: Manifest) -> None:
    job.reporter.say(
        f"\nNext, to let it take over step by step: make rollout SERVICE={job.service.name} "
        f"VERSION={manifest.version}"
    )


def workspace_media(client: Any, bucket: str, place: Workspace) -> FetchMedia:
    """Fetches kept media from `bucket` into build/<service>/retrain/media, each file once, by its sha256."""
    import hashlib

    from botocore.exceptions import ClientError

    folder = place.build / place.service / RETRAINING / "media"
    folder.mkdir(parents=True, exist_ok=True)

    def fetch(kept: Any) -> str | None:
        key, digest = kept.get("key"), kept.get("sha256")
        if not key or not digest or not str(digest).isalnum():
            return None
        path = folder / str(digest)
        if not path.is_file():
            try:
                body = client.get_object(Bucket=bucket, Key=key)["Body"].read()
            except ClientError as error:
                if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                    return None
                raise
            if hashlib.sha256(body).hexdigest() != digest:
                return None
            path.write_bytes(body)
        return str(path.resolve())

    return fetch
