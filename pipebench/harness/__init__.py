"""The work of Ansible's actions during a run: record an execution, print a line, recover.

This package does not judge a server: it records everything that the server did.
"""
