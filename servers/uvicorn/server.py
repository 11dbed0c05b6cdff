"""A bare ASGI application, served by uvicorn on uvloop and httptools."""

from production import main

if __name__ == "__main__":
    main("hello_asgi:app", lifespan="off")
