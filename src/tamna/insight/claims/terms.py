"""Thresholds of claims in figures (청구 분석 기준): what counts as a high-cost claim, and what drift needs before it is told."""

from dataclasses import dataclass

from tamna.params import Dated, load


@dataclass(frozen=True)
class Terms:
    high_cost_won: Dated[int]
    drift_weeks: Dated[int]
    drift_answers: Dated[int]
    settled_days: Dated[int]


TERMS = load("claims/figures", Terms)
