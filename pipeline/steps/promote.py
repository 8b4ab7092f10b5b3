"""Step `promote`: register the model, pass it through the gate, move the alias `champion`.

Reads the candidate and the evaluation; writes one registered version per DAG run with an audit trail in its tags (who,
when, why, compared with which version) and the gate's evidence, as gate.json and as metrics `gate_*` of the run. A
model that the gate refuses stays registered, without an alias.
"""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline.config import RunConfig
from pipeline.errors import InputError
from pipeline.evaluation.scorecard import Scorecard
from pipeline.registry.gate import Evidence, decide
from pipeline.registry.models import CHAMPION, champion, promote, register
from pipeline.registry.runs import as_tags, fetch
from pipeline.steps.contract import Context, Result
from pipeline.steps.evaluate import STAGES

EVIDENCE = "gate.json"


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
    verdicts = card.verdicts[STAGES[-1]]
    # A scorecard's verdicts are one round over the questions for each mode.
    questions = [place % card.questions for place in range(len(verdicts))]
    decision = decide(
        verdicts, card.verdicts.get(CHAMPION), config.profile.promote.margin, questions, card.latency_ratios or None
    )

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
            **_evidence_tags(decision.evidence),
        }
    for key, value in as_tags(decision_tags).items():
        client.set_model_version_tag(name, version.version, key, value)
    record = {"promote": decision.promote, "reason": decision.reason, "champion": card.champion_version}
    evidence = decision.evidence.row() if decision.evidence else None
    client.log_dict(context.run_id, {**record, "evidence": evidence}, EVIDENCE)
    if decision.promote:
        promote(client, name, str(version.version), card.champion_version)
    metrics = {"version": float(version.version), "promoted": float(decision.promote)}
    metrics |= _gate_metrics(decision.evidence)
    context.headline(metrics)
    return Result(
        uris={"model_version": f"models:/{name}/{version.version}"},
        metrics=metrics,
        notes={"alias": CHAMPION if decision.promote else "", "reason": decision.reason},
    )


def _evidence_tags(evidence: Evidence | None) -> dict[str, str]:
    if evidence is None:
        return {}
    tags = {
        "gate_won_lost": f"{evidence.won} won, {evidence.lost} lost of {evidence.questions} questions",
        "gate_ex_difference": "{:+.4f} [{:+.4f}, {:+.4f}]".format(*evidence.difference),
        "gate_p_better": f"{evidence.p_better:.4g}",
        "gate_mcnemar_p": f"{evidence.mcnemar_p:.4g}",
    }
    if evidence.latency_ratio:
        tags["gate_latency_ratio"] = "{:.4f} [{:.4f}, {:.4f}]".format(*evidence.latency_ratio)
    return tags


def _gate_metrics(evidence: Evidence | None) -> dict[str, float]:
    if evidence is None:
        return {}
    metrics = {
        "gate_won": float(evidence.won),
        "gate_lost": float(evidence.lost),
        "gate_ex_difference": evidence.difference.value,
        "gate_p_better": evidence.p_better,
        "gate_mcnemar_p": evidence.mcnemar_p,
    }
    if evidence.latency_ratio:
        metrics["gate_latency_ratio"] = evidence.latency_ratio.value
    return metrics
