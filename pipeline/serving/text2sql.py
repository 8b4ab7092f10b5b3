"""The model that MLflow serves: questions in, SQL out. Logged from this code, so nothing is pickled.

    curl localhost:5001/invocations -H 'Content-Type: application/json' \
      -d '{"inputs": [{"db_id": "retail", "question": "How many orders are there?"}]}'
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import mlflow
from mlflow.pyfunc import PythonModel, PythonModelContext
from pydantic import BaseModel, Field

from pipeline.data.example import Database, Example
from pipeline.data.prompts import Mode, read_completion, render_prompt
from pipeline.inference.generate import generate
from pipeline.profile import GenerationSettings


class Question(BaseModel):
    """One question about a database whose schema the model carries."""

    db_id: str
    question: str
    evidence: str = ""
    mode: str = Field("no_think", pattern="^(think|no_think)$")  # MLflow's schema knows no Literal


class Text2Sql(PythonModel):
    """Greedy decoding, one SQL text for each question. Nothing is executed here."""

    def load_context(self, context: PythonModelContext) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        checkpoint = context.artifacts["checkpoint"]
        self.model = AutoModelForCausalLM.from_pretrained(checkpoint, use_safetensors=True)
        self.tokenizer = AutoTokenizer.from_pretrained(checkpoint)
        names = bool((context.model_config or {}).get("known_names"))
        self.generation = GenerationSettings(max_new_tokens=512, batch_size=32, known_names=names)
        raw = json.loads(Path(context.artifacts["databases"]).read_text(encoding="utf-8"))
        self.databases = {db_id: Database.from_json(value) for db_id, value in raw.items()}

    def predict(self, model_input: list[Question]) -> list[str]:  # type: ignore[override]  # MLflow reads the hints
        """SQL for each question, in order ("" where the model wrote none).

        Raises:
            ValueError: a question names a database that the model was not trained with.
        """
        unknown = sorted({q.db_id for q in model_input} - set(self.databases))
        if unknown:
            raise ValueError(
                f"unknown db_id {', '.join(unknown)}; this model knows: {', '.join(sorted(self.databases))}"
            )
        examples = [Example(q.db_id, q.question, (), q.evidence) for q in model_input]
        modes = [cast(Mode, q.mode) for q in model_input]
        databases = [self.databases[example.db_id] for example in examples]
        prompts = [
            render_prompt(self.tokenizer, example, database, mode)
            for example, database, mode in zip(examples, databases, modes, strict=True)
        ]
        written = generate(self.model, self.tokenizer, prompts, self.generation, databases=databases)
        return [read_completion(w[0].text, mode).sql for w, mode in zip(written, modes, strict=True)]


mlflow.models.set_model(Text2Sql())
