"""`make prometheus`: the files with which a Prometheus of the user's scrapes the stack."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from rich.console import Console

from local import running
from local.call import api_url
from local.errors import Misused
from local.learning import Where, where
from local.place import Place

KEY = "metrics-key"
CONFIG = "prometheus.yml"
RULES = "rules.yml"
STACK = "Triage-Api"
SCRAPE_SECONDS_HERE = 5
"""On the laptop, where a scrape costs nothing and decisions are seconds old."""


def write(place: Place, console: Console, *, on_aws: bool) -> Path:
    """Write the configuration, the alerts and the key below the stack's folder; returns the folder.

    Raises NotRunning for a stopped laptop stack, Misused when the exporter is off in the account.
    """
    found = where(place, on_aws=on_aws, stacks=(STACK,))
    known = {name for values in found.outputs.values() for name in values}
    if "MetricsKeyId" not in known:
        raise Misused("The exporter is off there. Deploy with -c prometheus=true; see docs/prometheus.md.")
    current = None if on_aws else running.find(place)
    if current is None:
        url = found.output("MetricsUrl")
    else:
        url = f"{api_url(current.endpoint, found.output('ApiId'), found.output('ApiStage'))}/metrics"
    folder = place.folder / ("prometheus" if current else "prometheus-aws")
    prepare(place, folder, url, _key(found), every=SCRAPE_SECONDS_HERE if current else None)
    console.print(f"It scrapes {url}. Start it: prometheus --config.file={folder / CONFIG}")
    console.print("Grafana's dashboard to import is monitoring/grafana.json.")
    return folder


def prepare(place: Place, folder: Path, url: str, key: str, *, every: int | None) -> None:
    """Write into `folder` what scrapes `url` with `key`, `every` so many seconds or as the example does."""
    folder.mkdir(parents=True, exist_ok=True)
    secret = folder / KEY
    secret.touch(mode=0o600)
    secret.write_text(key, "utf-8")
    example = place.root / "monitoring"
    shutil.copy(example / RULES, folder / RULES)
    config = scraping(yaml.safe_load((example / CONFIG).read_text("utf-8")), url, every)
    (folder / CONFIG).write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")


def scraping(example: dict[str, Any], url: str, every: int | None) -> dict[str, Any]:
    """The example's configuration, pointed at `url`."""
    there = urlsplit(url)
    (job,) = example["scrape_configs"]
    job |= {"scheme": there.scheme, "metrics_path": there.path}
    job["static_configs"] = [{"targets": [there.netloc]}]
    if every is not None:
        seconds = f"{every}s"
        example["global"] |= dict.fromkeys(
            ("scrape_interval", "scrape_timeout", "evaluation_interval"), seconds
        )
    return example


def _key(found: Where) -> str:
    answer = found.client("apigateway").get_api_key(apiKey=found.output("MetricsKeyId"), includeValue=True)
    return str(answer["value"])
