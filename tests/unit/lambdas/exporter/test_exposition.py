"""The text format: what Prometheus's own page about it says."""

from __future__ import annotations

import math

import pytest

from lambdas.exporter.exposition import Family, number, render


def test_a_family_has_its_help_its_type_and_its_lines() -> None:
    family = Family("ml_things_total", "counter", "All things.\nReally: \\o/")
    family.add(3, kind='a "quoted" \\ one\nand more')
    family.add(0.5)
    assert render([family, Family("ml_none", "gauge", "Left out.")]) == (
        "# HELP ml_things_total All things.\\nReally: \\\\o/\n"
        "# TYPE ml_things_total counter\n"
        'ml_things_total{kind="a \\"quoted\\" \\\\ one\\nand more"} 3\n'
        "ml_things_total 0.5\n"
    )


def test_a_histogram_adds_its_buckets_up() -> None:
    family = Family("ml_s", "histogram", "Time.")
    family.histogram((0.1, 1.0), (2, 0, 3), 7.25, service="a")
    assert render([family]).splitlines()[2:] == [
        'ml_s_bucket{service="a",le="0.1"} 2',
        'ml_s_bucket{service="a",le="1"} 2',
        'ml_s_bucket{service="a",le="+Inf"} 5',
        'ml_s_sum{service="a"} 7.25',
        'ml_s_count{service="a"} 5',
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (True, "1"), (12.0, "12"), (0.1, "0.1"), (1e-7, "1e-07"), (-2.5, "-2.5"),
        (math.inf, "+Inf"), (-math.inf, "-Inf"), (math.nan, "NaN"), (1e300, "1e+300"),
    ],
)  # fmt: skip
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text
