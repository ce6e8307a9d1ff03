"""Somebody in front of the page, with the few things that every browser test does."""

import re

from playwright.sync_api import BrowserContext, Locator, Page, expect

PATIENCE = 30_000  # milliseconds; generous, since a busy machine is no fault of the page


class Fan:
    """One person with a browser of their own. `troubles` is what the page complained about in the console."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.url = url
        self.troubles: list[str] = []
        self.page = self._new_page()

    def _new_page(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("console", lambda said: self.troubles.append(said.text) if said.type == "error" else None)
        return page

    def comes_in(self, path: str = "/#/mika") -> "Fan":
        """Opens the page and waits for the greeting."""
        self.page.goto(self.url + path)
        expect(self.page.locator(".greeting, talk-turn").first).to_be_visible(timeout=PATIENCE)
        expect(self.field).to_have_attribute("placeholder", re.compile(r"\S"))
        return self

    def comes_back(self) -> None:
        self.page.reload()
        expect(self.page.locator("talk-turn").last).to_be_visible(timeout=PATIENCE)

    @property
    def field(self) -> Locator:
        return self.page.locator("say-line textarea")

    @property
    def turns(self) -> Locator:
        return self.page.locator("talk-turn")

    @property
    def last(self) -> Locator:
        return self.page.locator("talk-turn.last")

    @property
    def reply(self) -> Locator:
        """Her latest words."""
        return self.last.locator(".prose")

    @property
    def beneath(self) -> Locator:
        """What the page says, small, under the line."""
        return self.page.locator("say-line .beneath")

    def types(self, text: str) -> None:
        self.field.fill(text)
        self.field.press("Enter")

    def says(self, text: str) -> str:
        """Says it, waits for the whole answer, and returns that."""
        before = self.turns.count()
        self.types(text)
        expect(self.turns).to_have_count(before + 1)
        return self.waits()

    def waits(self) -> str:
        """Until nobody speaks; returns the latest reply."""
        expect(self.page.locator("talk-turn.streaming, talk-turn.pending")).to_have_count(0, timeout=PATIENCE)
        expect(self.tool("again")).to_be_visible()
        return self.reply.inner_text()

    def begins_long_reply(self) -> None:
        """Asks for a reply that takes some seconds, and waits for its first words."""
        self.types("Tell me at length.")
        self.page.locator("talk-turn.streaming .prose .caret").wait_for()
        expect(self.page.locator("talk-turn.streaming .prose")).to_contain_text("Hello")

    def tool(self, does: str) -> Locator:
        return self.last.locator(f"[data-does={does}]")

    def opens(self, name: str) -> Locator:
        """Opens a sheet and returns it."""
        self.page.locator(f".controls [data-opens={name}]").click()
        return self.sheet

    @property
    def sheet(self) -> Locator:
        return self.page.locator("dialog[open]")
