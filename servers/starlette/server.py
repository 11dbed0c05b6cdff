"""Hello world with Starlette, served by uvicorn on uvloop and httptools."""

from production import main  # a link to the folder of uvicorn

if __name__ == "__main__":
    main("app:app")
