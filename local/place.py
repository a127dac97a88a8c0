"""Where a laptop stack keeps its things: one folder, so that several can exist side by side."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.errors import AlreadyBusy, Misused

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_PORT = 4566


@dataclass(frozen=True)
class Place:
    """The paths of one laptop stack.

    `root` is the checkout, `folder` holds everything the stack writes, `build` the bundles trained.
    """

    root: Path
    folder: Path
    build: Path

    @property
    def emulator(self) -> Path:
        """The emulator's working folder: its state, its S3 data, its temporary files."""
        return self.folder / "emulator"

    @property
    def valkey(self) -> Path:
        """The feature store's working folder: its settings and what it holds."""
        return self.folder / "valkey"

    @property
    def kafka(self) -> Path:
        """The working folder of the Kafka broker and of the poller; both keep nothing there."""
        return self.folder / "kafka"

    @property
    def logs(self) -> Path:
        """One log a step."""
        return self.folder / "logs"

    @property
    def models(self) -> Path:
        """Where this stack's functions keep the bundles they downloaded (MODEL_CACHE_DIR)."""
        return self.folder / "models"

    @property
    def assembly(self) -> Path:
        """The synthesized CDK app."""
        return self.folder / "cdk.out"

    @property
    def outputs(self) -> Path:
        """The stack outputs, as the CDK CLI writes them."""
        return self.folder / "outputs.json"

    @property
    def state(self) -> Path:
        """What runs: see `local.state`."""
        return self.folder / "state.json"

    @property
    def stream(self) -> Path:
        """The transactions that `make up` replays."""
        return self.folder / "stream.csv"

    @property
    def inbox(self) -> Path:
        """Every alarm mail seen so far, one JSON object a line."""
        return self.folder / "inbox.jsonl"

    def create(self) -> None:
        """Make the folders."""
        for folder in (self.emulator, self.logs, self.models):
            folder.mkdir(parents=True, exist_ok=True)

    def clear(self) -> None:
        """Delete everything the stack wrote, and nothing else that lies in `folder`."""
        for folder in (self.emulator, self.valkey, self.kafka, self.models, self.logs, self.assembly):
            shutil.rmtree(folder, ignore_errors=True)
        for file in (self.outputs, self.state, self.inbox, self.stream):
            file.unlink(missing_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for one command; raises AlreadyBusy while another process holds it.

        The lock is the kernel's: it goes away with the process, however that ends.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                file.seek(0)
                who = file.read().strip() or "another process"
                raise AlreadyBusy(
                    f"{who} is working on {self.folder}. Wait until it is done, then try again."
                ) from error
            file.truncate(0)
            file.write(f"process {os.getpid()}")
            file.flush()
            yield


def place_from(environ: Mapping[str, str]) -> Place:
    """The Place that the environment asks for.

    `.local` and `build` in the checkout, unless TRIAGE_STATE_DIR and TRIAGE_BUILD_DIR say otherwise.
    """
    folder, build = environ.get("TRIAGE_STATE_DIR"), environ.get("TRIAGE_BUILD_DIR")
    return Place(
        root=ROOT,
        folder=Path(folder).resolve() if folder else ROOT / ".local",
        build=Path(build).resolve() if build else ROOT / "build",
    )


def port_from(environ: Mapping[str, str]) -> int | None:
    """TRIAGE_PORT as a number, None when it is not set; raises Misused when it is not a port."""
    asked = environ.get("TRIAGE_PORT", "").strip()
    if not asked:
        return None
    if not asked.isascii() or not asked.isdigit() or not 1 <= int(asked) <= 65_535:
        raise Misused(f"TRIAGE_PORT is '{asked}'. Set it to a port number from 1 to 65535.")
    return int(asked)
