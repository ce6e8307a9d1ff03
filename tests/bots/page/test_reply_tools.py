"""What can be done to a reply: another, the one before, stop, go on, other words, a thumb, and why."""

from playwright.sync_api import expect

from tests.bots.page.fan import Fan


def test_another_reply_stands_beside_the_first(fan: Fan) -> None:
    first = fan.says("Hello.")

    fan.tool("again").click()
    expect(fan.last.locator(".count")).to_have_text("2/2")
    fan.waits()
    fan.tool("earlier").click()

    expect(fan.last.locator(".count")).to_have_text("1/2")
    expect(fan.turns).to_have_count(1)
    assert fan.waits() == first


def test_the_chosen_version_is_still_chosen_after_a_reload(fan: Fan) -> None:
    fan.says("Hello.")
    fan.tool("again").click()
    expect(fan.last.locator(".count")).to_have_text("2/2")
    fan.waits()
    fan.tool("earlier").click()
    expect(fan.last.locator(".count")).to_have_text("1/2")

    fan.comes_back()

    expect(fan.last.locator(".count")).to_have_text("1/2")


def test_ctrl_enter_asks_for_another_reply(fan: Fan) -> None:
    fan.says("Hello.")

    fan.field.press("Control+Enter")

    expect(fan.last.locator(".count")).to_have_text("2/2")
    fan.waits()


def test_arrow_up_opens_the_last_words_for_editing(fan: Fan) -> None:
    fan.says("I like tea.")

    fan.field.press("ArrowUp")
    edited = fan.last.locator(".rewrite textarea")
    expect(edited).to_be_focused()
    edited.fill("I like coffee.")
    edited.press("Enter")

    expect(fan.last.locator(".bubble")).to_contain_text("I like coffee.")
    fan.waits()
    expect(fan.turns).to_have_count(1)
    expect(fan.last.locator(".count")).to_have_text("2/2")
    expect(fan.field).to_be_focused()


def test_an_edit_can_be_left_with_escape(fan: Fan) -> None:
    fan.says("I like tea.")
    fan.field.press("ArrowUp")

    fan.last.locator(".rewrite textarea").press("Escape")

    expect(fan.last.locator(".bubble")).to_contain_text("I like tea.")
    expect(fan.field).to_be_focused()


def test_an_earlier_turn_can_branch_and_the_old_branch_is_not_lost(fan: Fan) -> None:
    fan.says("One.")
    fan.says("Two.")
    first = fan.turns.nth(0)
    first.hover()

    first.get_by_role("button", name="More").click()
    first.get_by_role("menuitem", name="Edit my words").click()
    first.locator(".rewrite textarea").fill("Another one.")
    first.get_by_role("button", name="Say it this way").click()
    expect(fan.turns).to_have_count(1)
    expect(fan.last.locator(".bubble")).to_contain_text("Another one.")
    fan.waits()
    fan.tool("earlier").click()

    expect(fan.turns.nth(0).locator(".bubble")).to_contain_text("One.")
    expect(fan.turns).to_have_count(2)
    expect(fan.turns.nth(1).locator(".bubble")).to_contain_text("Two.")


def test_escape_stops_her_and_she_can_go_on(fan: Fan) -> None:
    fan.begins_long_reply()

    fan.field.press("Escape")
    stopped = fan.waits()

    expect(fan.last.locator(".aside")).to_contain_text("Stopped here.")
    assert stopped.count("Tell me, how was your day?") < 2
    fan.tool("goOn").click()
    expect(fan.last.locator(".count")).to_have_text("2/2")
    assert len(fan.waits()) > len(stopped)
    assert fan.reply.inner_text().startswith(stopped[:20])


def test_the_stop_button_stops_her(fan: Fan) -> None:
    fan.begins_long_reply()

    fan.page.get_by_role("button", name="Stop").click()
    fan.waits()

    expect(fan.last.locator(".aside")).to_contain_text("Stopped here.")
    expect(fan.page.get_by_role("button", name="Send")).to_be_visible()


def test_a_thumb_is_kept_and_can_be_taken_back(fan: Fan) -> None:
    fan.says("Hello.")

    fan.tool("good").click()
    expect(fan.tool("good")).to_have_attribute("aria-pressed", "true")
    fan.comes_back()
    expect(fan.tool("good")).to_have_attribute("aria-pressed", "true")
    fan.tool("good").click()

    expect(fan.tool("good")).to_have_attribute("aria-pressed", "false")


def test_why_tells_what_gave_the_words_and_shows_an_operator_the_prompt(fan: Fan) -> None:
    fan.says("Do you remember the lighthouse?")

    fan.tool("why").click()
    sheet = fan.sheet

    expect(sheet.get_by_role("heading", name="Why did Mika say that?")).to_be_visible()
    expect(sheet).to_contain_text("scripted · no LoRA")
    expect(sheet.get_by_role("meter")).to_be_visible()
    sheet.get_by_text("The prompt, as it was sent").click()
    expect(sheet.locator("pre").last).to_contain_text("Do you remember the lighthouse?")
    fan.page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    expect(fan.tool("why")).to_be_focused()


def test_tools_stand_under_the_last_reply_only(fan: Fan) -> None:
    fan.says("One.")
    fan.says("Two.")

    expect(fan.page.locator("[data-does=goOn]")).to_have_count(1)
    expect(fan.page.locator("[data-does=good]")).to_have_count(1)
    expect(fan.last.locator("[data-does=good]")).to_have_count(1)
    expect(fan.page.locator("[data-does=why]")).to_have_count(2)
