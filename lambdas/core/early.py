"""A graph that a thread opens while its function still imports, and the rest of its bundle is on its way.

Where there is a second core, that hides what is the longest step of a start with an encoder.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnxruntime

_kept: dict[Path, Early] = {}
_OPEN_FILES = Path("/proc/self/fd") if Path("/proc/self/fd").is_dir() else Path("/dev/fd")
"""Open files by their numbers. Linux has both, but Lambda was seen without the second; macOS has that one."""


class Early:
    """The graph in a file, opened by a thread that begins at once. The file may be moved meanwhile.

    A graph that cannot be opened is left to the OnnxModel that needs it: it tries again and says why.
    """

    def __init__(self, graph: Path) -> None:
        self._file = graph.open("rb")
        self._session: onnxruntime.InferenceSession | None = None
        self._thread = threading.Thread(target=self._open, name="early", daemon=True)
        self._thread.start()

    def keep_as(self, graph: Path) -> None:
        """Have it for the OnnxModel that is made of the file `graph`."""
        _kept[graph] = self

    def session(self) -> onnxruntime.InferenceSession | None:
        """The session, once it is open; None when the graph cannot be opened."""
        self._thread.join()
        return self._session

    def _open(self) -> None:
        from lambdas.core.model import session_of  # noqa: PLC0415 - the function is importing it meanwhile

        with self._file, suppress(Exception):  # as the class says
            self._session = session_of(_OPEN_FILES / str(self._file.fileno()))


def forget(folder: Path) -> None:
    """Let go of what was opened of `folder` and never asked for."""
    for graph in [graph for graph in _kept if graph.parent == folder]:
        del _kept[graph]


def kept(graph: Path) -> onnxruntime.InferenceSession | None:
    """The session of the file `graph` if it is opened early; handed out once."""
    early = _kept.pop(graph, None)
    return early.session() if early is not None else None
