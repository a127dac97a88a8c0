"""`python -m local`: only a door, so that Ctrl-C while the rest is still imported shows no trace either."""

from __future__ import annotations

import sys


def _main() -> int:
    try:
        from local.commands import main  # noqa: PLC0415

        return main()
    except KeyboardInterrupt:
        print("triage: stopped before anything began", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(_main())
