"""A headless Chromium, and what is asked of a page again and again."""

from __future__ import annotations

import os
import pathlib
import shutil
import tempfile
from collections.abc import Callable

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

SHOTS = pathlib.Path(os.environ.get("VESTING_PAGE_SHOTS") or tempfile.mkdtemp(prefix="vesting-page-"))

DESKTOP = (1280, 800)
PHONE = (390, 844)


class Browser:
    """One window."""

    def __init__(self) -> None:
        options = webdriver.ChromeOptions()
        for argument in ("--headless=new", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars"):
            options.add_argument(argument)
        if os.geteuid() == 0:
            options.add_argument("--no-sandbox")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        options.binary_location = next(path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name)))
        driver = shutil.which("chromedriver")
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
        self.look(DESKTOP, dark=False)

    def look(self, size: tuple[int, int], dark: bool) -> None:
        self._size(*size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})

    def _size(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def wait(self, until: Callable[[], object], why: str, seconds: float = 30) -> object:
        return WebDriverWait(self.driver, seconds, poll_frequency=0.1).until(lambda _: self._tried(until), why)

    @staticmethod
    def _tried(until: Callable[[], object]) -> object:
        try:
            return until()
        # An element may be drawn anew between two questions.
        except Exception as error:  # noqa: BLE001
            if type(error).__name__ == "StaleElementReferenceException":
                return None
            raise

    def all(self, css: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def one(self, css: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def texts(self, css: str) -> list[str]:
        """Read at once, since what is shown may be drawn anew at any time."""
        return list(self.ask("return [...document.querySelectorAll(arguments[0])].map((one) => one.innerText.trim())", css))

    def text(self, css: str) -> str:
        return " ".join(self.texts(css))

    def ask(self, script: str, *arguments: object):
        return self.driver.execute_script(script, *arguments)

    def errors(self) -> list[str]:
        return [line["message"] for line in self.driver.get_log("browser") if line["level"] == "SEVERE"]

    def shot(self, name: str, size: tuple[int, int]) -> None:
        """The whole page, however long."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        self._size(size[0], min(3_000, int(self.ask("return document.documentElement.scrollHeight"))))
        self.driver.save_screenshot(str(SHOTS / f"{name}.png"))
        self._size(*size)

    def close(self) -> None:
        self.driver.quit()
