"""Whether the probabilities of a run may be taken at their word."""

from __future__ import annotations

from cip.contract.config import Config
from cip.flows.churn import Churn
from cip.models.calibrate_verdict import CalibrationVerdict, calibration_verdict


def judge_calibration(churn: Churn, config: Config) -> CalibrationVerdict:
    """Of the chosen model, on customers it had not seen."""
    chosen = next(m for m in churn.models if m.candidate.name == churn.chosen)
    return calibration_verdict(
        churn.p_test,
        chosen.test,
        seed=config.run.seed,
        draws=config.run.draws,
        has_signal=churn.signal.word != "no signal",
    )
