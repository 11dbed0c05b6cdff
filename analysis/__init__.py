"""Judging a run from what it recorded, offline: one job a file.

records     what lies in results/<run_id>/, read and checked
latency     wrk's correction undone, percentiles of batches
window      counters over the measured window
conformance what the probe saw, read, and as a table
crosscheck  h2load's records: agreement with wrk, latency at a constant rate
usage       what a host had to do in the measured window
facts       one record reduced to the figures and texts that a judgement needs
verdict     outcome and reason, by rules
baseline    what the path of a testbed carried before
limits      what bounded the throughput, and what disturbed it
judge       a whole run: every record judged
statistics  medians, exact intervals, ratios within the round, ties and ranks
precision   whether the rounds so far are enough
compare     one cell against the others of its group
tables      results.csv and summary.csv
formats     numbers for readers
between     the same cells in two runs: ratio, interval, verdict
differences what differs between two runs besides their figures
gate        whether a comparison shows a loss, for an exit status
comparison  runs compared, for readers
listing     the runs there are
prices      what the hosts of a run cost
cost        requests per unit of money and per core
calibration expected beside seen, for servers whose truth is known
drawing     how charts look: colours, panels, SVG
charts      which charts there are, and what each says in words
page        report.md as one page of HTML
report      report.md, its page, the summary on the terminal, writing
"""
