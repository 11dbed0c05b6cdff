"""Hello world with Falcon's ASGI application."""

import falcon
import falcon.asgi


async def somebody() -> None:
    return


class Hello:
    async def on_get(self, _: falcon.asgi.Request, response: falcon.asgi.Response) -> None:
        await somebody()
        response.content_type = falcon.MEDIA_TEXT
        response.text = "Hello world!"

    on_head = on_get


app = falcon.asgi.App()
app.add_route("/", Hello())
