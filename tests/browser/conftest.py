"""Debian's Chromium without a window, which must ask for nothing but the page."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

LOCAL = ("file:", "data:", "about:", "chrome:")


@dataclass(frozen=True)
class Browser:
    """Chromium, and what the tests ask it for."""

    driver: Chrome

    def open(self, page: Path, width: int = 1280, height: int = 900) -> None:
        """Show a page, in a window of this size, as one sees it at first."""
        self.forget()
        self.emulate()
        self.cdp(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        self.driver.get(page.as_uri())

    def cdp(self, command: str, **parameters: Any) -> Any:
        return self.driver.execute_cdp_cmd(command, parameters)

    def emulate(self, media: str = "", **features: str) -> None:
        """Prefer these media features, as prefers_color_scheme="dark"."""
        asked = [{"name": k.replace("_", "-"), "value": v} for k, v in features.items()]
        self.cdp("Emulation.setEmulatedMedia", media=media, features=asked)

    def js(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def forget(self) -> None:
        """Whatever was said and asked for so far."""
        self.said()
        self.asked()

    def log(self, kind: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.driver.get_log(kind)  # type: ignore[no-untyped-call] # untyped in selenium
        return entries

    def said(self) -> list[str]:
        """Messages of the console since the last time, of any level."""
        return [str(entry) for entry in self.log("browser")]

    def asked(self) -> list[str]:
        """Addresses that were asked for since the last time."""
        events = [json.loads(e["message"])["message"] for e in self.log("performance")]
        sent = [e for e in events if e["method"] == "Network.requestWillBeSent"]
        return [e["params"]["request"]["url"] for e in sent]


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    programs = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    missing = [name for name, path in programs.items() if path is None]
    if missing:
        pytest.fail(f"{' and '.join(missing)} missing: ./test browser installs what it needs")
    options = ChromeOptions()
    options.binary_location = str(programs["chromium"])
    for argument in (
        "--headless=new",
        "--no-sandbox",  # it does not start as root with one
        "--disable-dev-shm-usage",  # 64 MiB in most containers
        "--force-device-scale-factor=1",
        "--disable-background-networking",
        f"--user-data-dir={tmp_path_factory.mktemp('chromium')}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=ChromeService(str(programs["chromedriver"])))
    try:
        yield Browser(driver)
    finally:
        driver.quit()


@pytest.fixture
def browser(started: Browser) -> Iterator[Browser]:
    """One that complains of nothing, and asks for nothing from elsewhere, whatever a test does."""
    started.forget()
    yield started
    assert started.said() == []
    assert [url for url in started.asked() if not url.startswith(LOCAL)] == []
