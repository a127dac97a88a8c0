"""Starts the emulator of AWS, as `python -m ministack` does, and beside it in a thread what it lacks."""

from __future__ import annotations

import os
import threading

# Before anything hands its environment on: a function's package must hold all of its code.
os.environ.pop("PYTHONPATH", None)

from hypercorn.config import Config
from ministack.app import main

from local.embedded.gateway import AccessLog
from local.embedded.rounds import Rounds

if __name__ == "__main__":
    # The emulator makes its web server's settings from the class, whose defaults these are.
    Config.logger_class = AccessLog
    rounds = Rounds(f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}", AccessLog.answers)
    threading.Thread(target=rounds.go_on, name="cloudwatch", daemon=True).start()
    main()
