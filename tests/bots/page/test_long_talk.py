"""A talk of years: five thousand messages, loaded as one scrolls, and never more drawn than is seen."""

from functools import partial
from urllib.parse import parse_qs, urlparse

from playwright.sync_api import Route, expect

from tests.bots.page.fan import Fan

TURNS = 2500
GAP = """() => {
  const scroll = document.querySelector("talk-scroll");
  return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight;
}"""


def turn(number: int) -> dict[str, object]:
    at = f"2026-01-{1 + number // 100:02d}T12:00:00Z"
    return {
        "id": f"t{number}",
        "after": f"t{number - 1}" if number else None,
        "variants": [f"t{number}"],
        "heard": [{"id": f"u{number}", "name": "", "text": f"Question {number}", "at": at}],
        "said": f"Answer {number}",
        "html": f"<p>Answer {number}, and a little more of it, so that it has the length of a real one.</p>",
        "outcome": "answered",
        "mood": "neutral",
        "model": "scripted",
        "at": at,
        "feedback": None,
    }


def tell_all(route: Route, *, at_once: int = 50) -> None:
    """A talk of 2,500 turns, in pages as the house serves them."""
    asked = parse_qs(urlparse(route.request.url).query)
    end = int(asked["before"][0][1:]) if "before" in asked else TURNS
    start = max(0, end - at_once)
    turns = [turn(number) for number in range(start, end)]
    route.fulfill(json={"id": "long", "persona": "mika", "greeting": {"html": ""}, "turns": turns, "more": start > 0})


def long_talk(fan: Fan, *, at_once: int = 50) -> None:
    fan.page.route("**/api/talks/*?*", partial(tell_all, at_once=at_once))
    fan.page.reload()
    expect(fan.last).to_contain_text("Answer 2499")


def test_older_words_load_as_one_scrolls_and_push_nothing_away(fan: Fan) -> None:
    long_talk(fan)
    assert fan.turns.count() == 50
    expect(fan.last).to_be_in_viewport()

    place = fan.page.locator("[data-turn=t2452]")
    place.scroll_into_view_if_needed()
    expect(fan.turns).not_to_have_count(50)

    expect(place).to_be_in_viewport()
    expect(fan.page.locator("[data-turn=t2401]")).to_have_count(1)


def test_of_five_thousand_messages_only_what_is_near_is_drawn(fan: Fan) -> None:
    long_talk(fan, at_once=250)

    loaded = fan.page.evaluate(
        """async () => {
          const scroll = document.querySelector("talk-scroll");
          const turns = () => document.querySelectorAll("talk-turn").length;
          for (let frame = 0; turns() < 2500 && frame < 5000; frame++) {
            scroll.scrollTop = 0;
            await new Promise(requestAnimationFrame);
          }
          return turns();
        }"""
    )
    drawn = fan.page.evaluate(
        """() => [...document.querySelectorAll("talk-turn > .reply")]
            .filter((reply) => reply.checkVisibility({contentVisibilityAuto: true})).length"""
    )

    assert loaded == TURNS
    assert 0 < drawn < 60


def test_the_end_stays_in_sight_only_for_a_reader_who_is_there(fan: Fan) -> None:
    for _ in range(3):
        fan.says("Sing something.")
    fan.page.set_viewport_size({"width": 1280, "height": 420})
    fan.begins_long_reply()
    assert fan.page.evaluate(GAP) < 2

    fan.page.locator("talk-scroll").hover()
    fan.page.mouse.wheel(0, -300)
    fan.page.wait_for_function("document.querySelector('.to-end').hidden === false")
    top = fan.page.evaluate("document.querySelector('talk-scroll').scrollTop")
    fan.waits()

    assert fan.page.evaluate("document.querySelector('talk-scroll').scrollTop") == top
    fan.page.get_by_role("button", name="To the latest words").click()
    fan.page.wait_for_function(f"({GAP})() < 2")
