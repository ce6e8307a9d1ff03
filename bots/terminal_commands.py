"""What a fan can do in the terminal besides talking: every line that begins with a slash."""

from collections.abc import Awaitable, Callable

from rich.console import Console
from rich.table import Table

from bots.performance import Performance
from bots.terminal_talk import Talk
from personas import PersonaError

HELP = {
    "/again": "another reply to the same words",
    "/memory": "what is remembered of you",
    "/forget": "/forget 3 forgets one memory, /forget me everything, with a receipt",
    "/learn": "/learn yes lets what you say help the next training, /learn no takes it back",
    "/why": "why the last reply came out as it did",
    "/persona": "/persona orla talks to somebody else; alone, it lists the cast",
    "/help": "this list",
    "/quit": "leave; so do Ctrl+D, and Ctrl+C when nobody is speaking",
}


class Commands:
    """Runs a line's command. What leads to a reply returns its performance; `talk` may be another afterwards."""

    def __init__(self, talk: Talk, out: Console) -> None:
        self.talk = talk
        self.left = False
        self._out = out
        self._shown: list[str] = []
        self._known: dict[str, Callable[[str], Awaitable[Performance | None]]] = {
            "/again": self._again,
            "/memory": self._memory,
            "/forget": self._forget,
            "/learn": self._learn,
            "/why": self._why,
            "/persona": self._persona,
            "/help": self._help,
            "/quit": self._quit,
        }

    async def run(self, line: str) -> Performance | None:
        """Does what the line says; an unknown command is told so, with the list."""
        name, _, rest = line.strip().partition(" ")
        return await self._known.get(name, self._help)(rest.strip())

    async def _again(self, _: str) -> Performance | None:
        turn = await self.talk.last()
        if turn is None:
            self._out.print("Nothing has been said yet.", style="dim")
            return None
        return await self.talk.house.hall.again(turn.id)

    async def _memory(self, _: str) -> None:
        kept = await self.talk.house.memory.show(self.talk.scope)
        self._shown = [memory.id for memory in kept]
        table = Table(box=None, pad_edge=False, show_header=False)
        for number, memory in enumerate(kept, 1):
            table.add_row(f"{number}", f"{memory.at:%-d %B %Y}", memory.speaker_name, memory.text)
        self._out.print(table if kept else f"{self.talk.persona.name} remembers nothing of you yet.", markup=False)

    async def _forget(self, what: str) -> None:
        memory = self.talk.house.memory
        if what == "me":
            receipt = await memory.forget_fan(self.talk.fan_id, self.talk.persona.id)
            self._out.print(f"Forgotten: {receipt}", markup=False)
        elif what.isdigit() and 0 < int(what) <= len(self._shown):
            await memory.forget(self.talk.scope, self._shown[int(what) - 1])
            self._out.print("Forgotten.")
        else:
            self._out.print("/memory numbers what is remembered; then /forget 3, or /forget me.", style="dim")

    async def _learn(self, answer: str) -> None:
        lessons, scope = self.talk.house.journal.lessons, self.talk.scope
        if answer == "yes" and lessons.asked_on(scope.place):
            await lessons.allow(scope)
        elif answer == "no":
            await lessons.withdraw(scope)
        elif not lessons.asked_on(scope.place):
            self._out.print("Nothing said here is used for training (memory: learning: terminal).", style="dim")
        allowed = await lessons.allowed(scope)
        helps = "helps" if allowed else "does not help"
        self._out.print(f"What you say {helps} {self.talk.persona.name}'s training.", markup=False)

    async def _why(self, _: str) -> None:
        turn = await self.talk.last()
        if turn is None:
            self._out.print("Nothing has been said yet.", style="dim")
            return
        for recollection in turn.recalled:
            self._out.print(f"remembered {recollection.score:.2f}  {recollection.text}", markup=False, style="dim")
        self._out.print(f"lore {', '.join(turn.lore) or 'none'}", markup=False, style="dim")
        tokens = f"{turn.prompt_tokens} tokens read, {turn.completion_tokens} said"
        self._out.print(f"{turn.model} (LoRA: {turn.lora or 'none'}), {tokens}", markup=False, style="dim")
        steps = ", ".join(f"{step} {seconds:.3f} s" for step, seconds in turn.timings.items())
        self._out.print(f"{turn.outcome}: {steps}", markup=False, style="dim")

    async def _persona(self, wanted: str) -> None:
        cast = self.talk.house.cast
        if not wanted:
            for persona in cast.all():
                self._out.print(f"{persona.id:12} {persona.name}, {persona.role}", markup=False)
            return
        try:
            self.talk = self.talk.with_persona(cast.get(wanted))
        except PersonaError as exc:
            self._out.print(str(exc), markup=False, style="dim")
            return
        self._out.print(f"You are with {self.talk.persona.name} now.", markup=False)

    async def _help(self, _: str) -> None:
        for name, line in HELP.items():
            self._out.print(f"{name:10} {line}", markup=False, style="dim")

    async def _quit(self, _: str) -> None:
        self.left = True
