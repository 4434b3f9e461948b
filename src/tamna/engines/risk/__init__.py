"""How likely something is, for each row of any table (위험 예측): calibrated, with reasons, measured beside the naive rule.

`fit(table, roles)` learns a `Risk`; `risk.predict(table)` answers row by row, the same whatever the rows beside it;
`risk.evaluate(table)` measures on new rows, `backtest(table, roles)` on the known ones as time went. Tables are frames of text.
Raises InputError.
"""

from tamna.engines.risk.risk import Risk, backtest, fit
from tamna.engines.risk.task import Roles

__all__ = ["Risk", "Roles", "backtest", "fit"]
