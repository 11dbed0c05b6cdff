"""The process that fetches one artifact of Maven: python -m ... ARTIFACT FILE SECONDS

A process of its own, so that it ends after so many seconds, whatever a server sends, and however
slowly. What goes wrong is on stderr, as the end of a sentence that begins with the repository.
"""

from __future__ import annotations

import errno
import functools
import os
import signal
import sys

import requests
from maven_artifact import Artifact, Downloader, RequestException

MIRROR = "PIPELINE_BENCH_MAVEN_MIRROR"
"""The controller's environment: the URL of a repository in place of Maven's central one."""
CONNECT_S = 10
SILENCE_S = 30
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def fetch(artifact: str, file: str) -> None:
    """Fetch an artifact, named `group:name:type:classifier:version`, into a file that is not there.

    It is not checked here. OSError (as those of requests are), RequestException: it has failed.
    """
    mirror = os.environ.get(MIRROR)
    downloader = Downloader(mirror) if mirror else Downloader()
    requestor = downloader.requestor
    requestor.request = functools.partial(requestor.request, timeout=(CONNECT_S, SILENCE_S))
    downloader.download(Artifact.parse(artifact), file)


def why(error: BaseException) -> str:
    """What went wrong, after the name of the repository: "does not answer: Connection refused"."""
    if isinstance(error, RequestException):
        error = error.__context__ or error
    cause = _innermost(error)
    words = (getattr(cause, "strerror", None) or str(cause)).rstrip(".")
    kinds = requests.exceptions
    if isinstance(cause, OSError) and cause.errno in NO_SPACE:
        return f"sent more than the controller has space for: {words}"
    if isinstance(error, kinds.HTTPError) and error.response is not None:
        return f"answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, kinds.ReadTimeout) or "Read timed out" in words:
        return f"sent nothing for {SILENCE_S} s"
    sentences = {
        kinds.ProxyError: f"is not reached through the controller's proxy: {words}",
        kinds.SSLError: f"is not trusted by the controller: {words}",
        kinds.ConnectTimeout: f"does not answer: no connection within {CONNECT_S} s",
        kinds.ChunkedEncodingError: "broke off before all of it was sent",
    }
    return next(
        (sentence for kind, sentence in sentences.items() if isinstance(error, kind)),
        f"does not answer: {words}",
    )


def _innermost(error: BaseException) -> BaseException:
    while cause := error.__cause__ or error.__context__:
        error = cause
    return error


def main() -> None:
    artifact, file, seconds = sys.argv[1:]
    signal.alarm(int(seconds))
    try:
        fetch(artifact, file)
    except (OSError, RequestException) as error:
        sys.exit(why(error))


if __name__ == "__main__":
    main()
