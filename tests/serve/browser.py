"""Debian's chromium with a fake camera and microphone, and a server of its own; tests that need them are skipped where they are missing."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars --use-fake-device-for-media-stream --use-fake-ui-for-media-stream"
)


def need_browser() -> None:
    """Skip where there is no browser, or nothing that drives it."""
    for program, package in (("chromium", "chromium"), ("chromedriver", "chromium-driver")):
        if shutil.which(program) is None:
            pytest.skip(f"no {program}: install Debian's package {package}")


@contextmanager
def browser(width: int = 1300, height: int = 900, dark: bool = False) -> Iterator[Any]:
    """A driven browser of so many CSS pixels."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in (*FLAGS.split(), f"--window-size={width},{height}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
    try:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        yield driver
    finally:
        driver.quit()


@contextmanager
def running(temporary: Path, *words: str, before: tuple[str, ...] = ()) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`lddu serve` as a user types it, with its files below `temporary`: the address that it prints, and the process."""
    environment = {**os.environ, "TMPDIR": str(temporary)}
    command = [*before, sys.executable, "-m", "lddu", "serve", "--no-browser", "--port", "0", *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def soon(true: Callable[[], Any], seconds: float = 90) -> Any:
    """Wait until it is true; what the page lacks meanwhile is waited for too."""
    from selenium.common.exceptions import WebDriverException

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if found := true():
                return found
        except WebDriverException:
            pass
        time.sleep(0.1)
    raise AssertionError("it did not come")


def faults(driver: Any) -> list[Mapping[str, Any]]:
    """What the browser complains about, such as what a content security policy forbids."""
    return [entry for entry in driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
