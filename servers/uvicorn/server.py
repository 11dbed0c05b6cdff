"""A bare ASGI application, served by uvicorn on uvloop and httptools."""

from hello_asgi import app
from production import main

if __name__ == "__main__":
    main(app, lifespan="off")
