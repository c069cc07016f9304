"""The rules of a gate on quality: from two sets of predictions to yes or no."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pedigree.errors import WrongUseError
from pedigree.params.evaluate import Bootstrap
from pedigree.params.promotion import Promotion
from pedigree.promotion.paired import mcnemar_mid_p, paired_bootstrap
from pedigree.promotion.predictions import Predictions


@dataclass(frozen=True)
class Rule:
    """One rule of a gate.

    Attributes:
        name: What it is about.
        required: What it asks for.
        measured: What was found.
        ok: Whether it holds.
    """

    name: str
    required: str
    measured: str
    ok: bool

    def __str__(self) -> str:
        return f"{self.name} must be {self.required}, and is {self.measured}"


@dataclass
class Findings:
    """What was measured, and which rules hold.

    Attributes:
        rules: The rules, in the order in which they were looked at.
        figures: What was measured, by name.
    """

    rules: list[Rule] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def add(self, name: str, required: str, measured: str, ok: bool) -> bool:
        """Add a rule, and return whether it holds."""
        self.rules.append(Rule(name, required, measured, bool(ok)))
        return bool(ok)

    @property
    def passed(self) -> bool:
        """Whether all rules hold."""
        return all(rule.ok for rule in self.rules)

    @property
    def reason(self) -> str:
        """The rules that do not hold, or that all do."""
        failed = [str(rule) for rule in self.rules if not rule.ok]
        return "; ".join(failed) or "every rule holds"


def judge_quality(
    gate: Promotion, candidate: Predictions, champion: Predictions | None
) -> Findings:
    """Judge a candidate by its answers, and by those of the present champion.

    Args:
        gate: What is asked for.
        candidate: The answers of the candidate.
        champion: Those of the champion to the same rows; None if there is none.

    Raises:
        WrongUseError: If the models do not have what the gate asks for.
    """
    findings = Findings()
    value = candidate.measure(gate.metric)
    findings.figures |= {
        "metric": gate.metric,
        "rows": len(candidate.rows),
        "candidate": value,
    }
    enough = value <= gate.limit if gate.less_is_better else value >= gate.limit
    sign = "≤" if gate.less_is_better else "≥"
    findings.add(gate.metric, f"{sign} {gate.limit:g}", _short(value), enough)
    _judge_classes(gate, candidate, findings)
    if champion is not None:
        _judge_difference(gate, candidate, champion, value, findings)
    return findings


def _judge_classes(gate: Promotion, candidate: Predictions, findings: Findings) -> None:
    """One rule per figure, which says the class that is furthest below its floor."""
    for figure, floors in gate.class_floors.items():
        classes = candidate.classes or ()
        by_class = (
            floors if isinstance(floors, Mapping) else dict.fromkeys(classes, floors)
        )
        if not by_class or not set(by_class) <= set(classes):
            raise WrongUseError(
                f"promotion.*.class_floors.{figure} must name classes of the model, "
                f"{', '.join(classes) or 'which has none'}. Received: "
                f"{', '.join(by_class) or floors}",
                "Correct the section `promotion` of params.yaml.",
            )
        found = {
            # A class that does not occur has not shown anything.
            name: np.nan_to_num(candidate.measure(f"classes.{name}.{figure}"))
            for name in by_class
        }
        worst = min(by_class, key=lambda name: found[name] - by_class[name])
        findings.add(
            f"{figure} of each class",
            f"≥ {by_class[worst]:g} for {worst}",
            f"{_short(found[worst])} for {worst}",
            bool(found[worst] >= by_class[worst]),
        )
        findings.figures[f"{figure}_of_worst_class"] = {worst: float(found[worst])}


def _judge_difference(
    gate: Promotion,
    candidate: Predictions,
    champion: Predictions,
    value: float,
    findings: Findings,
) -> None:
    other = champion.measure(gate.metric)
    gain = other - value if gate.less_is_better else value - other
    figures: dict[str, Any] = {"champion": other, "gain": gain}
    if gate.metric == "accuracy":
        ours, theirs = candidate.correct, champion.correct
        only_ours = int(np.count_nonzero(ours & ~theirs))
        only_theirs = int(np.count_nonzero(theirs & ~ours))
        figures["only_candidate_right"] = only_ours
        figures["only_champion_right"] = only_theirs
        # Counts are exact; a difference of two shares is not.
        gain = figures["gain"] = (only_ours - only_theirs) / len(candidate.rows)
        p, test = mcnemar_mid_p(only_ours, only_theirs), "McNemar's test"
    else:
        p, interval = _bootstrap(gate, candidate, champion)
        figures["gain_interval"] = interval
        test = "paired bootstrap"
    figures["p_value"] = p
    findings.figures |= figures
    findings.add(
        f"gain in {gate.metric} over the champion",
        f"≥ {gate.margin:g}",
        f"{gain:+.4f} ({_short(value)} against {_short(other)})",
        gain >= gate.margin,
    )
    findings.add(
        f"p-value of the gain, {test}",
        f"≤ {gate.significance:g}",
        _p_value(p) if gain > 0 else f"{_p_value(p)}, and no gain",
        p <= gate.significance and gain > 0,
    )


def _bootstrap(
    gate: Promotion, candidate: Predictions, champion: Predictions
) -> tuple[float, list[float]]:
    """Return the p-value, and the interval of the gain."""
    assert gate.bootstrap is not None
    parameters = Bootstrap(
        resamples=gate.bootstrap.resamples,
        confidence=1 - gate.significance,
        seed=gate.bootstrap.seed,
    )
    first, second = candidate.figures, champion.figures
    if gate.less_is_better:
        first, second = second, first
    number = first.names.index(gate.metric)
    p, ends = paired_bootstrap(first, second, number, len(candidate.rows), parameters)
    return p, ends.tolist()


def _short(value: float) -> str:
    return f"{value:.4f}" if abs(value) >= 0.001 or value == 0 else f"{value:.4g}"


def _p_value(p: float) -> str:
    return f"{p:.4f}" if p >= 0.0001 else f"{p:.1e}"
