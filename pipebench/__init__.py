"""Everything that the controller runs, in floors; each imports only those above it in this list.

record    what a run writes down: every document, file names, whole files, events
tools     what a load tool is: its limits, and what its answer means
plan      variables, frameworks, testbeds, schedule, estimate
measure   one record as one measurement: window, usage, connections, latency
rules     outcome, bottleneck, disturbance, conformance, path capacity
stats     estimates, ranking, precision, two samples
run       a run, read and judged; the table of figures
harness   what the playbooks' actions do on the controller: record, and decide what is next
compare   runs with runs; what differs between them; the gate of continuous integration
show      report, answer, terminal, formats, page, charts
chapters  cost, cross-check, the stack of 2017, calibration: parts of a report that the core ignores
commands  what collect.py can do, a module each
cli       the command line of collect.py
"""
