"""What is done while a run goes on: executions on hosts, their records and lines, recovery.

This package does not judge a server: it records everything that the server did.
"""
