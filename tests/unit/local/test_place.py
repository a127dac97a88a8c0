"""Where things are kept, and that two commands do not work there at once."""

from __future__ import annotations

import subprocess
import sys

import pytest

from local.errors import AlreadyBusy, Misused
from local.place import ROOT, Place, place_from, port_from

HOLD = """
import sys
from pathlib import Path
from local.place import Place
with Place(Path("."), Path(sys.argv[1]), Path(".")).locked():
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_the_folder_is_local_unless_asked_otherwise(tmp_path: object) -> None:
    assert place_from({}).folder == ROOT / ".local"
    assert str(place_from({"TRIAGE_STATE_DIR": str(tmp_path)}).folder) == str(tmp_path)
    assert (ROOT / "Makefile").is_file()


@pytest.mark.parametrize(
    ("asked", "port"), [({}, None), ({"TRIAGE_PORT": ""}, None), ({"TRIAGE_PORT": "4601"}, 4601)]
)
def test_the_port_is_read(asked: dict[str, str], port: int | None) -> None:
    assert port_from(asked) == port


@pytest.mark.parametrize("asked", ["0", "65536", "-1", "http", "45 66", "٤٥٦٦"])
def test_what_is_no_port_is_refused_with_what_to_do(asked: str) -> None:
    with pytest.raises(Misused, match="Set it to a port number from 1 to 65535"):
        port_from({"TRIAGE_PORT": asked})


def test_clearing_leaves_what_the_stack_did_not_write(place: Place) -> None:
    for made in (
        place.state,
        place.outputs,
        place.inbox,
        place.emulator / "state.json",
        place.logs / "a.log",
    ):
        made.write_text("{}")
    kept = place.folder / "image" / "report.json"
    kept.parent.mkdir()
    kept.write_text("{}")
    place.clear()
    assert [path.name for path in place.folder.iterdir()] == ["image"]
    assert kept.exists()
    place.clear()


def test_a_second_command_is_told_who_holds_the_folder(place: Place) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(place.folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(AlreadyBusy, match=f"process {holder.pid} is working on"), place.locked():
        pass
    holder.communicate(b"\n", timeout=30)
    with place.locked():
        pass
    with place.locked():
        pass
