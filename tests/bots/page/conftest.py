"""One real server and one real Chromium for all tests of the page; each fan comes in a browser of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.bots.page.fan import Fan
from tests.bots.page.house import House

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-renderer-backgrounding",  # headless windows count as hidden, and would run at low priority
]
NewFan = Callable[..., Fan]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever asks for a browser is slow."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("house")) as house:
        yield house


# for the package and no longer: while it is open, Playwright's event loop is in the way of asyncio's tests
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed; `make test` installs it where it may.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def new_fan(browser: Browser, house: House) -> Iterator[NewFan]:
    """Makes fans, `new_fan(viewport=…, locale=…)`; afterwards none of their pages may have complained."""
    fans: list[Fan] = []

    def made(**options: object) -> Fan:
        wanted = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", "reduced_motion": "reduce", **options}
        fans.append(Fan(browser.new_context(**wanted), house.url))  # type: ignore[arg-type]
        return fans[-1]

    yield made
    for fan in fans:
        fan.context.close()
    assert [trouble for fan in fans for trouble in fan.troubles] == []


@pytest.fixture
def fan(new_fan: NewFan) -> Fan:
    """A stranger who has just come in."""
    return new_fan().comes_in()
