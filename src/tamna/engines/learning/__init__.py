"""What every learner shares: typed columns, time-honest splits, metrics beside the naive rule, calibration, the model folder.

A learner fits, predicts and is evaluated (`commands.md`). A prediction for a time never learns from a later row, every metric
stands beside the naive rule's, and a model folder opens without running anything that is in it. In: frames of text, as they
were read. Raises InputError.
"""
