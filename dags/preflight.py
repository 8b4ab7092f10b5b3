"""Preflight: whether steps, where they run, have what a training needs. One task, in a minute."""

from __future__ import annotations

import os

from airflow.sdk import DAG, Param
from settings import PROFILES, SETTINGS
from steps import step

DOC = """
### Does a step have what a training needs?

One task runs where all steps run, with their image, account and volume, and checks:

| Check | What it proves |
| :-- | :-- |
| data | the volume is seen, takes what is written and has room; the data of the form is there |
| mlflow | the server takes the steps' login, under the name that they call it by, and returns a file |
| mysql | the account reads the data's MySQL server, and is refused every kind of write (it tries) |
| gpu | as many GPUs as the profile is made for are seen, and compute |

**If it fails:** the task's log has one line for each check, and the failed ones say what to mend. All checks are made,
also when one fails. Mend, press *Trigger* again; nothing is left behind.
"""

# Airflow draws inline code over the line above it, so the help texts mark literal values in bold.
PARAMS = {
    "profile": Param(
        "tiny",
        type="string",
        enum=list(PROFILES),
        values_display=PROFILES,
        title="Profile",
        description_md="What is to be trained: a profile for GPUs is checked on as many of them.",
        section="Model",
    ),
    "data": Param(
        os.environ.get("QUERYSMITH_DATA") or "bundled",
        type="string",
        minLength=1,
        examples=["bundled"],
        title="Data",
        description_md="**bundled**, or the folder that is to be trained on, as the machine of the steps sees it. "
        "Where its file **mysql.url** names a MySQL server, that is checked, too.",
        section="Data",
    ),
}

FORM = {"profile": "{{ params.profile }}", "data": "{{ params.data }}"}

with DAG(
    "preflight",
    description="Check that steps have what a training needs.",
    schedule=None,
    params=PARAMS,
    default_args={"owner": "querysmith", "retries": 0},  # its answer is wanted now
    doc_md=DOC,
    tags=["querysmith", "operations"],
) as dag:
    step("preflight", inputs={}, form=FORM, pool=SETTINGS.gpu_pool)
