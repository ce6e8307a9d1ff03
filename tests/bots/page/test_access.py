"""Everyone can use it: by keyboard alone, with a screen reader, on a small phone, in the dark and in the light."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.bots.page.conftest import NewFan
from tests.bots.page.fan import Fan

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


def serious(page: Page) -> list[str]:
    """What axe-core finds that is serious or worse, as 'rule: element'."""
    found = Axe().run(page).response["violations"]
    return [
        f"{violation['id']}: {node['html'][:120]}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


def find_serious(fan: Fan, *sheets: str) -> list[str]:
    """Looks at the talk, then into each of the sheets, and last at why she said it."""
    fan.says("Hello, tell me about the moon.")
    found = serious(fan.page)
    for name in sheets:
        expect(fan.opens(name).get_by_role("heading").first).to_be_visible()
        found += serious(fan.page)
        fan.page.keyboard.press("Escape")
        expect(fan.sheet).to_have_count(0)
    fan.tool("why").click()
    fan.sheet.locator(".why-part").first.wait_for()
    return found + serious(fan.page)


def test_axe_finds_nothing_serious_in_the_dark(new_fan: NewFan) -> None:
    fan = new_fan(color_scheme="dark").comes_in()

    assert find_serious(fan, "cast", "talks", "memory", "settings") == []


def test_axe_finds_nothing_serious_on_a_phone_in_the_light_and_in_chinese(new_fan: NewFan) -> None:
    fan = new_fan(**PHONE, color_scheme="light", locale="zh-CN").comes_in()

    assert find_serious(fan, "cast", "memory") == []


def test_nothing_sticks_out_at_360_pixels(new_fan: NewFan) -> None:
    fan = new_fan(**PHONE).comes_in()
    fan.page.get_by_role("button", name="I understand").click()
    fan.says("A_very_long_word_without_any_space_at_all_" * 4)
    fan.tool("again").click()
    expect(fan.last.locator(".count")).to_have_text("2/2")
    fan.waits()

    widest = fan.page.evaluate(
        """() => Math.max(...[...document.querySelectorAll("green-room *:not(.stage *):not(dialog *):not(.unseen)")]
            .filter((element) => element.checkVisibility()).map((element) => element.getBoundingClientRect().right))"""
    )

    assert widest <= 360
    assert fan.page.evaluate("document.documentElement.scrollWidth") == 360
    expect(fan.page.locator(".face.here")).to_be_in_viewport()
    expect(fan.field).to_be_in_viewport()
    for name in ("cast", "talks", "memory", "settings"):
        assert fan.opens(name).evaluate("(sheet) => sheet.querySelector('.sheet-body').scrollWidth") <= 360
        fan.page.keyboard.press("Escape")


def test_a_whole_chat_needs_no_mouse(fan: Fan) -> None:
    page, keys = fan.page, fan.page.keyboard
    expect(fan.field).to_be_focused()

    keys.type("Hello by keyboard.")
    keys.press("Enter")
    expect(fan.turns).to_have_count(1)
    fan.waits()
    tab_to(page, "why", backwards=True)
    keys.press("Enter")
    expect(fan.sheet).to_be_visible()
    keys.press("Escape")
    expect(fan.tool("why")).to_be_focused()
    tab_to(page, "good", backwards=True)
    keys.press("Space")

    expect(fan.tool("good")).to_have_attribute("aria-pressed", "true")
    expect(fan.tool("good")).to_be_focused()


def test_a_menu_is_walked_with_arrows_and_left_with_escape(fan: Fan) -> None:
    fan.says("Hello.")
    more = fan.last.get_by_role("button", name="More")
    more.focus()

    fan.page.keyboard.press("Enter")
    items = fan.last.get_by_role("menuitem")
    expect(items.first).to_be_focused()
    fan.page.keyboard.press("ArrowDown")
    expect(items.nth(1)).to_be_focused()
    fan.page.keyboard.press("Escape")

    expect(more).to_be_focused()
    expect(items.first).not_to_be_visible()


def tab_to(page: Page, does: str, *, backwards: bool = False) -> None:
    """Presses Tab until the tool has the focus; a keyboard trap would never end, so it is bounded."""
    for _ in range(40):
        if page.evaluate("document.activeElement.dataset.does") == does:
            return
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
    raise AssertionError(f"Tab never reached {does!r}.")


def test_a_screen_reader_hears_whole_sentences(fan: Fan) -> None:
    fan.page.evaluate(
        """() => {
          window.heard = [];
          const listen = (changes) => window.heard.push(...changes.flatMap(({addedNodes}) => [...addedNodes]));
          new MutationObserver(listen).observe(document.querySelector("voice-over"), {childList: true});
        }"""
    )

    fan.types("Tell me at length.")
    fan.waits()

    heard = fan.page.evaluate("window.heard.map((node) => node.textContent)")
    assert len(heard) > 8
    assert heard[0] == "Hello!"
    assert all(sentence[-1] in ".!?。,:…；;)" or sentence[-1].isalpha() for sentence in heard)
    assert not any(sentence.endswith("Tell me") for sentence in heard)
    expect(fan.page.locator("voice-over")).to_have_attribute("aria-live", "polite")


def test_nothing_moves_for_those_who_asked_for_stillness(new_fan: NewFan) -> None:
    still, lively = new_fan().comes_in(), new_fan(reduced_motion="no-preference").comes_in()
    running = "() => document.getAnimations().filter((animation) => animation.playState === 'running').length"

    assert still.page.evaluate(running) == 0
    assert lively.page.evaluate(running) > 0
