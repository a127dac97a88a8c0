"""`make up`: from a checkout to a live, monitored endpoint on this machine."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from lambdas.core.errors import BundleError
from local import bundles, deploy, running, signals
from local.emulator import Emulator
from local.environment import aws_environment
from local.errors import Interrupted, NoSpace
from local.place import Place
from local.process import Commands
from local.progress import Steps
from local.stack import Stack, connect
from local.state import load

NEED_FREE_MB = 1_500


@dataclass(frozen=True)
class Up:
    """One bringing-up of the stack in `place`; `services` are those that have models.

    With `kafka` a broker runs beside it, and what is written to its topic is decided as well.
    """

    place: Place
    services: Sequence[str]
    steps: Steps
    commands: Commands
    kafka: bool = False

    def run(self, asked_port: int | None) -> Stack:
        """The live stack, from the emulator to a published model; what is there and unchanged is skipped.

        Whatever fails, and Ctrl-C too, leaves nothing running that was started here.
        """
        _check_disk(self.place)
        before = running.find(self.place)
        try:
            return self._bring_up(asked_port)
        except BaseException:
            with signals.deferred():
                self.commands.stop()
                left = running.find(self.place)
                if before is None and left is not None:
                    with self.steps.step("stopping the embedded AWS again"):
                        running.stop(self.place, left)
            raise

    def _bring_up(self, asked_port: int | None) -> Stack:
        current = running.start(self.place, asked_port, self.steps)
        found = deploy.statuses(current.endpoint)
        if not deploy.usable(found):
            self.steps.note("A deployment was interrupted last time: the embedded AWS starts empty.")
            current, found = running.restart_empty(self.place, current), {}
        running.start_valkey(self.place, current, self.steps)
        state, wanted = load(self.place), deploy.fingerprint(self.place)
        unchanged = state is not None and state.deployed == wanted and deploy.deployed(self.place, found)
        untrained = [service for service in self.services if not bundles.built(self.place, service)]
        self._train_and_deploy(untrained, None if unchanged else current, wanted)
        stack = connect(self.place, current.endpoint)
        running.update(self.place, deployed=wanted, api_url=stack.api.url, api_key=stack.api.key)
        for service in self.services:
            if service in untrained or not self._is_published(service, stack):
                self._publish(service, stack)
        if self.kafka:
            running.start_kafka(self.place, current, self.steps)
        return stack

    def _is_published(self, service: str, stack: Stack) -> bool:
        try:
            return bundles.published(stack.endpoint, stack.bucket, service) is not None
        except BundleError:
            return False

    def _train_and_deploy(self, services: Sequence[str], onto: Emulator | None, wanted: str) -> None:
        """Side by side, train a model for each of `services` and deploy into `onto` unless that is None.

        `wanted` is the fingerprint of the sources: an app that was synthesized from them is taken.
        """
        with ThreadPoolExecutor(max_workers=3 + len(services)) as pool:
            try:
                jobs = [pool.submit(self._train, service) for service in services]
                if onto is not None:
                    jobs += self._deployment(pool, onto, wanted)
                _all_of(jobs)
            except BaseException:
                # Before the pool waits for its threads: they wait for their commands.
                with signals.deferred():
                    self.commands.stop()
                raise

    def _deployment(self, pool: ThreadPoolExecutor, onto: Emulator, wanted: str) -> list[Future[None]]:
        running.update(self.place, deployed=None)
        cdk = deploy.Cdk(self.place, self.commands, onto.endpoint)
        first = [pool.submit(self._bootstrap, cdk)]
        if not deploy.synthesized(self.place, wanted):
            first.append(pool.submit(self._synth, cdk, wanted))
        return [*first, pool.submit(self._deploy, cdk, first)]

    def _synth(self, cdk: deploy.Cdk, wanted: str) -> None:
        with self.steps.step("synthesizing the CDK app", cdk.log("synth")):
            cdk.synth(wanted)

    def _bootstrap(self, cdk: deploy.Cdk) -> None:
        with self.steps.step("bootstrapping the CDK", cdk.log("bootstrap")):
            cdk.bootstrap()

    def _deploy(self, cdk: deploy.Cdk, first: Sequence[Future[None]]) -> None:
        for job in first:
            job.result()
        with self.steps.step("deploying the CDK app", cdk.log("deploy")):
            cdk.deploy()

    def _train(self, service: str) -> None:
        log, what = self.place.logs / f"train-{service}.log", f"training the {service} model"
        with self.steps.step(what, log):
            self._model_build(["train", service, *self._build_dir()], os.environ, log, what)

    def _publish(self, service: str, stack: Stack) -> None:
        log, what = self.place.logs / f"publish-{service}.log", f"publishing the {service} model"
        with self.steps.step(what, log):
            env = aws_environment(os.environ, stack.endpoint)
            self._model_build(
                ["publish", service, "--bucket", stack.bucket, *self._build_dir()], env, log, what
            )

    def _build_dir(self) -> list[str]:
        return ["--build-dir", str(self.place.build)]

    def _model_build(self, arguments: Sequence[str], env: Mapping[str, str], log: Path, what: str) -> None:
        command = [sys.executable, "-m", "model_build", *arguments]
        with_path = {**env, "PYTHONPATH": str(self.place.root), "PYTHONUNBUFFERED": "1"}
        self.commands.run(command, what=what, cwd=self.place.root, env=with_path, log=log)


def _all_of(jobs: Sequence[Future[None]]) -> None:
    """Wait for every job, or raise at once what the first one to fail raised."""
    done, _ = wait(jobs, return_when=FIRST_EXCEPTION)
    failures = [error for job in done if (error := job.exception()) is not None]
    if failures:
        raise next((error for error in failures if not isinstance(error, Interrupted)), failures[0])


def _check_disk(place: Place) -> None:
    place.create()
    free = shutil.disk_usage(place.folder).free // 1_000_000
    if free < NEED_FREE_MB:
        raise NoSpace(f"{free} MB are free at {place.folder}, {NEED_FREE_MB} MB are needed: make room.")
