"""A real MySQL server in a container of its own, for tests; skips where Docker or the image is missing.

Test modules import the fixture: `from mysql_server import MysqlServer, mysql_server`. One server serves a whole run.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import subprocess
import time
from contextlib import closing
from functools import cache
from pathlib import Path
from urllib.parse import quote

import pymysql
import pytest
from mlflow_server import free_port
from pymysql.constants import CLIENT

IMAGE = "mysql:9.7"
BENCHMARKS = Path(os.environ.get("QUERYSMITH_BENCHMARKS", Path(__file__).parents[1].parent / "shared" / "benchmarks"))

_START_S = 120
_SYSTEM_DATABASES = {"information_schema", "mysql", "performance_schema", "sys"}


class MysqlServer:
    """A server with an account, `user`, that may only read; it can be killed and started again at the same address."""

    def __init__(self) -> None:
        self.host, self.port = "127.0.0.1", free_port()
        self.user, self.password = "reader", secrets.token_urlsafe(12)
        self._root_password = secrets.token_urlsafe(12)
        self._name = f"querysmith-test-mysql-{secrets.token_hex(4)}"
        atexit.register(self.remove)
        command = ["run", "-d", "--name", self._name, "-p", f"{self.host}:{self.port}:3306"]
        _docker(*command, "-e", f"MYSQL_ROOT_PASSWORD={self._root_password}", IMAGE)
        self._wait()
        with closing(self.root()) as root:
            root.cursor().execute("CREATE USER %s IDENTIFIED BY %s", (self.user, self.password))

    def url(self, database: str, user: str | None = None) -> str:
        return f"mysql://{quote(user or self.user)}@{self.host}:{self.port}/{quote(database)}"

    def root(self) -> pymysql.Connection:
        """A connection that may do everything, and takes several statements at once."""
        return pymysql.connect(
            host=self.host,
            port=self.port,
            user="root",
            password=self._root_password,
            autocommit=True,
            client_flag=CLIENT.MULTI_STATEMENTS,
        )

    def load(self, script: Path | str) -> None:
        """Run a script, a file or its text, as root; the reading account may then read all databases there are."""
        text = script.read_text(encoding="utf-8") if isinstance(script, Path) else script
        with closing(self.root()) as root, root.cursor() as cursor:
            cursor.execute(text)
            while cursor.nextset():
                pass
            cursor.execute("SHOW DATABASES")
            for database in {name for (name,) in cursor.fetchall()} - _SYSTEM_DATABASES:
                pattern = database.replace("_", r"\_").replace("%", r"\%").replace("`", "``")
                cursor.execute(f"GRANT SELECT ON `{pattern}`.* TO {self.user}")

    def kill(self) -> None:
        """End the server without grace, as a crash would."""
        _docker("kill", self._name)

    def start(self) -> None:
        """Start the server that was killed, and wait until it answers."""
        _docker("start", self._name)
        self._wait()

    def pause(self) -> None:
        """Let the server hang: its port takes connections, but nothing answers."""
        _docker("pause", self._name)

    def unpause(self) -> None:
        _docker("unpause", self._name)
        self._wait()

    def remove(self) -> None:
        subprocess.run(["docker", "rm", "-f", "-v", self._name], capture_output=True, check=False)

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_S
        while not self._answers():
            assert time.monotonic() < deadline, "the MySQL server did not come up"
            time.sleep(0.2)

    def _answers(self) -> bool:
        try:
            self.root().close()
        except pymysql.MySQLError:
            return False
        return True


def _docker(*arguments: str) -> None:
    run = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


@cache  # a fixture that several modules import is set up once for each of them
def _server() -> MysqlServer:
    return MysqlServer()


@pytest.fixture(scope="session")
def mysql_server() -> MysqlServer:
    if not shutil.which("docker"):
        pytest.skip("needs Docker, to run a MySQL server")
    if subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, check=False).returncode:
        pytest.skip(f"needs the Docker image {IMAGE} (docker pull {IMAGE})")
    return _server()
