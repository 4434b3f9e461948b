"""How likely a booked patient does not come (예약 부도 예측): the risk of any table, over what a booking and its patient's past tell.

`fit(table)` learns a `NoShows`; `predict`, `evaluate` and `backtest` as every learner's. Nothing later than a booking's own
`booked_at` is used for it. Never a decision about one person alone: overbook by expected cost. Raises InputError.
"""

from tamna.engines.noshow.history import unplaced
from tamna.engines.noshow.noshow import NoShows, backtest, fit

__all__ = ["NoShows", "backtest", "fit", "unplaced"]
