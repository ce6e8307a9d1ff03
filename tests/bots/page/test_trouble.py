"""When things go wrong: the page says so in a sentence, small, and nothing that was typed is lost."""

import re

from playwright.sync_api import Route, expect

from tests.bots.page.conftest import NewFan
from tests.bots.page.fan import Fan
from tests.bots.page.house import House

AWAY = re.compile("connection was lost")


def quiet_about_the_network(fan: Fan) -> None:
    """The browser itself reports requests that failed; here they were meant to."""
    fan.troubles = [trouble for trouble in fan.troubles if not trouble.startswith("Failed to load resource")]


def test_a_reply_that_broke_off_with_the_line_is_joined_again(fan: Fan) -> None:
    fan.begins_long_reply()

    fan.context.set_offline(True)
    fan.page.route("**/api/turns/*/stream", lambda route: route.abort())
    fan.page.evaluate("dispatchEvent(new Event('offline'))")
    fan.context.set_offline(False)
    fan.page.unroute("**/api/turns/*/stream")
    said = fan.waits()

    assert said.count("Tell me, how was your day?") == 2
    expect(fan.turns).to_have_count(1)
    quiet_about_the_network(fan)


def test_words_sent_into_a_dead_line_arrive_once_when_it_is_back(fan: Fan) -> None:
    fan.says("Hello.")
    fan.page.route("**/say", lambda route: route.abort())

    fan.types("Are you there?")
    expect(fan.beneath).to_have_text(AWAY)
    fan.page.unroute("**/say")
    fan.waits()

    expect(fan.turns).to_have_count(2)
    expect(fan.last.locator(".bubble")).to_contain_text("Are you there?")
    expect(fan.beneath).not_to_have_text(AWAY)
    quiet_about_the_network(fan)


def test_words_sent_into_a_dead_line_are_still_there_after_a_reload(fan: Fan) -> None:
    fan.says("Hello.")
    fan.page.route("**/say", lambda route: route.abort())
    fan.types("Please don't lose this.")
    expect(fan.beneath).to_have_text(AWAY)

    fan.comes_back()

    expect(fan.field).to_have_value("Please don't lose this.")
    expect(fan.turns).to_have_count(1)
    quiet_about_the_network(fan)


def test_all_that_was_sent_into_a_dead_line_is_there_after_a_reload_and_heard_once(fan: Fan) -> None:
    fan.says("Hello.")
    fan.page.route("**/say", lambda route: route.abort())
    for words in ("The first of two.", "And the second."):
        fan.types(words)
        expect(fan.beneath).to_have_text(AWAY)

    fan.comes_back()
    expect(fan.field).to_have_value("The first of two.\nAnd the second.")
    fan.page.unroute("**/say")
    fan.field.press("Enter")
    fan.waits()
    fan.comes_back()

    expect(fan.field).to_have_value("")
    expect(fan.turns).to_have_count(2)
    quiet_about_the_network(fan)


def test_an_edit_that_is_being_written_stays_when_the_fan_comes_back_to_the_window(fan: Fan) -> None:
    fan.says("Hello.")
    fan.field.press("ArrowUp")
    fan.last.locator(".rewrite textarea").fill("A carefully rewritten line.")

    with fan.page.expect_response("**/api/talks/*"):
        fan.page.evaluate("dispatchEvent(new Event('focus'))")

    expect(fan.last.locator(".rewrite textarea")).to_have_value("A carefully rewritten line.")


def test_an_edit_that_the_house_refuses_is_still_there_to_be_mended(fan: Fan) -> None:
    fan.says("Hello.")
    fan.field.press("ArrowUp")
    words = "la " * 3000 + "my long letter"
    fan.last.locator(".rewrite textarea").fill(words)

    fan.last.locator(".rewrite .strong").click()

    expect(fan.beneath).to_contain_text("8,000 are the most")
    expect(fan.last.locator(".rewrite textarea")).to_have_value(words)
    quiet_about_the_network(fan)


def test_a_text_that_is_too_long_stays_where_it_was_typed(fan: Fan) -> None:
    words = "la " * 3000

    fan.types(words)

    expect(fan.beneath).to_contain_text("longer than 8000 characters")
    expect(fan.field).to_have_value(words)
    expect(fan.turns).to_have_count(0)


def test_words_that_the_house_refuses_come_back_to_the_line(fan: Fan) -> None:
    def refuse(route: Route) -> None:
        route.fulfill(status=413, json={"error": {"sentence": "That is more than fits.", "try": "Send it in parts."}})

    fan.page.route("**/say", refuse)

    fan.types("Too much for this house.")

    expect(fan.beneath).to_have_text("That is more than fits. Send it in parts.")
    expect(fan.field).to_have_value("Too much for this house.")
    expect(fan.turns).to_have_count(0)
    quiet_about_the_network(fan)


def test_trouble_with_a_reply_is_said_beneath_it_with_a_way_on(fan: Fan) -> None:
    fan.says("Hello.")
    turn = fan.page.evaluate("document.querySelector('talk-turn.last').turn.id")
    events = f'event: queue\ndata: {{"position": 2}}\n\nevent: heard\ndata: {{"turn": {heard(turn)}}}\n\n'
    trouble = 'event: trouble\ndata: {"sentence": "The engine is away.", "retry": true}\n\n'
    fan.page.route("**/say", lambda route: route.fulfill(content_type="text/event-stream", body=events + trouble))

    fan.types("And now?")

    expect(fan.last.locator(".aside")).to_contain_text("The engine is away.")
    expect(fan.last.locator(".aside").get_by_role("button", name="Try again")).to_be_visible()
    expect(fan.last.locator(".bubble")).to_contain_text("And now?")


def heard(after: str) -> str:
    said = '[{"id": "u", "name": "", "text": "And now?", "at": "2026-01-01T12:00:00Z"}]'
    return (
        f'{{"id": "t", "after": "{after}", "variants": ["t"], "heard": {said}, "said": null, "html": "", '
        '"outcome": "unanswered", "mood": "neutral", "model": "", "at": "2026-01-01T12:00:00Z", "feedback": null}'
    )


def test_a_house_killed_in_mid_reply_answers_once_after_it_opens_again(new_fan: NewFan, house: House) -> None:
    fan = new_fan().comes_in()
    fan.begins_long_reply()

    house.kill()
    expect(fan.beneath).to_have_text(AWAY)
    house.open()
    said = fan.waits()

    assert said.count("Tell me, how was your day?") == 2
    expect(fan.turns).to_have_count(1)
    fan.comes_back()
    expect(fan.turns).to_have_count(1)
    expect(fan.last.locator(".bubble")).to_contain_text("Tell me at length.")
    quiet_about_the_network(fan)
