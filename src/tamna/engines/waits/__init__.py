"""How long each visitor will wait, learnt from a log of visits (대기시간 학습): minutes with an 80 % interval, strictly online.

`fit(table)` learns a `Waits`; `waits.predict(table)` replays another log and answers from what was known at each check-in;
`waits.evaluate(table)` measures on later days, `backtest(table)` on the known ones as time went. Raises InputError.
"""

from tamna.engines.waits.log import unplaced
from tamna.engines.waits.waits import Wait, Waits, backtest, fit

__all__ = ["Wait", "Waits", "backtest", "fit", "unplaced"]
