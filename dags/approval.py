"""The question to a person between the evaluation and the promotion: what is shown, and who answered.

The task parks in Airflow's state "awaiting input": it holds no worker and needs no triggerer.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.exceptions import AirflowSkipException

if TYPE_CHECKING:
    from airflow.sdk import Context

ANSWER_WITHIN = timedelta(days=7)

# The name of who approved, "" where nobody was asked: promote writes it into the model version's record.
APPROVED_BY = "{{ ((ti.xcom_pull(task_ids='approve') or {}).get('responded_by_user') or {}).get('name', '') }}"

# One Markdown table: the new model beside the champion, from the result of `evaluate`.
COMPARISON = """
{%- set evaluated = ti.xcom_pull(task_ids='evaluate') -%}
{%- set metrics = evaluated['metrics'] -%}
{%- set rows = [('Execution accuracy, thinking', 'ex_think', '%.3f'),
                ('Execution accuracy, non-thinking', 'ex_no_think', '%.3f'),
                ('Execution accuracy, both', 'ex', '%.3f'),
                ('Latency (ms)', 'latency_ms', '%.2f')] -%}
| On {{ '%d' % metrics.get('questions', 0) }} questions | New model | Champion |
| :-- | --: | --: |
{% for label, key, form in rows -%}
| {{ label }} |
{%- for model in ('grpo', 'champion') -%}
{%- set value = metrics.get(model ~ '.' ~ key) %} {{ '–' if value is none else form % value }} |
{%- endfor %}
{% endfor %}
Where there is no champion yet, its column is empty. [The evaluation in MLflow]({{ evaluated.get('run_url', '') }})
"""


class OptionalApproval(ApprovalOperator):
    """Asks a person before the tasks that follow; skips itself where the trigger form did not ask for an approval.

    Rejecting, or not answering in time, skips the tasks that follow and leaves the run a success.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            subject="Promote the model of {{ run_id }}?",
            body=COMPARISON,
            defaults=self.REJECT,
            response_timeout=ANSWER_WITHIN,
            **kwargs,
        )

    def execute(self, context: Context) -> Any:
        """Park the task until somebody answers, or skip it."""
        if not context["params"]["approval"]:
            raise AirflowSkipException("no approval was asked for in the trigger form")
        return super().execute(context)
