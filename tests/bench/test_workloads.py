"""The benchmarks run and report figures for changes of messages."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from harness.servers import ROOT

CHANGING = ("react_200", "edit_one", "edit_16", "catch_up_1000")
SECONDS = 900


def bench(*arguments: str) -> str:
    """Run the benchmarks and return their output."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_workloads_of_changing_messages_are_listed() -> None:
    listed = {line.split()[0]: line for line in bench("--list").splitlines()}
    for name in CHANGING:
        assert listed[name].endswith("(ours)")


@pytest.mark.torture  # creating a town of a thousand users takes as long as many tests
def test_the_workloads_of_changing_messages_report_figures() -> None:
    printed = bench("--quick", "--sides", "ours", "--only", *CHANGING)
    assert "failed" not in printed
    for name in CHANGING:
        table = printed.partition(f"\n`{name}`:")[2].partition("\n\n`")[0]
        row = next(line for line in table.splitlines() if line.startswith("| this server |"))
        values = [float(found.replace(",", "")) for found in re.findall(r"\*\*([\d,.]+)\*\*", row)]
        assert values and values[0] > 0
        assert "deliveries/s 0.00" not in printed
