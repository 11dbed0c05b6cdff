"""Judging a run from what it recorded, offline: one job a file.

records     what lies in results/<run_id>/, read and checked
latency     wrk's correction undone, percentiles of batches
window      counters over the measured window
usage       what a host had to do in the measured window
facts       one record reduced to the figures and texts that a judgement needs
verdict     outcome and reason, by rules
baseline    what the path of a testbed carried before
limits      what bounded the throughput, and what disturbed it
judge       a whole run: every record judged
statistics  medians, exact intervals, ratios within the round
tables      results.csv and summary.csv
formats     numbers for readers
report      report.md, the summary on the terminal, writing
"""
