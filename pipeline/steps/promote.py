"""Step `promote`: register the model, pass it through the gate, move the alias `champion`.

Reads the candidate and the evaluation; writes one registered version per DAG run with an audit trail in its tags (who,
when, why, compared with which version). A model that the gate refuses stays registered, without an alias.
"""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline.config import RunConfig
from pipeline.errors import InputError
from pipeline.evaluation.scorecard import Scorecard
from pipeline.registry.gate import decide
from pipeline.registry.models import CHAMPION, champion, promote, register
from pipeline.registry.runs import as_tags, fetch
from pipeline.steps.contract import Context, Result
from pipeline.steps.evaluate import STAGES


def run(config: RunConfig, context: Context) -> Result:
    client, name = context.client, config.model_name
    candidate = config.inputs.require("model")
    folder = fetch(config.inputs.require("evaluation"), context.work)
    card = Scorecard.read(folder / "scorecard.json")
    scored = card.models[STAGES[-1]]
    if scored.uri != candidate:
        raise InputError(
            f"inputs.evaluation is of {scored.uri}, but inputs.model is {candidate}; run evaluate on this model"
        )
    decision = decide(card.verdicts[STAGES[-1]], card.verdicts.get(CHAMPION), config.profile.promote.margin)

    figures = {key: f"{value:.6g}" for key, value in scored.metrics.items()}
    audit = {"data_digest": card.data_digest, "evaluator": card.evaluator, "questions": card.questions, **figures}
    version = register(client, name, candidate, context.dag_run, as_tags(audit))
    held = champion(client, name)
    if held is not None and held.version == version.version:
        decision_tags = {}  # an interrupted try of this very step has moved the alias already
    else:
        decision_tags = {
            "gate": "passed" if decision.promote else "refused",
            "gate_reason": decision.reason,
            "decided_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "approved_by": config.approved_by or "nobody asked",
            "champion_before": card.champion_version or "none",
        }
    for key, value in as_tags(decision_tags).items():
        client.set_model_version_tag(name, version.version, key, value)
    if decision.promote:
        promote(client, name, str(version.version), card.champion_version)
    context.headline({"version": float(version.version), "promoted": float(decision.promote)})
    return Result(
        uris={"model_version": f"models:/{name}/{version.version}"},
        metrics={"version": float(version.version), "promoted": float(decision.promote)},
        notes={"alias": CHAMPION if decision.promote else "", "reason": decision.reason},
    )
