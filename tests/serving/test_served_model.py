"""The model as MLflow serves it: logged from code, loaded back, asked in the form that its schema promises."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pipeline
from pipeline.data.example import Database, Example


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An MLflow store of its own in a SQLite file; what was set before is set again."""
    import mlflow

    folder = tmp_path_factory.mktemp("mlflow")
    with pytest.MonkeyPatch.context() as patch:
        before = mlflow.get_tracking_uri()
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
        mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
        yield folder
        mlflow.set_tracking_uri(before)


@pytest.fixture(scope="module")
def uri(store: Path, fitted_folder: Path, databases: dict[str, Database]) -> str:
    """The model that knows two questions, logged as the steps log it."""
    import mlflow

    schemas = store / "databases.json"
    schemas.write_text(json.dumps({db_id: database.to_json() for db_id, database in databases.items()}))
    # Not mlflow.set_experiment: it would stay the active one of the whole process.
    experiment = mlflow.create_experiment("serving", artifact_location=(store / "artifacts").as_uri())
    with mlflow.start_run(experiment_id=experiment):
        info = mlflow.pyfunc.log_model(
            name="sft",
            python_model=str(Path(pipeline.__file__).parent / "serving" / "text2sql.py"),
            artifacts={"checkpoint": str(fitted_folder), "databases": str(schemas)},
            pip_requirements=["mlflow"],
        )
    return str(info.model_uri)


@pytest.fixture(scope="module")
def served(uri: str) -> Any:
    import mlflow

    return mlflow.pyfunc.load_model(uri)


def test_answers_come_as_sql_in_the_order_of_the_questions(served: Any, known: list[Example]) -> None:
    asked = [
        {"db_id": "shop", "question": known[1].question},
        {"db_id": "shop", "question": known[0].question, "mode": "think"},
        {"db_id": "shop", "question": known[0].question, "mode": "no_think", "evidence": ""},
    ]
    assert served.predict(asked) == [known[1].gold_sql[0], known[0].gold_sql[0], known[0].gold_sql[0]]


def test_one_text_for_each_question_whatever_the_model_knows(served: Any) -> None:
    answers = served.predict([{"db_id": "shop", "question": "?!"}, {"db_id": "shop", "question": "客户" * 20}])
    assert isinstance(answers, list)
    assert [type(answer) for answer in answers] == [str, str]
    assert not any("<think>" in answer for answer in answers)


def test_an_unknown_database_is_named_with_those_that_are_known(served: Any) -> None:
    asked = [{"db_id": "shop", "question": "Q"}, {"db_id": "shoe", "question": "Q"}]
    with pytest.raises(Exception, match="unknown db_id shoe; this model knows: shop"):
        served.predict(asked)


@pytest.mark.parametrize(
    "question", [{"question": "Q"}, {"db_id": "shop"}, {"db_id": "shop", "question": "Q", "mode": "deep"}, "Q"]
)
def test_a_question_in_another_form_is_refused(served: Any, question: Any) -> None:
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException, match="Failed to validate data against type hint"):
        served.predict([question])


def test_the_schema_names_the_fields_of_a_question(uri: str) -> None:
    import mlflow

    info = mlflow.models.get_model_info(uri)
    (inputs,) = info.signature.inputs.to_dict()
    assert {name: field["type"] for name, field in inputs["properties"].items()} == dict.fromkeys(
        ("db_id", "question", "evidence", "mode"), "string"
    )
    assert info.signature.outputs.to_dict() == [{"type": "string", "required": True}]


def test_nothing_that_is_logged_is_a_pickle(uri: str) -> None:
    import mlflow

    folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri))
    names = [path.name for path in folder.rglob("*")]
    assert "model.safetensors" in names
    assert "text2sql.py" in names
    assert not [name for name in names if name.endswith((".pkl", ".bin", ".pt", ".pickle"))]
