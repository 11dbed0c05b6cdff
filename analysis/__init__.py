"""Judging a run from what it recorded, offline: one job a file.

records     what lies in results/<run_id>/, read and checked
latency     wrk's correction undone, percentiles of batches
window      counters over the measured window
facts       one record reduced to the figures and texts that a judgement needs
verdict     outcome and reason, by rules
limits      what bounded the throughput
judge       a whole run: every record judged
statistics  medians, exact intervals, ratios within the round, ties and ranks
precision   whether the rounds so far are enough
compare     one cell against the others of its group
tables      results.csv and summary.csv
formats     numbers for readers
report      report.md, the summary on the terminal, writing
"""
