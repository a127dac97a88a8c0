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

_kept: dict[Path, onnxruntime.InferenceSession] = {}


class Early:
    """The graph at a path, opened by a thread that begins at once. Never raises.

    A graph that cannot be opened is left to the OnnxModel that needs it: it tries again and says why.
    """

    def __init__(self, graph: Path) -> None:
        self._session: onnxruntime.InferenceSession | None = None
        self._thread = threading.Thread(target=self._open, args=(graph,), name="early", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Until then the file has to stay where it is."""
        self._thread.join()

    def keep_as(self, graph: Path) -> None:
        """Have it ready for the OnnxModel that is made of the file `graph`, after `wait`."""
        if self._session is not None:
            _kept[graph] = self._session

    def _open(self, graph: Path) -> None:
        from lambdas.core.model import session_of  # noqa: PLC0415 - the function is importing it meanwhile

        with suppress(Exception):  # as the class says
            self._session = session_of(graph)


def kept(graph: Path) -> onnxruntime.InferenceSession | None:
    """The session of the file `graph` if it was opened early; handed out once."""
    return _kept.pop(graph, None)
