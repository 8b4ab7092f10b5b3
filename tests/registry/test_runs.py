"""What MLflow says, in one line that helps."""

from __future__ import annotations

import pytest
from mlflow.exceptions import MlflowException

from pipeline.errors import InputError
from pipeline.registry.runs import not_found_is_input_error


def test_files_behind_a_server_are_asked_of_it() -> None:
    error = MlflowException("the tracking URI must be a valid http or https URI, but it was sqlite:///x")
    with pytest.raises(InputError, match="set it to the server's http address"), not_found_is_input_error("runs:/1/a"):
        raise error
