"""What comes next in a series (예측): arrivals, visitors, demand, with 80 and 95 % intervals, beside the seasonal naive rule.

`forecast(table)` tells the next steps, `backtest(table)` how earlier ones would have been told. A mixture of experts by their errors
at earlier origins; conformal intervals; the baseline where nothing is better. Raises InputError.
"""

from tamna.engines.forecast.forecast import Row, backtest, forecast, load, save
from tamna.engines.forecast.reading import unplaced

__all__ = ["Row", "backtest", "forecast", "load", "save", "unplaced"]
