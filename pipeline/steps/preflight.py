"""Step `preflight`: does a step, here and now, have what a training will need? One line for each thing, in a minute.

It looks from where the steps run: the data volume (seen, written, large enough), MLflow (login, host name, artifacts
there and back), the MySQL server of `data` where it names one (the account reads, and really cannot write: it tries),
and as many GPUs as the profile is made for. All checks are made, also when one fails.

Unlike the other steps it has no MLflow run: its own is deleted when the check is done, and MLflow may be what fails.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pymysql

from pipeline.config import RunConfig, home
from pipeline.data.own_data import server_of
from pipeline.engine.mysql_errors import connection_error, number_of
from pipeline.engine.urls import MYSQL_PASSWORD_VARIABLE, MysqlAddress, mysql_address
from pipeline.errors import InfrastructureError, InputError, QuerysmithError
from pipeline.steps.contract import Result, write_result

logger = logging.getLogger("querysmith")

LEAST_FREE_GB = 5.0
EXPERIMENT = "preflight"
IN_CONTAINER = "QUERYSMITH_IN_CONTAINER"  # set by the image of the steps
_PROBE = 2**20  # bytes written to the volume and to MLflow
_DENIED = frozenset({1044, 1045, 1142, 1143, 1227, 1370})  # MySQL: this account may not do that
_SYSTEM_DATABASES = ("information_schema", "mysql", "performance_schema", "sys")

Check = Callable[[RunConfig], str]


def execute(config: RunConfig, result_file: Path | None) -> Result:
    """Make all checks, log a line for each and write the result.

    Raises:
        InputError: something has to be mended in the configuration. The message names each failed check.
        InfrastructureError: none of that, but a server does not answer.
    """
    result = Result(step="preflight")
    failed: list[QuerysmithError] = []
    for name, check in CHECKS.items():
        try:
            found = check(config)
        except QuerysmithError as error:
            failed.append(error)
            found = f"FAILED: {error}"
        result.notes[name] = found
        logger.info("%s: %s", name, found)
    if failed:
        result.error = "; ".join(str(error) for error in failed)
    if result_file is not None:
        write_result(result_file, result)
    if failed:
        kind = InputError if any(isinstance(error, InputError) for error in failed) else InfrastructureError
        raise kind(result.error)
    return result


def check_volume(config: RunConfig) -> str:
    """The steps' folder is no part of the container, takes what is written, and has room; the data is there."""
    folder = home()
    mounted = any(place.is_mount() for place in (folder, *folder.parents[:-1]))
    if os.environ.get(IN_CONTAINER) and not mounted:
        raise InputError(f"{folder} is a part of the container and ends with it: mount a volume there")
    probe = folder / f".preflight-{secrets.token_hex(8)}"
    content = secrets.token_bytes(_PROBE)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with probe.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        same = probe.read_bytes() == content
    except OSError as error:
        who = f"user {os.getuid()}"
        raise InputError(
            f"{folder} cannot be written ({error.strerror}): let {who} write there, or free space"
        ) from None
    finally:
        with suppress(OSError):
            probe.unlink()
    if not same:
        raise InfrastructureError(f"{folder} does not return what was written: look at the disk")
    free = shutil.disk_usage(folder).free / 2**30
    if free < LEAST_FREE_GB:
        raise InputError(f"{folder} has {free:.1f} GiB free, which no training fits in: free space, or a larger volume")
    if config.data != "bundled" and not Path(config.data).exists():
        raise InputError(f"data: the steps see no {config.data}: put it on the data volume, and give its path there")
    return f"ok, {folder} is written and read, {free:.0f} GiB free"


def check_mlflow(config: RunConfig) -> str:
    """The server takes this account's runs and files, called by the name that the steps use."""
    # A server that is gone should be said in this minute.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "15")
    from pipeline.registry import runs

    client = runs.connect()
    with runs.translated_errors():
        run = client.create_run(runs.experiment_id(client, EXPERIMENT), run_name=EXPERIMENT)
        try:
            content = secrets.token_hex(_PROBE // 2)
            client.log_metric(run.info.run_id, "probe", 1.0)
            client.log_text(run.info.run_id, content, "probe.txt")
            import mlflow

            returned = mlflow.artifacts.load_text(f"{run.info.artifact_uri}/probe.txt")
        finally:
            client.set_terminated(run.info.run_id)
            client.delete_run(run.info.run_id)
    if returned != content:
        raise InfrastructureError("MLflow does not return the file that it was given: look at its artifact store")
    user = os.environ.get("MLFLOW_TRACKING_USERNAME") or "nobody (no login is set)"
    return f"ok, runs and files are taken and returned, as {user}"


def check_mysql(config: RunConfig) -> str:
    """The account of the data's MySQL server reads each database of it, and is refused every kind of write."""
    folder = Path(config.data)
    url = server_of(folder if folder.is_dir() else folder.parent) if config.data != "bundled" else ""
    if not url:
        return "not asked for: the data has no mysql.url"
    address = mysql_address(url if url.partition("://")[2].partition("/")[2] else f"{url.removesuffix('/')}/any")
    with closing(_connect(address)) as server, server.cursor() as cursor:
        cursor.execute("SHOW DATABASES")
        visible = [name for (name,) in cursor.fetchall() if name not in _SYSTEM_DATABASES]
        if not visible:
            raise InputError(f"MySQL: {address.user} sees no database: GRANT SELECT ON `name`.* TO {address.user!r}")
        read = [database for database in visible if _read(cursor, database, address.user)]
        for database in visible:
            _try_to_write(cursor, database, address.user)
    if not read:
        raise InputError(
            f"MySQL: {address.user} sees no table in {', '.join(visible)}: fill them, or GRANT SELECT ON "
            f"{_quoted(visible[0])}.* TO {address.user!r}"
        )
    return f"ok, {address.user} reads {', '.join(read)} and cannot write there"


def check_gpu(config: RunConfig) -> str:
    """As many GPUs as the profile is made for, with their memory, and torch computes on each."""
    wanted = config.profile.hardware
    if not wanted.gpus:
        return f"not asked for: profile {config.profile.name} trains on the CPU"
    import torch

    if not torch.backends.cuda.is_built():
        raise InputError("GPU: this image has torch for CPUs: build it with TORCH=cuda (docker/compose.gpu.yml)")
    count = torch.cuda.device_count()
    if count < wanted.gpus:
        raise InputError(
            f"GPU: profile {config.profile.name} is made for {wanted.gpus}, this step sees {count}: "
            "see docker/compose.gpu.yml, and whether the host has NVIDIA's container toolkit"
        )
    names = []
    for number in range(wanted.gpus):
        properties = torch.cuda.get_device_properties(number)
        memory = properties.total_memory / 2**30
        if memory < 0.9 * wanted.memory_gb:
            raise InputError(
                f"GPU: profile {config.profile.name} is made for {wanted.memory_gb:.0f} GiB, GPU {number} "
                f"({properties.name}) has {memory:.0f}: choose a smaller profile"
            )
        try:
            ones = torch.ones(256, 256, device=f"cuda:{number}")
            right = bool((ones @ ones == 256).all().item())
        except RuntimeError as error:
            raise InfrastructureError(f"GPU {number} ({properties.name}) does not compute: {error}") from None
        if not right:
            raise InfrastructureError(f"GPU {number} ({properties.name}) computes wrong: take it out")
        names.append(f"{properties.name} ({memory:.0f} GiB)")
    return f"ok, {', '.join(names)}"


CHECKS: dict[str, Check] = {"data": check_volume, "mlflow": check_mlflow, "mysql": check_mysql, "gpu": check_gpu}


def _connect(address: MysqlAddress) -> pymysql.connections.Connection[Any]:
    """An ordinary connection: the engine's own would refuse to write by itself, whatever the account may do."""
    try:
        return pymysql.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=os.environ.get(MYSQL_PASSWORD_VARIABLE, ""),
            connect_timeout=10,
            read_timeout=20,
            autocommit=True,
        )
    except pymysql.MySQLError as error:
        raise connection_error(error, address) from error


def _read(cursor: pymysql.cursors.Cursor, database: str, user: str) -> bool:
    """Read the first table of the database; False where it shows none."""
    cursor.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = %s ORDER BY table_name LIMIT 1",
        (database,),
    )
    table = cursor.fetchone()
    if table is None:
        return False
    try:
        cursor.execute(f"SELECT * FROM {_quoted(database)}.{_quoted(table[0])} LIMIT 1")
    except pymysql.MySQLError as error:
        raise InputError(f"MySQL: {user} cannot read {database}.{table[0]}: {error.args[-1]}") from None
    cursor.fetchall()
    return True


def _try_to_write(cursor: pymysql.cursors.Cursor, database: str, user: str) -> None:
    """Try what no account of the pipeline may do; a table that could be made is dropped at once."""
    table = f"{_quoted(database)}.{_quoted(f'querysmith_preflight_{secrets.token_hex(4)}')}"
    remedy = f"REVOKE ALL ON *.* FROM {user!r}, then GRANT SELECT ON {_quoted(database)}.* TO {user!r}"
    for what, statement in (
        ("make tables", f"CREATE TABLE {table} (n INT)"),
        ("insert", f"INSERT INTO {table} VALUES (1)"),
        ("update", f"UPDATE {table} SET n = 1"),
        ("delete", f"DELETE FROM {table}"),
        ("drop", f"DROP TABLE {table}"),
    ):
        try:
            cursor.execute(statement)
        except pymysql.MySQLError as error:
            if number_of(error) in _DENIED:
                continue
            # The server looks at rights first: any other answer, such as "no such table", means that they were there.
            may = number_of(error)
            raise InputError(f"MySQL: {user} may {what} in {database} (error {may}): {remedy}") from None
        if what == "make tables":
            cursor.execute(f"DROP TABLE {table}")
        raise InputError(f"MySQL: {user} may {what} in {database}: {remedy}")


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
