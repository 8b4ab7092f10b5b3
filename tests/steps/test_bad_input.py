"""Bad input, as a user meets it: exit code 2 and one clear line that names what, where and the remedy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.config_loading import load_config
from pipeline.errors import InputError
from pipeline.steps import contract

pytestmark = pytest.mark.usefixtures("mlflow_store")


def refuse(home: Path, *settings: str) -> str:
    """Run `validate` as a process with these settings; returns its one line of error."""
    pairs = [part for setting in settings for part in ("--set", setting)]
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "validate", "--dag-run", "r", "--result", str(home / "result.json"), *pairs],
        env={**os.environ, "QUERYSMITH_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    errors = [line for line in done.stderr.splitlines() if line.startswith("querysmith: error: ")]
    assert done.returncode == 2, done.stderr
    assert len(errors) == 1
    assert "Traceback" not in done.stderr
    return errors[0]


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("profile=smok", "did you mean 'smoke'"),
        ("recipe=querysmit", "did you mean 'querysmith'"),
        ("profile.sft.epoch=1", "did you mean 'profile.sft.epochs'"),
        ("profile.sft.epochs=many", "profile.sft.epochs"),
        ("profile.model.max_length=100", "raise model.max_length"),
    ],
)
def test_wrong_configuration(tmp_path: Path, setting: str, named: str) -> None:
    assert named in refuse(tmp_path, setting)


def test_missing_data_folder(tmp_path: Path) -> None:
    line = refuse(tmp_path, "profile=smoke", f"data={tmp_path / 'nowhere'}")
    assert str(tmp_path / "nowhere") in line
    assert "Spider's layout" in line
    assert json.loads((tmp_path / "result.json").read_text())["error"] in line


def validate(home: Path, data: Path, monkeypatch: pytest.MonkeyPatch, *settings: str) -> contract.Result:
    """Run the step in this process, as the command does."""
    monkeypatch.setenv("QUERYSMITH_HOME", str(home))
    config = load_config(None, ["profile=smoke", f"data={data}", *settings])
    return contract.execute("validate", config, "r", home / "result.json")


def test_not_json(tmp_path: Path, own_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (own_data / "dev.json").write_text('[{"db_id": ')
    with pytest.raises(InputError, match=r"dev\.json: not JSON .*line 1 column"):
        validate(tmp_path, own_data, monkeypatch)


def test_missing_database(tmp_path: Path, own_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = own_data / "database" / "retail_shop" / "retail_shop.sqlite"
    database.unlink()
    with pytest.raises(InputError, match=r"retail_shop\.sqlite: this database is missing.*json#\d+ asks"):
        validate(tmp_path, own_data, monkeypatch)


@pytest.mark.parametrize("damage", ["header", "inside", "truncated"])
def test_corrupt_database(tmp_path: Path, own_data: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    database = own_data / "database" / "retail_shop" / "retail_shop.sqlite"
    content = bytearray(database.read_bytes())
    if damage == "header":
        content[:16] = b"not a database!!"
    elif damage == "inside":
        content[4096 : 4096 * 40] = os.urandom(4096 * 39)
    else:
        del content[len(content) // 2 :]
    database.write_bytes(content)
    with pytest.raises(InputError, match=r"retail_shop\.sqlite: not a usable SQLite database.*restore"):
        validate(tmp_path, own_data, monkeypatch)


def test_completions_would_be_cut(tmp_path: Path, own_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        InputError, match=r"tokens, profile\.model\.max_length is 250; set profile\.model\.max_length to"
    ):
        validate(tmp_path, own_data, monkeypatch, "profile.model.max_length=250")
    # Setting what the message asks for is enough.
    needed = (
        json.loads((tmp_path / "result.json").read_text())["error"].rpartition("max_length to ")[2].partition(",")[0]
    )
    assert validate(tmp_path, own_data, monkeypatch, f"profile.model.max_length={needed}").uris["dataset"]


def test_bad_rows_are_set_aside_with_the_reason_and_too_many_stop_the_run(
    tmp_path: Path, own_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = json.loads((own_data / "train.json").read_text())
    bad = ["DROP TABLE orders", "SELECT nothing FROM orders", "SELECT order_id FROM orders WHERE 1 = 0"]
    for number, query in enumerate(bad):
        rows.append(
            {"db_id": "retail_shop", "question": f"A question with a bad query, number {number}", "query": query}
        )
    rows.append({"db_id": "retail_shop", "question": ""})
    rows.append(dict(rows[0]))
    (own_data / "train.json").write_text(json.dumps(rows))
    validate(tmp_path, own_data, monkeypatch)
    (file,) = tmp_path.glob("work/*/validate-*/quarantine.jsonl")
    quarantine = {entry["source"]: entry for entry in map(json.loads, file.read_text().splitlines())}
    reasons = [quarantine[f"train.json#{len(rows) - back}"]["reasons"][0] for back in (4, 3, 2, 1, 0)]
    assert [reason.partition(":")[0] for reason in reasons] == [
        "read_only",
        "known_names",
        "non_empty",
        "malformed",
        "is_unique",
    ]
    assert quarantine[f"train.json#{len(rows) - 4}"]["row"]["gold_sql"] == ["DROP TABLE orders"]

    for row in rows[: len(rows) // 2]:
        row["query"] = "SELECT nothing FROM orders"
    (own_data / "train.json").write_text(json.dumps(rows))
    with pytest.raises(InputError, match=r"allowed: 20%.*train\.json#\d+.*mend the data"):
        validate(tmp_path, own_data, monkeypatch)
