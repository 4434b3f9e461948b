"""Invented tables of claims for the tests."""

import numpy as np
import polars as pl


def claims(count: int, seed: int = 1, *, first_day: int = 0) -> pl.DataFrame:
    """Mixed columns; the outcome hangs on department, amount and a word of the note, and drifts with nothing."""
    noise = np.random.default_rng(seed)
    department = noise.choice(["IM", "OS", "GS", "PED", ""], count, p=[0.4, 0.25, 0.15, 0.15, 0.05])
    amount = np.round(np.exp(noise.normal(11, 1, count)))
    note = noise.choice(
        ["sent with the usual papers today", "papers are missing for this visit", "asked again by the agency"], count
    )
    doctor = noise.integers(0, 40, count)
    leaning = (
        1.2 * (department == "OS")
        + 0.7 * (np.log(amount) - 11)
        + 1.1 * (note == "papers are missing for this visit")
        - 1.6
    )
    returned = noise.random(count) < 1 / (1 + np.exp(-leaning))
    day = np.datetime64("2024-01-01") + first_day + np.sort(noise.integers(0, 700, count))
    return pl.DataFrame(
        {
            "claim_id": [f"C{seed}-{place:06d}" for place in range(count)],
            "sent_on": [str(each) for each in day],
            "visit_on": [str(each - int(gap)) for each, gap in zip(day, noise.integers(0, 30, count), strict=True)],
            "department": department.tolist(),
            "doctor": [f"D{each:02d}" for each in doctor],
            "amount_won": [f"{int(each):,}" if each > 5e5 else str(int(each)) for each in amount],
            "note": note.tolist(),
            "age": [str(each) if each < 90 else "" for each in noise.integers(0, 95, count)],
            "sex": noise.choice(["F", "M"], count).tolist(),
            "outcome": np.where(returned, "returned", "paid").tolist(),
        }
    )
