"""Answers of a provider that say no, as sentences: what happened, and what helps."""

from __future__ import annotations

import re

from pipebench.cloud.provider import Description

NO_ANSWER = re.compile(
    r"HTTPS?ConnectionPool\(|endpoint URL: |Connection aborted|SSL validation failed"
    r"|Failed to connect to proxy|urlopen error|^The read operation timed out|^timed out"
)
"""How requests, boto3 and urllib begin if nobody answered."""
HOST = re.compile(r"host='(?P<pool>[^']+)', port=(?P<port>\d+)|https?://(?P<url>[^/\s\"'?]+)")
CAUSES = {
    r"ProxyError|proxy": "the proxy that is set for it (HTTPS_PROXY) does not answer",
    r"NameResolution|Failed to resolve|Name or service not known|name resolution"
    r"|No address associated": "{host} cannot be resolved",
    r"refused": "{host} refuses the connection",
    r"unreachable|No route to host": "there is no route to {host}",
    r"(?i)timed? ?out": "{host} does not answer in time",
    r"CERTIFICATE|SSL": "the certificate of {host} is not one that this computer trusts",
}
"""Each known failure and its sentence; the first one that matches is used."""


def unreachable(message: str, host: str = "its host") -> str:
    """Why no answer came at all, by the message of a library; empty if one came. No full stop.

    host: the one that was asked, if the message does not name it.
    """
    if not NO_ANSWER.search(message):
        return ""
    if named := HOST.search(message):
        port = named["port"]
        host = named["url"] or named["pool"] + (f":{port}" if port not in ("80", "443") else "")
    causes = (said for words, said in CAUSES.items() if re.search(words, message))
    return next(causes, "{host} closed the connection").format(host=host)


def sentence_of(message: str, theirs: Description) -> str:
    """The message of a provider, with what helps if its code is known. No full stop."""
    text = " ".join(message.split()).rstrip(".")
    if lost := unreachable(text):
        return lost
    if theirs.lost and theirs.lost[0].search(text):
        return theirs.lost[1]
    code = theirs.code.search(text)
    if code and code[1] in theirs.help:
        return f"{theirs.help[code[1]]} ({text})"
    return text
