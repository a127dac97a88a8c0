"""What one stage leaves, the next one finds; what is not there is told with the stage to run."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from model_build.cli import main
from model_build.errors import BuildError, StageNotRun
from model_build.workspace import Workspace

ROOT = Path(__file__).resolve().parents[3]


class Found(msgspec.Struct):
    where: Path
    counts: dict[str, int]


def test_a_result_is_found_again(tmp_path: Path) -> None:
    place = Workspace(tmp_path, "tickets")
    place.write("found", Found(Path("a/b"), {"x": 1}))
    assert place.read("found", Found, "clean") == Found(Path("a/b"), {"x": 1})


def test_a_missing_or_foreign_result_names_the_stage_to_run(tmp_path: Path) -> None:
    place = Workspace(tmp_path, "tickets")
    with pytest.raises(StageNotRun, match="stage clean tickets` first"):
        place.read("found", Found, "clean")
    place.path("found.json").write_text('{"where": 1}')
    with pytest.raises(StageNotRun, match="stage clean tickets` again"):
        place.read("found", Found, "clean")


def test_two_trainings_do_not_share_a_folder(tmp_path: Path) -> None:
    place = Workspace(tmp_path, "tickets")
    with place.locked(), pytest.raises(BuildError, match="another training is under way"), place.locked():
        pass
    with place.locked():
        pass


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ("clean", "run `python -m model_build stage source tickets` first"),
        ("evaluate", "run `python -m model_build stage split tickets` first"),
        ("polish", "there is no stage 'polish': choose among source, validate, clean"),
    ],
)
def test_a_stage_whose_input_is_not_there_says_what_to_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], stages: str, message: str
) -> None:
    arguments = ["stage", stages, "tickets", "--params", str(ROOT / "params.yaml")]
    assert main([*arguments, "--build-dir", str(tmp_path)]) == 1
    assert message in capsys.readouterr().err


def test_a_build_folder_that_cannot_be_made_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device", "build/tickets")

    monkeypatch.setattr(Path, "mkdir", full)
    arguments = ["stage", "source", "tickets", "--params", str(ROOT / "params.yaml")]
    assert main([*arguments, "--build-dir", str(tmp_path)]) == 1
    assert "build/tickets: No space left on device: make room" in capsys.readouterr().err
