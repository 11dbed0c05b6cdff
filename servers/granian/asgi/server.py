"""A bare ASGI application, served by granian on uvloop."""

from granian.constants import Interfaces
from production import main

if __name__ == "__main__":
    # ASGI without lifespan: nothing begins or ends with it.
    main("hello_asgi:app", Interfaces.ASGINL)
