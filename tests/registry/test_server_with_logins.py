"""MLflow with logins answers 403 for what is not there; only of a registered model it says that it is missing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED, RESOURCE_DOES_NOT_EXIST

from pipeline.errors import InputError
from pipeline.registry import models
from pipeline.registry.runs import not_found_is_input_error


class Client:
    """A client of such a server, with the aliases of its one model."""

    def __init__(self, aliases: dict[str, str] | None) -> None:
        self.aliases = aliases

    def get_registered_model(self, name: str) -> Any:
        if self.aliases is None:
            raise MlflowException(f"Registered Model with name={name} not found", RESOURCE_DOES_NOT_EXIST)
        return SimpleNamespace(aliases=self.aliases)

    def get_model_version(self, name: str, version: str) -> Any:
        return SimpleNamespace(version=version, source=f"models:/m-{name}-{version}")

    def get_model_version_by_alias(self, name: str, alias: str) -> Any:
        raise MlflowException("Permission denied", PERMISSION_DENIED)


def test_no_model_and_no_alias_are_no_champion() -> None:
    assert models.champion(Client(None), "text2sql") is None  # type: ignore[arg-type]
    assert models.champion(Client({"other": "1"}), "text2sql") is None  # type: ignore[arg-type]


def test_the_champion_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client({"champion": "3"})
    monkeypatch.setattr(models, "connect", lambda: client)
    assert str(models.champion(client, "text2sql").version) == "3"  # type: ignore[arg-type, union-attr]
    assert models.logged_model("models:/text2sql@champion") == "m-text2sql-3"


def test_an_alias_that_is_missing_is_wrong_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "connect", lambda: Client(None))
    with pytest.raises(InputError, match="models:/text2sql@champion: not found in MLflow"):
        models.logged_model("models:/text2sql@champion")


def test_what_may_not_be_read_is_wrong_input() -> None:
    refused = pytest.raises(InputError, match="runs:/none/x: not found in MLflow, or not for this login")
    with refused, not_found_is_input_error("runs:/none/x"):
        raise MlflowException("Permission denied", PERMISSION_DENIED)
