"""Her colours, the light and the language: whatever an operator writes, the page stays readable."""

from typing import Literal

import pytest
from playwright.sync_api import expect

from tests.bots.page.conftest import NewFan
from tests.bots.page.fan import Fan

AA = 4.5
PALETTES = [
    ("#ffffff", "#ffffff"),
    ("#000000", "#000000"),
    ("#ffff00", "#00ff00"),
    ("#0000ff", "#ff0000"),
    ("#ff00ff", "#00ffff"),
    ("#7a5cff", "#ff7ab6"),
]
# what is written on what, by the custom properties of colours.css
PAIRS = [
    *((ink, ground) for ink in ("ink", "soft", "action", "accent", "alarm") for ground in ("ground", "raised")),
    ("ink", "bubble"),
    ("on-accent", "accent"),
    ("alarm", "alarm-ground"),
    ("ink", "alarm-ground"),
]
CONTRASTS = """([first, second, pairs]) => {
  const room = document.querySelector("green-room");
  room.style.setProperty("--first", first);
  room.style.setProperty("--second", second);
  const probe = room.appendChild(document.createElement("i"));
  const pixel = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  const light = (name) => {
    probe.style.color = `var(--${name})`;
    pixel.fillStyle = getComputedStyle(probe).color;
    pixel.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...pixel.getImageData(0, 0, 1, 1).data].map((byte) => byte / 255)
      .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  return pairs.map(([ink, ground]) => [`${ink} on ${ground}`, ratio(light(ink), light(ground))]);
}"""


@pytest.mark.parametrize("light", ["dark", "light"])
def test_every_palette_keeps_the_contrast_that_aa_asks_for(new_fan: NewFan, light: Literal["dark", "light"]) -> None:
    page = new_fan(color_scheme=light).comes_in().page

    contrasts = {
        (first, second, pair): ratio
        for first, second in PALETTES
        for pair, ratio in page.evaluate(CONTRASTS, [first, second, PAIRS])
    }

    assert len(contrasts) == len(PALETTES) * len(PAIRS)
    assert {names: round(ratio, 2) for names, ratio in contrasts.items() if ratio < AA} == {}


def test_the_system_chooses_the_light_and_the_fan_may_choose_another(new_fan: NewFan) -> None:
    fan = new_fan(color_scheme="dark").comes_in()
    scheme = "getComputedStyle(document.documentElement).colorScheme"
    assert fan.page.evaluate(scheme) == "dark"

    fan.opens("settings").get_by_role("radio", name="Light").check()
    fan.page.reload()

    assert fan.page.evaluate(scheme) == "light"


def test_the_page_speaks_chinese_to_a_chinese_browser(new_fan: NewFan) -> None:
    fan = new_fan(locale="zh-CN").comes_in()

    expect(fan.page.locator("html")).to_have_attribute("lang", "zh")
    expect(fan.page.get_by_role("button", name="发送")).to_be_visible()
    expect(fan.page.get_by_role("note")).to_contain_text("AI 角色")


def test_the_language_can_be_switched_and_stays_switched(fan: Fan) -> None:
    fan.says("Hello.")

    fan.opens("settings").get_by_role("radio", name="中文").click()
    expect(fan.field).to_have_attribute("placeholder", "对Mika说点什么…")
    fan.comes_back()

    expect(fan.page.get_by_role("button", name="发送")).to_be_visible()
    expect(fan.turns).to_have_count(1)


def test_the_fans_name_is_kept(fan: Fan) -> None:
    name = fan.opens("settings").get_by_label("What you are called here")
    with fan.page.expect_response("**/api/me"):
        name.fill("Kim")
        name.press("Tab")

    fan.page.reload()

    expect(fan.page.locator(".greeting")).to_be_visible()
    expect(fan.opens("settings").get_by_label("What you are called here")).to_have_value("Kim")


def test_nothing_is_fetched_from_elsewhere(new_fan: NewFan) -> None:
    fan = new_fan()
    asked: list[str] = []
    fan.page.on("request", lambda request: asked.append(request.url))

    fan.comes_in()

    assert len(asked) > 10
    assert [url for url in asked if not url.startswith(fan.url)] == []
