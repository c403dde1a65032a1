"""The page in a real browser: what commands wrote of a project, on a narrow screen, in the dark, by keyboard."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from helpers import CUSTOM_RELU, copy_project, need, run_ovext
from ovext.report.keep import running
from reported import FAILED, bench, proof, row, whole, write
from stopping import DEADLINE, running_ovext

if TYPE_CHECKING:
    from collections.abc import Iterator

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
ONE_CASE = '\nsource = "baselines.cpp"\ncases = [[{ element = "f32", shape = [1, 64, 56, 56] }]]\n'


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a matrix, a proof, a benchmark and a check of GPU layers, as the commands write them."""
    root = tmp_path_factory.mktemp("shown")
    project = copy_project(CUSTOM_RELU, root / "custom_relu")
    benchmark = project / "bench" / "bench.toml"
    text = benchmark.read_text(encoding="utf-8")
    begin, end = text.index("\nsource"), text.index("[[baselines]]")
    benchmark.write_text(text[:begin] + ONE_CASE + text[end:], encoding="utf-8")
    matrix = ["--base-os", "ubuntu24", "--base-os", "ubi8", "--output", "dist/matrix"]
    few = ["--isa", "avx2", "--examples", "1", "--device", "CPU"]
    library = ["--library", "dist/matrix/openvino2026.4.1-release/ubuntu24"]
    for command in (
        ["matrix", *matrix],
        ["test", *few, *library],
        ["bench", *library],
        ["gpu", "check", "--no-compile"],
        ["report", "-o", "page.html"],
    ):
        done = run_ovext(*command, cwd=project)
        assert done.returncode == 0, done.stderr
    write(project / "build" / "reports", failed=proof(FAILED), other=bench("Other", gigaflops=30.0))
    assert run_ovext("report", "-o", "page.html", cwd=project).returncode == 0
    return project / "page.html"


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """axe-core, which finds what people with disabilities cannot use."""
    folder = tmp_path_factory.mktemp("axe")
    npm = Path(sys.executable).with_name("npm")
    install = [str(npm), "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), "axe-core@4"]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    need(done.returncode == 0, "axe-core from npm")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(params=["light", "dark"])
def browser(request: pytest.FixtureRequest) -> Iterator[webdriver.Chrome]:
    need(CHROMIUM is not None and DRIVER is not None, "chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, Service(str(DRIVER)))
    feature = {"name": "prefers-color-scheme", "value": request.param}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    yield driver
    driver.quit()


def opened(browser: webdriver.Chrome, page: Path, width: int = 1200) -> webdriver.Chrome:
    browser.set_window_size(width, 900)
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get(page.as_uri())
    return browser


def test_it_asks_nobody_and_complains_of_nothing(browser: webdriver.Chrome, page: Path) -> None:
    opened(browser, page)
    events = [json.loads(one["message"])["message"] for one in browser.get_log("performance")]  # type: ignore[no-untyped-call]
    requests = [one["params"]["request"]["url"] for one in events if one["method"] == "Network.requestWillBeSent"]
    assert {one for one in requests if not one.startswith("data:")} == {page.as_uri()}
    assert browser.get_log("browser") == []  # type: ignore[no-untyped-call]


def test_axe_finds_nothing_serious(browser: webdriver.Chrome, page: Path, axe: str) -> None:
    opened(browser, page)
    browser.execute_script("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    browser.execute_script(axe)
    found: dict[str, Any] = browser.execute_async_script("axe.run(document).then(arguments[arguments.length - 1])")
    serious = [one for one in found["violations"] if one["impact"] in {"serious", "critical"}]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in serious] == []


def test_each_cell_is_reached_and_opened_by_keyboard(browser: webdriver.Chrome, page: Path) -> None:
    opened(browser, page)
    cells = browser.find_elements(By.CSS_SELECTOR, ".grid summary")
    assert len(cells) > 20
    wanted = {one.get_attribute("aria-label") for one in cells}
    reached = set()
    for _ in range(10 * len(cells)):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        label = browser.switch_to.active_element.get_attribute("aria-label")
        if browser.switch_to.active_element.tag_name == "summary" and label in wanted:
            reached.add(label)
        if reached == wanted:
            break
    assert reached == wanted
    last = browser.switch_to.active_element
    last.send_keys(Keys.ENTER)
    assert last.find_element(By.XPATH, "..").get_attribute("open") is not None


def test_pictures_show_something(browser: webdriver.Chrome, page: Path) -> None:
    opened(browser, page)
    pictures = browser.find_elements(By.CSS_SELECTOR, "figure svg")
    assert len(pictures) >= 6
    assert "mathdefault" not in page.read_text(encoding="utf-8")  # labels are text for people
    for picture in pictures:
        image = Image.open(io.BytesIO(picture.screenshot_as_png)).convert("RGB")
        colours = image.getcolors(image.width * image.height) or []
        background = max(colours)[0]
        assert len(colours) > 8
        assert background < 0.99 * image.width * image.height


def test_a_phone_scrolls_in_one_direction(browser: webdriver.Chrome, page: Path) -> None:
    opened(browser, page, width=360)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 360
    browser.execute_script("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 360


def test_a_run_is_followed_without_a_reload(browser: webdriver.Chrome, tmp_path: Path) -> None:
    """What is open stays open, also when something comes before it."""
    folder = whole(tmp_path / "a")
    opened_cell = ".grid summary[aria-label^='numbers f32']"
    with ExitStack() as run:
        tell = run.enter_context(running(folder / "reports", "test"))
        tell(proof(row("Second")))
        process = run.enter_context(running_ovext("report", folder, "--serve", cwd=tmp_path))
        assert process.stdout is not None
        browser.get(process.stdout.readline().split()[0])
        browser.execute_script("window.isTheSame = true")
        browser.find_elements(By.CSS_SELECTOR, opened_cell)[-1].click()
        tell(proof(row("Second"), row("Second", check="attributes", types="", points=[])))
        WebDriverWait(browser, DEADLINE).until(lambda page: "attributes" in page.page_source)
        assert browser.execute_script("return window.isTheSame") is True
        cells = browser.find_elements(By.CSS_SELECTOR, opened_cell)
        states = [cell.find_element(By.XPATH, "..").get_attribute("open") is not None for cell in cells]
        assert states == [*[False] * (len(cells) - 1), True]
