"""Memory is a drawer that is handed over: see it, correct it, have it forgotten, take it along."""

import json
from pathlib import Path

from playwright.sync_api import expect

from tests.bots.page.conftest import NewFan
from tests.bots.page.fan import Fan

CAT = "My cat is called Biscuit and she sleeps in the piano."
HERS = "Grandmother left me a clock that runs backwards."


def test_what_was_told_stands_in_the_drawer_with_its_date_and_source(fan: Fan) -> None:
    fan.says(CAT)

    card = fan.opens("memory").locator("memory-card", has_text="Biscuit").first
    expect(card.locator("time")).to_be_visible()
    card.get_by_role("button", name="Where it comes from").click()

    expect(fan.sheet).to_have_count(0)
    expect(fan.page.locator("talk-turn", has_text="Biscuit").first).to_be_in_viewport()


def test_a_memory_can_be_corrected(fan: Fan) -> None:
    fan.says(CAT)
    cards = fan.opens("memory").locator("memory-card")
    expect(cards.filter(has_text="Biscuit")).to_have_count(1)
    card = cards.nth(next(n for n, text in enumerate(cards.all_inner_texts()) if "Biscuit" in text))

    card.get_by_role("button", name="Correct").click()
    card.get_by_label("What is right instead").fill("My cat is called Crumpet.")
    card.get_by_role("button", name="Save").click()
    expect(card).to_contain_text("Crumpet")
    fan.comes_back()

    expect(fan.opens("memory").locator("memory-card", has_text="Crumpet")).to_have_count(1)
    expect(fan.sheet.locator("memory-card", has_text="Biscuit")).to_have_count(0)


def test_a_memory_is_forgotten_only_when_asked_twice(fan: Fan) -> None:
    fan.says(CAT)
    cards = fan.opens("memory").locator("memory-card", has_text="Biscuit")
    forget = cards.first.locator("[data-does=forget]")
    expect(forget).to_be_visible()  # the cards come a moment after their drawer
    before = cards.count()

    forget.click()
    expect(forget).to_have_text("Forget for good?")
    forget.click()

    expect(cards).to_have_count(before - 1)


def test_everything_kept_can_be_taken_along(fan: Fan, tmp_path: Path) -> None:
    fan.says(CAT)
    sheet = fan.opens("memory")

    with fan.page.expect_download() as download:
        sheet.get_by_role("link", name="Export everything").click()

    download.value.save_as(tmp_path / "export.json")
    assert "Biscuit" in json.dumps(json.loads((tmp_path / "export.json").read_text()))


def test_a_fan_may_let_her_learn_and_take_it_back(fan: Fan) -> None:
    fan.says(CAT)
    switch = fan.opens("memory").get_by_role("switch", name="next training")
    expect(switch).not_to_be_checked()
    with fan.page.expect_response("**/api/teaching"):
        switch.check()

    fan.comes_back()

    switch = fan.opens("memory").get_by_role("switch", name="next training")
    expect(switch).to_be_checked()
    with fan.page.expect_response("**/api/teaching"):
        switch.uncheck()
    expect(fan.sheet.get_by_role("alert")).to_have_count(0)


def test_a_fan_is_forgotten_with_a_receipt_and_then_a_stranger(new_fan: NewFan) -> None:
    fan = new_fan().comes_in()
    fan.says(HERS)
    fan.field.fill("a draft about a clock")
    sheet = fan.opens("memory")

    sheet.get_by_role("button", name="Forget me").click()
    sheet.get_by_role("button", name="Everyone here forgets me").click()
    receipt = sheet.locator(".receipt")
    expect(receipt).to_contain_text("Erased on")
    expect(receipt.locator("dd").first).to_have_text("1")
    expect(receipt.locator("dd.left")).to_have_text("0")
    receipt.get_by_role("button", name="Close").click()

    expect(fan.turns).to_have_count(0)
    expect(fan.field).to_have_value("")
    expect(fan.opens("talks").locator(".talk-row")).to_have_count(0)
    assert "clock" not in fan.page.evaluate("JSON.stringify(localStorage)")
