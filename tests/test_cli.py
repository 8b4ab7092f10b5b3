"""The command line: quick to answer, one line for what is wrong, a sub-command for every step."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.main import get_command

from pipeline import __version__
from pipeline.cli import app
from pipeline.steps.contract import STEPS

HEAVY = ("torch", "transformers", "trl", "datasets", "mlflow", "great_expectations", "pandas", "airflow")


def querysmith(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "COLUMNS": "200"},
    )


def seconds(*arguments: str) -> float:
    start = time.perf_counter()
    assert querysmith(*arguments).returncode == 0
    return time.perf_counter() - start


@pytest.mark.alone
def test_help_answers_in_under_a_second() -> None:
    assert min(seconds("--help") for _ in range(3)) < 1


@pytest.mark.parametrize("arguments", [["--help"], ["sft", "--help"], ["plan", "tiny"]])
def test_help_imports_no_heavy_library(arguments: list[str]) -> None:
    code = (
        "import atexit, json, sys\n"
        "atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))\n"
        f"sys.argv[1:] = {arguments!r}\n"
        "from pipeline.cli import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    loaded = json.loads(done.stderr)
    assert "pipeline.cli" in loaded  # the list is of the process that answered
    assert [name for name in HEAVY if name in loaded] == []


def test_every_step_has_a_command_that_explains_itself() -> None:
    done = querysmith("--help")
    commands = get_command(app).commands  # type: ignore[attr-defined]
    for step in STEPS:
        assert commands[step].help
        assert f" {step} " in done.stdout
        assert {"settings", "config", "result", "dag_run"} <= {parameter.name for parameter in commands[step].params}


def test_version() -> None:
    assert querysmith("--version").stdout.strip() == __version__


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["validate", "--set", "profile=smok"], "unknown profile 'smok', did you mean 'smoke'?"),
        (["sft", "--set", "profile.sft.epoch=1"], "did you mean 'profile.sft.epochs'?"),
        (["promote", "--set", "seed=none"], "seed: "),
        (["grpo", "--config", "nowhere.yaml"], "nowhere.yaml: cannot be read"),
        (["demo", "--recipe", "querysmit"], "did you mean 'querysmith'?"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(arguments: list[str], named: str) -> None:
    done = querysmith(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("querysmith: error: ")
    assert named in line


def test_a_plan_says_what_training_needs() -> None:
    done = querysmith("plan", "qwen3-0.6b-1x24gb", "--samples", "1000")
    assert done.returncode == 0
    assert "596,049,920 parameters" in done.stdout
    assert "warning" not in done.stdout
    tight = querysmith("plan", "qwen3-0.6b-1x24gb", "--set", "profile.hardware.memory_gb=22")
    assert tight.returncode == 0
    assert "warning: tight: " in tight.stdout


def test_a_plan_that_does_not_fit_is_exit_code_2() -> None:
    done = querysmith("plan", "qwen3-1.7b-1x80gb", "--set", "profile.hardware.memory_gb=24")
    assert done.returncode == 2
    assert "warning: does not fit: " in done.stdout
    assert "does not fit its hardware" in done.stderr


def test_an_unknown_command_is_exit_code_2() -> None:
    done = querysmith("trian")
    assert done.returncode == 2
    assert "trian" in done.stderr


def test_samples_are_written_where_asked(tmp_path: Path) -> None:
    done = querysmith("samples", "--out", str(tmp_path / "data"), "--questions", "12", "--seed", "3")
    assert done.returncode == 0
    assert done.stdout.strip() == str(tmp_path / "data")
    assert (tmp_path / "data" / "dev.json").is_file()
