"""Answers of a provider that say no, as sentences: what happened, and what helps."""

from __future__ import annotations

import re

HELP = {
    # AWS
    "AuthFailure": "the credentials are not valid; see `aws sts get-caller-identity`",
    "ExpiredToken": "the session has ended; log in again",
    "InvalidClientTokenId": "the credentials are not valid; see `aws sts get-caller-identity`",
    "SignatureDoesNotMatch": "the secret key is not the one of this access key",
    "UnauthorizedOperation": "the account may not do this; docs/cloud.md lists the permissions",
    "AccessDenied": "the account may not do this; docs/cloud.md lists the permissions",
    "AccessDeniedException": "the account may not do this; docs/cloud.md lists the permissions",
    "OptInRequired": "the account is not enabled in this region",
    "VcpuLimitExceeded": "the account's quota of vCPUs is used up; ask for more, or rent fewer",
    "InstanceLimitExceeded": "the account's quota of instances is used up",
    "VpcLimitExceeded": "the account's quota of networks is used up; delete one, or ask for more",
    "InsufficientInstanceCapacity": "the zone has no such machine left; try another zone, or later",
    "Unsupported": "the zone does not have this type; try another zone",
    "InvalidParameterCombination": "the type does not go with what is asked of it",
    # Hetzner
    "unauthorized": "the token is not valid",
    "forbidden": "the token may only read; it must be able to write",
    "resource_limit_exceeded": "the project's quota is used up; ask for more, or rent fewer",
    "resource_unavailable": "the location has no such server left; try another location, or later",
    "uniqueness_error": "another fleet has this name",
    "rate_limit_exceeded": "too many requests; try later",
}
"""By the code of the answer."""

CODES = (
    re.compile(r"An error occurred \((\w+)\)"),  # boto3
    re.compile(r"\((\w+)(?:, [0-9a-f]+)?\)\s*$"),  # hcloud, whose code is at the end
)
# hetzner.hcloud.firewall fails while it says that it failed, and loses the answer.
LOST = re.compile(r"Value of unknown type: .*FirewallRule")
LOST_TEXT = (
    "Hetzner said no, and its module does not say why: mostly the project's quota is used up, or "
    "the token may only read"
)


def sentence_of(message: str) -> str:
    """The message of a provider, with what helps if its code is known. No full stop."""
    text = " ".join(message.split()).rstrip(".")
    if LOST.search(text):
        return LOST_TEXT
    for code in CODES:
        said = code.search(text)
        if said and said[1] in HELP:
            return f"{HELP[said[1]]} ({text})"
    return text
