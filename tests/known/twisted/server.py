"""The contract of a framework on twisted.web."""

import os

from twisted.internet import reactor
from twisted.web import resource, server


class Root(resource.Resource):
    isLeaf = True  # noqa: N815 - as twisted has it

    def render_GET(self, request: server.Request) -> bytes:  # noqa: N802
        request.setHeader(b"content-type", b"text/plain")
        if request.path == b"/":
            return b"Hello world!"
        request.setResponseCode(404)
        return b"none"


for method in ("POST", "PUT", "PATCH"):
    setattr(Root, f"render_{method}", Root.render_GET)


reactor.listenTCP(
    int(os.environ["BENCH_PORT"]), server.Site(Root()), interface=os.environ["BENCH_ADDRESS"]
)
reactor.run()
