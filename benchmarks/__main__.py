"""`python -m benchmarks [name ...]`: run the named benchmarks, by default all of them."""

from __future__ import annotations

import argparse
import importlib

NAMES = (
    "serving",
    "quality",
    "encoders",
    "big_csv",
    "replay",
    "transactions",
    "fraud",
    "chaos",
    "content",
    "content_media",
    "fuzz_content",
    "review_queue",
    "audio",
    "moderation",
    "fairness",
    "fairness_gate",
    "fairness_pairs",
    "drift",
    "rollout",
    "rollout_judge",
)


def main() -> None:
    """Run what the command line names; each module has a `run()`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help="which; all by default")
    for name in parser.parse_args().names or NAMES:
        importlib.import_module(f"benchmarks.{name}").run()


if __name__ == "__main__":
    main()
