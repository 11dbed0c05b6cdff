"""What Ansible's actions do while a run goes on: record an execution, say it in a line, recover.

Nothing here judges a server: what it did is written down, whatever it was.
"""
