"""What a host does at its first boot: it sets the moment at which it ends itself.

Whatever becomes of this computer, no host outlives its fleet by more than a second: a systemd timer
with an absolute time, which holds over reboots. The text has no secret: hosts can read it.
"""

from __future__ import annotations

from datetime import UTC, datetime

import yaml

TIMER = "bench-end.timer"
UNIT = """\
[Unit]
Description=The end of this rented host
[Timer]
OnCalendar={moment} UTC
Persistent=true
AccuracySec=1s
Unit=poweroff.target
[Install]
WantedBy=timers.target
"""


def user_data(expires: float) -> str:
    """For cloud-init. expires: unix s."""
    moment = f"{datetime.fromtimestamp(expires, UTC):%Y-%m-%d %H:%M:%S}"
    document = {
        "write_files": [
            {"path": f"/etc/systemd/system/{TIMER}", "content": UNIT.format(moment=moment)}
        ],
        "runcmd": [
            ["systemctl", "daemon-reload"],
            ["systemctl", "enable", "--now", TIMER],
        ],
    }
    return "#cloud-config\n" + yaml.safe_dump(document, sort_keys=False)
