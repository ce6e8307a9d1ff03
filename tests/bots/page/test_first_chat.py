"""The first chat: a stranger comes in, says something, and is answered before their eyes."""

from playwright.sync_api import expect

from tests.bots.page.conftest import NewFan
from tests.bots.page.fan import Fan

LENGTHS_WHILE_STREAMING = """async () => {
  const lengths = new Set();
  while (document.querySelector("talk-turn.streaming")) {
    lengths.add(document.querySelector("talk-turn.streaming .prose").textContent.length);
    await new Promise(requestAnimationFrame);
  }
  return [...lengths];
}"""
NOTE_MOODS = """() => {
  const portrait = document.querySelector("stage-portrait");
  window.moods = [];
  const note = () => window.moods.push(portrait.dataset.mood);
  new MutationObserver(note).observe(portrait, {attributeFilter: ["data-mood"]});
}"""


def test_a_stranger_is_told_once_in_plain_words_that_this_is_an_ai_character(fan: Fan) -> None:
    notice = fan.page.get_by_role("note")
    expect(notice).to_contain_text("AI character")
    expect(notice).to_contain_text("remember")

    notice.get_by_role("button", name="I understand").click()
    fan.page.reload()

    expect(fan.page.locator(".greeting")).to_be_visible()
    expect(notice).to_have_count(0)


def test_the_stage_says_who_is_there_and_what_is_playing(fan: Fan) -> None:
    stage = fan.page.locator(".stage")

    expect(stage.get_by_role("heading", level=1)).to_have_text("Mika")
    expect(stage.locator(".who")).to_contain_text("virtual idol")
    expect(stage.locator(".playing")).to_have_text("Played by scripted")
    expect(stage.get_by_role("img", name="Portrait of Mika, calm")).to_be_visible()


def test_a_reply_grows_before_the_fans_eyes(fan: Fan) -> None:
    fan.begins_long_reply()

    lengths = fan.page.evaluate(LENGTHS_WHILE_STREAMING)

    assert len(lengths) > 20
    assert lengths[-1] > 5 * lengths[0]
    expect(fan.page.locator(".caret")).to_have_count(0)


def test_her_face_follows_what_she_says(fan: Fan) -> None:
    fan.page.evaluate(NOTE_MOODS)

    fan.types("Tell me at length.")
    fan.waits()

    assert len(set(fan.page.evaluate("window.moods")) - {"thinking"}) >= 2
    expect(fan.page.locator("stage-portrait .face.here")).to_have_count(1)


def test_actions_stand_in_italics_and_markdown_is_rendered(fan: Fan) -> None:
    fan.types("Tell me at length.")

    fan.waits()

    expect(fan.reply.locator("em", has_text="smiles and waves").first).to_be_visible()
    expect(fan.reply.locator("ol > li").first).to_have_text("Maybe rain,")
    assert "*" not in fan.reply.inner_text()


def test_what_a_fan_writes_is_never_markup(fan: Fan) -> None:
    words = "<img src=x onerror=document.title='pwned'><script>1</script> **not bold** \u202e kcab"

    fan.says(words)

    expect(fan.last.locator(".bubble")).to_contain_text("<img src=x onerror=document.title='pwned'>")
    expect(fan.last.locator(".bubble > :not(.unseen)")).to_have_count(0)
    expect(fan.page).to_have_title("Mika · greenroom")


def test_the_talk_is_there_after_a_reload(fan: Fan) -> None:
    reply = fan.says("Hello there!")

    fan.comes_back()

    expect(fan.turns).to_have_count(1)
    expect(fan.last.locator(".bubble")).to_contain_text("Hello there!")
    assert fan.waits() == reply


def test_a_reply_goes_on_over_a_reload(fan: Fan) -> None:
    fan.begins_long_reply()

    fan.comes_back()

    expect(fan.page.locator("talk-turn.streaming")).to_have_count(1)
    assert fan.waits().count("Tell me, how was your day?") == 2
    expect(fan.turns).to_have_count(1)


def test_words_that_wait_behind_a_reply_still_wait_after_a_reload(fan: Fan) -> None:
    fan.begins_long_reply()
    fan.types("And this waits.")
    expect(fan.turns).to_have_count(2)

    fan.comes_back()

    expect(fan.turns).to_have_count(2)
    expect(fan.last.locator(".bubble")).to_contain_text("And this waits.")
    expect(fan.field).to_have_value("")
    fan.waits()
    expect(fan.turns).to_have_count(2)


def test_two_fans_see_nothing_of_each_other(new_fan: NewFan) -> None:
    one, other = new_fan().comes_in(), new_fan().comes_in()

    one.says("My secret is a blue door.")
    other.says("Hello.")
    address = one.page.url
    other.page.goto(address)
    other.page.reload()
    expect(other.field).to_be_visible()
    expect(other.page.locator("talk-turn")).to_have_count(1)

    assert "blue door" not in other.page.locator("body").inner_text()
    other.troubles = [trouble for trouble in other.troubles if "404" not in trouble]


def test_a_draft_survives_a_reload_and_each_talk_keeps_its_own(fan: Fan) -> None:
    fan.says("Hi.")
    fan.field.fill("half a thou")

    fan.comes_back()
    expect(fan.field).to_have_value("half a thou")
    fan.opens("talks").get_by_role("button", name="New conversation").click()

    expect(fan.turns).to_have_count(0)
    expect(fan.field).to_have_value("")
    fan.opens("talks").locator(".talk-row", has_text="Hi.").click()
    expect(fan.field).to_have_value("half a thou")


def test_two_things_said_at_once_are_answered_in_order(fan: Fan) -> None:
    fan.types("First.")
    fan.types("Second.")

    expect(fan.turns).to_have_count(2)
    fan.waits()

    expect(fan.turns.nth(0).locator(".bubble")).to_contain_text("First.")
    expect(fan.turns.nth(1).locator(".bubble")).to_contain_text("Second.")
    assert all(fan.turns.nth(n).locator(".prose").inner_text() for n in (0, 1))


def test_enter_that_ends_a_chinese_composition_sends_nothing(fan: Fan) -> None:
    fan.field.fill("nihao")

    fan.field.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True})

    expect(fan.field).to_have_value("nihao")
    expect(fan.turns).to_have_count(0)


def test_the_cast_lines_up_and_another_comes_on_stage(fan: Fan) -> None:
    lineup = fan.opens("cast")
    expect(lineup.locator(".member")).to_have_count(3)
    expect(lineup.locator("[aria-current]")).to_contain_text("Mika")

    lineup.get_by_role("button", name="Orla").click()

    expect(fan.page.get_by_role("heading", level=1)).to_have_text("Orla")
    expect(fan.page.get_by_role("img", name="Portrait of Orla, calm")).to_be_visible()
    fan.says("Hello Orla!")
    fan.comes_back()
    expect(fan.page.get_by_role("heading", level=1)).to_have_text("Orla")
