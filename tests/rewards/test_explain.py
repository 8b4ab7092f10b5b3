"""`querysmith rewards explain`: every component with its reason, for people and as JSON."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from mysql_server import MysqlServer, mysql_server  # noqa: F401

from pipeline.config_loading import available, load_config
from pipeline.data.example import Database
from pipeline.data.prompts import render_completion
from pipeline.errors import InputError
from pipeline.rewards.explain import explain, open_database

GOLD = "SELECT name FROM customers WHERE city = 'Bern'"


def explained(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline", "rewards", "explain", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "COLUMNS": "220", **more},
    )


@pytest.fixture(scope="module")
def file(databases: dict[str, Database]) -> str:
    return databases["shop"].url.removeprefix("sqlite:///")


def test_as_json(file: str) -> None:
    done = explained("--recipe", "hes_sql", "--db", file, "--gold", GOLD, "--pred", GOLD, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["components"] == {
        "format": 0,
        "execution": 0.3,
        "result": 2,
        "skeleton": 0.1,
        "latency": 0,
    }
    assert found["total"] == pytest.approx(2.4) == sum(found["components"].values())
    assert set(found["reasons"]) == set(found["components"])
    assert (found["recipe"], found["mode"], found["fate"]) == ("hes_sql", "no_think", "right")


def test_as_a_table_that_says_what_is_missing(file: str) -> None:
    pred = "SELECT name FROM customers ORDER BY name"
    done = explained("--recipe", "hes_sql", "--db", file, "--gold", GOLD, "--pred", pred)
    assert done.returncode == 0, done.stderr
    for word in ("hes_sql", "wrong", "another result", "lacks", "where", "surplus", "order by", "total"):
        assert word in done.stdout.lower()


def test_a_completion_shows_its_mode(file: str, tmp_path: Path) -> None:
    text = tmp_path / "completion.txt"
    text.write_text(render_completion("Those whose city is Bern.", GOLD), encoding="utf-8")
    found = json.loads(
        explained("--recipe", "sql_r1", "--db", file, "--gold", GOLD, "--completion", str(text), "--json").stdout
    )
    assert (found["mode"], found["fate"]) == ("think", "right")
    assert 6 < found["total"] <= 7.5
    other = explained(
        *("--recipe", "sql_r1", "--db", file, "--gold", GOLD, "--completion", str(text), "--json", "--mode", "no_think")
    )
    assert json.loads(other.stdout)["total"] == -1


def test_a_right_answer_by_accident_is_shown_as_such(tmp_path: Path) -> None:
    """All customers live in Bern here: without the condition the result is the same, but not on altered copies."""
    path = tmp_path / "bern.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, visits INTEGER)")
        connection.executemany("INSERT INTO customers VALUES (?, ?, ?)", [(i, f"n{i}", 2 + i) for i in range(40)])
        connection.commit()
    config = load_config(None, [])
    gold = "SELECT name FROM customers WHERE visits > 1"
    found = explain(
        config.recipe,
        config.profile.engine,
        open_database(str(path)),
        [gold],
        render_completion(None, "SELECT name FROM customers"),
    )
    assert found.variants == config.recipe.variants > 0
    assert found.fate == "wrong"
    assert "altered copy" in found.reasons["result"]


@pytest.mark.parametrize("recipe", available("recipes"))
def test_every_recipe_can_be_explained(databases: dict[str, Database], recipe: str) -> None:
    config = load_config(None, [f"recipe={recipe}"])
    for completion in (render_completion(None, GOLD), render_completion("Why?", "SELECT ["), "prose", ""):
        found = explain(config.recipe, config.profile.engine, databases["shop"], [GOLD], completion)
        assert list(found.components) == list(config.recipe.rewards)
        assert found.total == pytest.approx(sum(found.components.values()))


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--gold", GOLD, "--pred", "SELECT 1", "--db", "nowhere.sqlite"], "nowhere.sqlite: no such database file"),
        (["--gold", GOLD, "--pred", "SELECT 1", "--db", "{file}", "--recipe", "finer"], "unknown recipe 'finer'"),
        (["--gold", "SELECT nobody", "--pred", "SELECT 1", "--db", "{file}"], "does not run (unknown_name"),
        (["--gold", GOLD, "--db", "{file}"], "give either --pred SQL or --completion FILE"),
        (["--gold", GOLD, "--db", "{file}", "--completion", "nowhere.txt"], "nowhere.txt"),
        (["--gold", GOLD, "--db", "{file}", "--pred", "SELECT 1", "--mode", "fast"], "--mode fast"),
        (["--gold", GOLD, "--db", "{file}", "--pred", "SELECT 1", "--recipe", "finer_sql", "--memory", "no.parquet"],
         "no.parquet"),
        (["--gold", GOLD, "--db", "postgres://x@y/z", "--pred", "SELECT 1"], "no such database file"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(file: str, arguments: list[str], reason: str) -> None:
    done = explained(*(argument.replace("{file}", file) for argument in arguments))
    assert done.returncode == 2
    assert reason in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_gold_that_does_not_run_is_refused(databases: dict[str, Database]) -> None:
    config = load_config(None, ["recipe=sql_r1"])
    with pytest.raises(InputError, match="nothing can be right by it"):
        explain(config.recipe, config.profile.engine, databases["shop"], ["SELECT ("], render_completion(None, GOLD))


@pytest.mark.integration
def test_on_mysql(mysql_server: MysqlServer) -> None:  # noqa: F811
    mysql_server.load(
        "CREATE DATABASE IF NOT EXISTS explained; USE explained; CREATE TABLE IF NOT EXISTS t (a INT);"
        "DELETE FROM t; INSERT INTO t VALUES (1), (2)"
    )
    arguments = ["--recipe", "querysmith", "--db", mysql_server.url("explained"), "--gold", "SELECT a FROM t"]
    password = {"QUERYSMITH_MYSQL_PASSWORD": mysql_server.password}
    found = json.loads(explained(*arguments, "--pred", "SELECT t.a FROM t ORDER BY a", "--json", **password).stdout)
    assert (found["fate"], found["variants"]) == ("right", 0)  # a server is never written to
    refused = explained(*arguments, "--pred", "SELECT 1", QUERYSMITH_MYSQL_PASSWORD="wrong")
    assert refused.returncode == 2
    assert len(refused.stderr.strip().splitlines()) == 1
    assert "wrong" not in refused.stderr
