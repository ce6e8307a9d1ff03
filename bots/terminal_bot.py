"""The same conversation in a terminal, in a pipe, and for programs: `greenroom chat`.

On a terminal the words stream in the persona's colour, and Ctrl+C ends a reply first, the program second. From a pipe
each line is one thing said. With `--json` every answer is one JSON object on stdout; that face is kept stable.
"""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from rich.console import Console
from rich.text import Text

from bots.app import open_house
from bots.faults import NotStarted
from bots.gate import CONTROL, NothingSaid, TooMuchSaid
from bots.house import House
from bots.performance import Performance, TurnFailed
from bots.settings import BotsSettings
from bots.terminal_commands import Commands
from bots.terminal_input import Keyboard, piped
from bots.terminal_talk import Talk, answer_json
from memory import MemoryTrouble, Turn
from personas import spelled
from serving import Delta


def run(settings: BotsSettings, *, say: str | None, fan: str, name: str, as_json: bool) -> None:
    """Talks until there is nothing more to say."""
    asyncio.run(chat(settings, say=say, fan=fan, name=name, as_json=as_json))


async def chat(settings: BotsSettings, *, say: str | None, fan: str, name: str, as_json: bool) -> None:
    """One line, a pipe of lines, or an evening."""
    out, err = Console(highlight=False, emoji=False), Console(stderr=True, highlight=False)
    async with opened(settings, err) as house:
        persona = house.opened_by()
        if persona is None:
            raise NotStarted("There is nobody in the cast. Write a persona: greenroom persona new.")
        talk = Talk(house, persona, fan=fan, called=name)
        if say is not None:
            await answered(talk, say, as_json=as_json, out=out)
        elif sys.stdin.isatty():
            await Evening(talk, out).spend()
        else:
            async with aclosing(piped()) as lines:
                async for line in lines:
                    if line.strip():
                        await answered(talk, line, as_json=as_json, out=out)


@asynccontextmanager
async def opened(settings: BotsSettings, err: Console) -> AsyncIterator[House]:
    """The house, with a line on stderr about what is being opened while that takes time."""
    status = err.status("Opening the house …")
    status.start()
    try:
        note = lambda what: status.update(Text(f"Opening {what} …"))  # noqa: E731
        async with open_house(settings, note=note, platforms=["terminal"]) as house:
            status.stop()
            yield house
    finally:
        status.stop()


async def answered(talk: Talk, typed: str, *, as_json: bool, out: Console) -> None:
    """Says one thing and prints the whole answer, as words or as one JSON object."""
    try:
        turn = await (await talk.say(typed)).ended()
    except (NothingSaid, TooMuchSaid, TurnFailed) as exc:
        raise NotStarted(str(exc)) from exc
    if failure := turn.trace.get("failure"):
        Console(stderr=True, highlight=False).print(f"({failure})", style="dim", markup=False)
    if as_json:
        print(json.dumps(answer_json(turn), ensure_ascii=False))
    else:
        out.print(shown(turn.said or ""), markup=False, soft_wrap=True)


class Evening:
    """A conversation at the keyboard."""

    def __init__(self, talk: Talk, out: Console) -> None:
        self._commands = Commands(talk, out)
        self._out = out
        self._playing: Performance | None = None

    async def spend(self) -> None:
        """Talks until the fan leaves."""
        loop, waiting = asyncio.get_running_loop(), asyncio.current_task()
        assert waiting is not None
        loop.add_signal_handler(signal.SIGINT, lambda: self._interrupted(waiting))
        self._introduce()
        try:
            with Keyboard(sys.stdin.fileno()) as keyboard:
                while not self._commands.left and (line := await self._asked(keyboard)) is not None:
                    await self._take(line)
        except asyncio.CancelledError:
            if waiting.uncancel():
                raise
        finally:
            loop.remove_signal_handler(signal.SIGINT)
        self._out.print()

    def _introduce(self) -> None:
        persona = self._commands.talk.persona
        model, understudy = self._commands.talk.house.playing(persona)
        on = "the understudy: small talk only" if understudy else model
        self._out.print(f"{persona.name}, {persona.role or 'an AI character'} · {on}", style="dim", markup=False)
        self._out.print("An AI character. /memory shows what is remembered, /forget me erases it, /help the rest.\n",
                        style="dim", markup=False)  # fmt: skip
        if persona.greeting:
            self._out.print(shown(spelled(persona, user="you").greeting), style=persona.look.palette[0], markup=False)

    async def _asked(self, keyboard: Keyboard) -> str | None:
        self._out.print("\n› ", end="", style="bold")
        return await keyboard.line()

    async def _take(self, line: str) -> None:
        """Does one line: a command, or something said."""
        try:
            if line.startswith("/"):
                performance = await self._commands.run(line)
            elif line.strip():
                performance = await self._commands.talk.say(line)
            else:
                return
            if performance is not None:
                await self._watch(performance)
        except (NothingSaid, TooMuchSaid, TurnFailed, MemoryTrouble) as exc:
            self._out.print(str(exc), style="dim", markup=False)

    async def _watch(self, performance: Performance) -> None:
        """Prints a reply as it comes; Ctrl+C meanwhile ends it."""
        self._playing = performance
        colour = self._commands.talk.persona.look.palette[0]
        try:
            async with aclosing(performance.follow()) as steps:
                async for step in steps:
                    if isinstance(step, Delta):
                        self._out.print(shown(step.text), end="", style=colour, markup=False, soft_wrap=True)
                    elif isinstance(step, Turn) and step.trace.get("finish") == "stopped":
                        self._out.print(" …", end="", style="dim")
        finally:
            self._playing = None
            self._out.print()

    def _interrupted(self, waiting: "asyncio.Task[None]") -> None:
        """Ctrl+C: ends the reply that is being given, or the evening."""
        if self._playing is not None and not self._playing.over:
            self._playing.curtain.fall()
        else:
            waiting.cancel()


def shown(words: str) -> str:
    """Words that can't move a terminal's cursor."""
    return CONTROL.sub("", words)
