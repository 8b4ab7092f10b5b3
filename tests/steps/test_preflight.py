"""Preflight: one line for each thing that a training needs, and what to mend where one is missing."""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pymysql
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from mysql_server import MysqlServer, mysql_server  # noqa: F401 (a fixture)

from pipeline.config import RunConfig
from pipeline.config_loading import load_config
from pipeline.engine.urls import MYSQL_PASSWORD_VARIABLE
from pipeline.errors import InfrastructureError, InputError
from pipeline.steps import preflight


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("QUERYSMITH_HOME", str(folder))
    monkeypatch.delenv(preflight.IN_CONTAINER, raising=False)
    return folder


def config(*settings: str) -> RunConfig:
    return load_config(None, ["profile=smoke", *settings])


def mysql_data(folder: Path, url: str) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "mysql.url").write_text(url + "\n")
    return f"data={folder}"


def test_volume_is_written_and_left_clean(home: Path) -> None:
    assert preflight.check_volume(config()).startswith(f"ok, {home} is written and read")
    assert list(home.iterdir()) == []


def test_volume_that_is_a_part_of_the_container(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(preflight.IN_CONTAINER, "1")
    monkeypatch.setattr(Path, "is_mount", lambda self: self == Path("/"))
    with pytest.raises(InputError, match="ends with it: mount a volume there"):
        preflight.check_volume(config())


def test_volume_that_cannot_be_written(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.parent.joinpath("file").touch()
    monkeypatch.setenv("QUERYSMITH_HOME", str(home.parent / "file" / "home"))
    with pytest.raises(InputError, match=r"cannot be written .*: let user"):
        preflight.check_volume(config())


def test_volume_without_room(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = shutil.disk_usage(home.parent)._replace(free=2**30)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    with pytest.raises(InputError, match=r"has 1\.0 GiB free"):
        preflight.check_volume(config())


def test_data_that_the_steps_do_not_see(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="put it on the data volume"):
        preflight.check_volume(config(f"data={tmp_path / 'elsewhere'}"))


def test_mlflow_takes_a_run_and_keeps_none(mlflow_store: str) -> None:
    from mlflow import MlflowClient

    assert preflight.check_mlflow(config()).startswith("ok, runs and files are taken")
    client = MlflowClient(mlflow_store)
    experiment = client.get_experiment_by_name(preflight.EXPERIMENT)
    assert experiment is not None
    assert len(client.search_runs([experiment.experiment_id])) == 0


def test_gpu_is_asked_for_by_the_profile() -> None:
    import torch

    assert preflight.check_gpu(config()) == "not asked for: profile smoke trains on the CPU"
    if not torch.backends.cuda.is_built():
        with pytest.raises(InputError, match="TORCH=cuda"):
            preflight.check_gpu(config("profile=qwen3-0.6b-1x24gb"))


def test_fewer_gpus_than_the_profile_is_made_for(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(InputError, match="is made for 8, this step sees 1"):
        preflight.check_gpu(config("profile=qwen3-8b-8x80gb"))


def test_a_gpu_too_small_for_the_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    class Gpu(NamedTuple):
        name: str = "Small GPU"
        total_memory: int = 12 * 2**30

    monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: Gpu())
    with pytest.raises(InputError, match=r"made for 24 GiB, GPU 0 \(Small GPU\) has 12"):
        preflight.check_gpu(config("profile=qwen3-0.6b-1x24gb"))


class FakeServer:
    """A MySQL server with the database shop, and for each kind of statement the error that it answers (0: none)."""

    def __init__(self, **errors: int) -> None:
        self.errors = errors
        self.said: list[str] = []
        self.rows: list[tuple[str, ...]] = []

    def cursor(self) -> FakeServer:
        return self

    def __enter__(self) -> FakeServer:
        return self

    def __exit__(self, *arguments: object) -> None:
        pass

    def close(self) -> None:
        pass

    def execute(self, sql: str, arguments: tuple[Any, ...] = ()) -> None:
        self.said.append(sql)
        self.rows = [("information_schema",), ("shop",)] if sql.startswith("SHOW") else [("orders",)]
        error = self.errors.get(sql.split()[0], 1142)
        if error and not sql.startswith(("SHOW", "SELECT")):
            raise pymysql.err.OperationalError(error, "as the test says")

    def fetchall(self) -> list[tuple[str, ...]]:
        return self.rows

    def fetchone(self) -> tuple[str, ...]:
        return self.rows[0]


@pytest.mark.parametrize("url", ["mysql://reader@db", "mysql://reader@db:3306/", "mysql://reader@db/shop"])
def test_mysql_account_that_only_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    server = FakeServer()
    monkeypatch.setattr(preflight, "_connect", lambda address: server)
    assert preflight.check_mysql(config(mysql_data(tmp_path, url))) == "ok, reader reads shop and cannot write there"
    tried = {sql.split()[0] for sql in server.said}
    assert tried >= {"CREATE", "INSERT", "UPDATE", "DELETE", "DROP"}


@pytest.mark.parametrize(
    ("errors", "what"),
    [
        ({"CREATE": 0, "DROP": 0}, "make tables"),
        ({"INSERT": 1146}, "insert"),
        ({"UPDATE": 1146}, "update"),
        ({"DELETE": 1146}, "delete"),
        ({"DROP": 1051}, "drop"),
    ],
)
def test_mysql_account_that_may_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, errors: dict[str, int], what: str
) -> None:
    server = FakeServer(**errors)
    monkeypatch.setattr(preflight, "_connect", lambda address: server)
    with pytest.raises(InputError, match=f"reader may {what} in shop.*GRANT SELECT ON `shop`"):
        preflight.check_mysql(config(mysql_data(tmp_path, "mysql://reader@db")))
    if what == "make tables":
        assert server.said[-1].startswith("DROP TABLE `shop`.`querysmith_preflight_")


def test_mysql_is_asked_for_by_the_data(tmp_path: Path) -> None:
    assert preflight.check_mysql(config()).startswith("not asked for")
    assert preflight.check_mysql(config(f"data={tmp_path}")).startswith("not asked for")
    with pytest.raises(InputError, match="it holds a password"):
        preflight.check_mysql(config(mysql_data(tmp_path / "a", "mysql://reader:secret@db")))


def test_mysql_that_does_not_answer(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match="is it running and reachable"):
        preflight.check_mysql(config(mysql_data(tmp_path, "mysql://reader@127.0.0.1:9/shop")))


def test_all_checks_are_made_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(config: RunConfig) -> str:
        raise InfrastructureError("MLflow is gone")

    def wrong(config: RunConfig) -> str:
        raise InputError("the volume is not mounted")

    result = tmp_path / "result.json"
    monkeypatch.setattr(preflight, "CHECKS", {"mlflow": broken, "gpu": lambda config: "ok"})
    with pytest.raises(InfrastructureError):
        preflight.execute(config(), result)
    monkeypatch.setattr(preflight, "CHECKS", {"data": wrong, "mlflow": broken, "gpu": lambda config: "ok"})
    with pytest.raises(InputError, match="the volume is not mounted; MLflow is gone"):
        preflight.execute(config(), result)
    assert json.loads(result.read_text()) == {
        "step": "preflight",
        "notes": {"data": "FAILED: the volume is not mounted", "mlflow": "FAILED: MLflow is gone", "gpu": "ok"},
        "error": "the volume is not mounted; MLflow is gone",
    }


@pytest.mark.integration
def test_accounts_of_a_real_server(
    mysql_server: MysqlServer,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(MYSQL_PASSWORD_VARIABLE, mysql_server.password)
    mysql_server.load("CREATE DATABASE IF NOT EXISTS pre_flight; CREATE TABLE IF NOT EXISTS pre_flight.t (n INT)")
    data = mysql_data(tmp_path, mysql_server.url("pre_flight").removesuffix("pre_flight"))
    mysql_server.load("CREATE DATABASE IF NOT EXISTS pre_empty")
    assert "pre_flight" in preflight.check_mysql(config(data))  # the empty one beside it does no harm
    with closing(mysql_server.root()) as root, root.cursor() as cursor:
        cursor.execute("DROP USER IF EXISTS idle")
        cursor.execute("CREATE USER idle IDENTIFIED BY %s", (mysql_server.password,))
        cursor.execute("GRANT SELECT ON `pre\\_empty`.* TO idle")
    with pytest.raises(InputError, match="idle sees no table in pre_empty"):
        preflight.check_mysql(config(mysql_data(tmp_path, mysql_server.url("pre_empty", "idle"))))
    for privilege, what in (
        ("CREATE, DROP", "make tables"),
        ("INSERT", "insert"),
        ("UPDATE", "update"),
        ("DELETE", "delete"),
        ("DROP", "drop"),
    ):
        user = "writer"
        with closing(mysql_server.root()) as root, root.cursor() as cursor:
            cursor.execute(f"DROP USER IF EXISTS {user}")
            cursor.execute(f"CREATE USER {user} IDENTIFIED BY %s", (mysql_server.password,))
            cursor.execute(f"GRANT SELECT, {privilege} ON `pre\\_flight`.* TO {user}")
        url = mysql_server.url("pre_flight", user)
        with pytest.raises(InputError, match=f"writer may {what} in pre_flight"):
            preflight.check_mysql(config(mysql_data(tmp_path, url)))
    with closing(mysql_server.root()) as root, root.cursor() as cursor:
        cursor.execute("DROP USER writer, idle")
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'pre_flight'")
        assert cursor.fetchall() == (("t",),)
        cursor.execute("DROP DATABASE pre_flight")
        cursor.execute("DROP DATABASE pre_empty")
