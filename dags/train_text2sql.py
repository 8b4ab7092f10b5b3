"""The main DAG: from data to a promoted Text-to-SQL model. It only wires; the work is in `pipeline/steps`."""

from __future__ import annotations

from airflow.sdk import DAG, Param, TriggerRule
from approval import APPROVED_BY, OptionalApproval
from settings import PROFILES, RECIPES, SETTINGS
from steps import step

DOC = """
### Train, test and promote a Text-to-SQL model

```text
data ─▶ validate ─▶ sft ─▶ self_distill ─▶ grpo ─┐
                                                 │
champion ◀─ promote ◀─ (approve) ◀─ evaluate ◀───┘
```

| Task | What it does |
| :-- | :-- |
| `validate` | checks the data, sets bad rows aside with the reason, splits it |
| `sft` | teaches the model SQL from the training split, with and without thinking |
| `self_distill` | trains it again on those of its own answers that were right |
| `grpo` | lets it try, and rewards what runs and returns the right result |
| `evaluate` | scores all stages and the champion on the same held-out questions |
| `approve` | asks a person, if the form says so |
| `promote` | registers the model, and makes it the champion if it passes the gate |

**To start:** press *Trigger*, choose a profile (how big) and a recipe (which method), and run. Every field explains
itself.

**To follow:** each task has, under *Details*, a button *MLflow run* with its metrics, artifacts and model; the runs of
one DAG run hang under one parent run in MLflow.

**If a task fails:** its log ends with one line that says what to mend. Wrong input fails at once; anything else is
tried twice more and resumes from its last checkpoint. *Clear* a task to run it again: it continues its MLflow run.

**If you asked for an approval:** `approve` waits under *Required Actions*, up to a week, then it counts as rejected.
A rejected model stays in MLflow, but `promote` is skipped and the champion is unchanged.
"""

# Airflow draws inline code over the line above it, so the help texts mark literal values in bold.
PARAMS = {
    "profile": Param(
        "tiny",
        type="string",
        enum=list(PROFILES),
        values_display=PROFILES,
        title="Profile",
        description_md="How big the model is and how long it trains: one of the files in pipeline/profiles.",
        section="Model",
    ),
    "base_model": Param(
        None,
        type=["null", "string"],
        examples=["champion", "starter"],
        title="Base model",
        description_md="What training starts from. Empty: the profile's own. **champion**: the model promoted last. "
        "**starter**: the small model that comes with Querysmith. "
        "Or a directory, a Hugging Face name such as Qwen/Qwen3-0.6B, or an MLflow URI such as models:/text2sql/3.",
        section="Model",
    ),
    "recipe": Param(
        RECIPES[0],
        type="string",
        enum=list(RECIPES),
        values_display={
            "querysmith": "querysmith: right on altered databases too, skeleton, query latency",
            "sql_r1": "sql_r1: format, execution, result, length",
            "finer_sql": "finer_sql: memory and atomic operations, for small models",
            "hes_sql": "hes_sql: skeleton completeness and query latency",
        },
        title="Recipe",
        description_md="Which training method and which rewards: one of the files in pipeline/recipes.",
        section="Method",
    ),
    "data": Param(
        "bundled",
        type="string",
        minLength=1,
        examples=["bundled"],
        title="Data",
        description_md="**bundled**: the sample databases that come with Querysmith. Or the path of a folder "
        "in Spider's layout (dev.json, tables.json, database/NAME/NAME.sqlite), as the machine of the steps sees it.",
        section="Data",
    ),
    "seed": Param(
        42,
        type="integer",
        minimum=0,
        maximum=2**31 - 1,
        title="Seed",
        description_md="Of every random choice: the same seed, data and profile give the same splits and start.",
        section="Run",
    ),
    "approval": Param(
        False,
        type="boolean",
        title="Ask before promoting",
        description_md="On: a person sees the comparison with the champion and approves or rejects. "
        "Off: the gate alone decides.",
        section="Run",
    ),
    "experiment": Param(
        "text2sql",
        type="string",
        minLength=1,
        title="MLflow experiment",
        description_md="The MLflow experiment that collects the runs.",
        section="Run",
    ),
}

with DAG(
    "train_text2sql",
    description="Train, test and promote a Text-to-SQL model.",
    schedule=None,
    max_active_runs=1,
    params=PARAMS,
    default_args={"owner": "querysmith", "retries": 2, "retry_delay": SETTINGS.retry_delay},
    doc_md=DOC,
    tags=["querysmith", "training"],
) as dag:
    gpu = SETTINGS.gpu_pool
    validate = step("validate", inputs={})
    sft = step("sft", inputs={"dataset": "validate.dataset"}, pool=gpu)
    self_distill = step("self_distill", inputs={"dataset": "validate.dataset", "model": "sft.model"}, pool=gpu)
    grpo = step("grpo", inputs={"dataset": "validate.dataset", "model": "self_distill.model"}, pool=gpu)
    stages = {"sft": "sft.model", "self_distill": "self_distill.model", "grpo": "grpo.model"}
    evaluate = step("evaluate", inputs={"dataset": "validate.dataset", **stages}, pool=gpu)
    approve = OptionalApproval(task_id="approve")
    promote = step(
        "promote",
        inputs={"dataset": "validate.dataset", "model": "grpo.model", "evaluation": "evaluate.evaluation"},
        settings={"approved_by": APPROVED_BY},
        # Runs when nobody was asked (approve skipped); not when the evaluation itself failed or was skipped.
        trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
    )
    validate >> sft >> self_distill >> grpo >> evaluate >> approve >> promote
    evaluate >> promote
