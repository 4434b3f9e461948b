"""Dated facts (매개변수): value, from, to, source, mark. One loader, typed, asked by date.

Marks: S read in a source, K known from practice, ? unsure, sim our own choice for simulation. A fact marked ? that
decides an amount is shown as unconfirmed (미확인).
"""

from tamna.params.dated import Dated, Fact, NoFact, ParamsError, load, load_raw, table

__all__ = ["Dated", "Fact", "NoFact", "ParamsError", "load", "load_raw", "table"]
