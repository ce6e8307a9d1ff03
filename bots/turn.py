"""One turn on one screen: whoever has read `take_turn` has seen the framework.

It is steps 3 to 7 of the life of one message (docs/house.md): recall, put into words, let an engine speak, deliver,
record. It knows no platform, never answers twice, and always ends in a finished turn: a memory that fails makes a
forgetful persona, an engine that fails a persona at a loss, and a stream that dies midway is finished in character.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

import structlog

import personas
from bots.cue import Cue, reply_of
from bots.curtain import CurtainFell
from bots.in_earnest import PERSONAS, at_a_loss, carefully, may_be_in_danger, owed_truth
from bots.lore import LoreAt
from bots.reply import Reply
from bots.rooms import Journal, Memory, MoodReader
from bots.stopwatch import Stopwatch
from memory import MemoryTrouble, Turn
from personas import (
    Labels,
    LoreNote,
    Persona,
    Place,
    Prompt,
    Recollection,
    Scene,
    is_private,
    render,
)
from serving import ChatMessage, Completion, Delta, Engine, EngineBusy, Sampling, ServingError, ShelfError, Window

log = structlog.get_logger()
BESIDE = {"again", "edits", "continues"}  # in the trace of a turn that stands in another's place
GO_ON = "[Go on exactly where you stopped, without repeating anything.]"


async def as_written(lora: str | None, place: Place) -> str | None:
    """The LoRA that the persona's file names, in every place."""
    return lora


@dataclass(frozen=True, slots=True)
class Stage:
    """What a turn needs of the house. `patience` is how many seconds an engine, or memory, may keep it waiting.

    `wears` says which version of the persona's LoRA a place gets: another one while a new one is tried.
    """

    journal: Journal
    memory: Memory
    engine: Callable[[Persona], Awaitable[Engine]]
    lore: LoreAt
    mood: MoodReader
    patience: float = 60.0
    memory_patience: float = 5.0
    wears: Callable[[str | None, Place], Awaitable[str | None]] = as_written


async def take_turn(cue: Cue, *, on: Stage) -> AsyncGenerator[Delta | Turn, None]:
    """Answers a cue: yields the reply's deltas and, last, the finished turn, recorded and remembered."""
    watch, persona, trace = Stopwatch(), cue.persona, dict(cue.turn.trace)
    recalled = await recollect(cue, on=on, trace=trace)
    watch.lap("recall")
    scene = imagine(cue, recalled, ())
    reply = Reply(persona.name, others_in(scene), so_far=cue.so_far)
    turn = replace(cue.turn, recalled=recalled, outcome="answered")
    try:
        engine = await on.engine(persona)
        scene = replace(scene, lore=await on.lore(cue, engine.window.tokens))
        turn = replace(turn, lore=tuple(note.id for note in scene.lore))
        prompt = await worded(scene, cue.so_far, engine)
        turn = replace(turn, model=engine.model, prompt_hash=prompt.hash, prompt_tokens=prompt.tokens)
        trace["window"] = weighed(prompt, engine.window)
        watch.lap("render")
        sampling = sampling_for(scene, prompt, engine, priority=cue.priority)
        lora = await dressed(cue, on=on)
        async with aclosing(speech(cue, prompt, reply, sampling, lora, engine=engine, patience=on.patience)) as spoken:
            async for step in spoken:
                watch.mark("first_token")
                if isinstance(step, Completion):
                    turn, trace["finish"] = credited(turn, step), step.finish_reason
                else:
                    yield step
        if not reply.text.strip():
            raise SaidNothing("The engine said nothing.")
    except CurtainFell:
        turn, trace["finish"] = replace(turn, outcome="cut_short"), "stopped"
    except (ServingError, SaidNothing) as failure:
        trace |= {"finish": "failed", "failure": str(failure), "family": type(failure).__name__}
        trace |= {"retry_after": failure.retry_after} if isinstance(failure, EngineBusy) else {}
        turn = replace(turn, outcome="cut_short" if reply.text else "at_a_loss")
        line = at_a_loss(cue)
        yield Delta(reply.add(f"… {line}" if reply.text else line))
    trace |= {"reached_out": True} if reply.text.endswith(persona.reaches_out) else {}
    if trace.get("finish") != "stopped" and (owed := owed_truth(cue, reply.text)):
        trace["owned_up"] = True
        yield Delta(reply.add(owed))
    watch.lap("speech")
    trace["mood"] = await on.mood.read(reply.text)
    watch.lap("mood")
    turn = replace(turn, said=reply.text, trace=trace, timings=watch.read())
    if await on.journal.finish(turn):  # False: its fan was forgotten meanwhile, and nothing may come back
        await keep(cue, turn, on=on)
    yield turn


class SaidNothing(Exception):
    """The engine ended its stream without a word that could be delivered."""


async def recollect(cue: Cue, *, on: Stage, trace: dict[str, object]) -> tuple[Recollection, ...]:
    """What comes to mind; nothing, and a line in the log, if memory fails: a forgetful persona still speaks."""
    try:
        async with asyncio.timeout(on.memory_patience):
            limit, now = cue.persona.memory.recall, cue.turn.began_at
            return await on.memory.recall(cue.scope, cue.turn.heard, limit=limit, now=now, besides=cue.in_sight)
    except (MemoryTrouble, ServingError, TimeoutError) as exc:
        trace["forgetful"] = str(exc) or "memory did not answer in time"
        log.warning("recall_failed", turn=cue.turn.id, persona=cue.persona.id, reason=trace["forgetful"])
        return ()


async def dressed(cue: Cue, *, on: Stage) -> str | None:
    """The version of her LoRA that the persona wears here; the one her file names, and a line in the log, if the shelf
    can't be read.
    """
    lora = cue.persona.plays.lora
    try:
        return await on.wears(lora, cue.turn.place)
    except (ShelfError, OSError) as exc:
        log.warning("shelf_failed", turn=cue.turn.id, persona=cue.persona.id, reason=str(exc))
        return lora


def imagine(cue: Cue, recalled: tuple[Recollection, ...], lore: tuple[LoreNote, ...]) -> Scene:
    """The scene of a cue; the same for the same turn, so that its prompt can be rebuilt later."""
    turn = cue.turn
    return Scene(
        persona=cue.persona,
        place=turn.place,
        heard=turn.heard,
        history=cue.history,
        recollections=recalled,
        lore=lore,
        now=turn.began_at.astimezone(),
    )


async def worded(scene: Scene, so_far: str, engine: Engine) -> Prompt:
    """`put_into_words`, in a thread where the engine may have to ask a server how long a prompt is."""
    if engine.window.rough:
        return await asyncio.to_thread(put_into_words, scene, so_far, engine)
    return put_into_words(scene, so_far, engine)


def put_into_words(scene: Scene, so_far: str, engine: Engine) -> Prompt:
    """The prompt that fits the engine's window, with room for the reply; one that goes on ends by asking for that."""
    window, wanted = engine.window, scene.persona.plays.sampling.max_tokens
    room = min(wanted, window.tokens // 3)
    if not so_far:
        return render(scene, window=window, room_for_reply=room)
    go_on = (ChatMessage("assistant", so_far), ChatMessage("user", GO_ON))
    prompt = render(scene, window=window, room_for_reply=room + window.count(go_on))
    messages = (*prompt.messages, *go_on)
    return replace(prompt, messages=messages, tokens=window.count(messages))


def weighed(prompt: Prompt, window: Window) -> dict[str, object]:
    """How full the window is, for the trace; the next turn reads in it what this one's prompt showed (`bots.cue`)."""
    return {
        "used": prompt.tokens,
        "limit": window.tokens,
        "dropped": list(prompt.dropped),
        "history": prompt.history,
    }


def sampling_for(scene: Scene, prompt: Prompt, engine: Engine, *, priority: int) -> Sampling:
    """How the persona samples, with what ends a reply, and no longer than the window has room for."""
    sampling = scene.persona.plays.sampling
    room = max(1, min(sampling.max_tokens, engine.window.tokens - prompt.tokens))
    first = priority or sampling.priority
    return sampling.model_copy(update={"max_tokens": room, "stop": personas.stops(scene), "priority": first})


async def speech(
    cue: Cue, prompt: Prompt, reply: Reply, sampling: Sampling, lora: str | None, *, engine: Engine, patience: float
) -> AsyncGenerator[Delta | Completion, None]:
    """What the persona says: what the engine does, but to a fan who may be in danger."""
    async with aclosing(improvised(cue, prompt, reply, sampling, lora, engine=engine, patience=patience)) as spoken:
        careful = may_be_in_danger(cue)
        async for step in carefully(spoken, reply, cue.persona.reaches_out) if careful else spoken:
            yield step


async def improvised(
    cue: Cue, prompt: Prompt, reply: Reply, sampling: Sampling, lora: str | None, *, engine: Engine, patience: float
) -> AsyncGenerator[Delta | Completion, None]:
    """What the engine says, made fit by `reply`; closing the engine's stream is what ends its work.

    What a reply cost that a rule, a fan or a failure ends early is told as far as one knows from here.
    """
    said = ""
    broken: CurtainFell | ServingError | None = None
    async with aclosing(engine.stream(prompt.messages, sampling=sampling, lora=lora)) as stream:
        while not (reply.cut or broken):
            try:
                step = await cue.curtain.next(stream, patience=patience)
            except (CurtainFell, ServingError) as exc:
                broken = exc
                continue
            said += "" if isinstance(step, Completion) else step.text
            words = reply.end() if isinstance(step, Completion) else reply.take(step.text)
            if words:
                yield Delta(words)
            if isinstance(step, Completion):
                yield step
                return
    if said:
        spent = await asyncio.to_thread(words_in, said, engine.window)
        yield Completion(said, "stop", engine.model, prompt.tokens, spent, lora=lora)
    if broken:
        raise broken


def words_in(said: str, window: Window) -> int:
    """Tokens of what was said, without those that a message itself takes."""
    return window.count((ChatMessage("assistant", said),)) - window.count((ChatMessage("assistant", ""),))


def credited(turn: Turn, completion: Completion) -> Turn:
    """The turn with what its completion cost and who gave it."""
    return replace(
        turn,
        model=completion.model,
        lora=completion.lora,
        prompt_tokens=completion.prompt_tokens,
        completion_tokens=completion.completion_tokens,
    )


def others_in(scene: Scene) -> tuple[str, ...]:
    """The names of everyone but the persona, as nicknames and as the prompt labels them."""
    labels = Labels(scene.persona, private=is_private(scene.place))
    fans = [said for said in (*scene.history, *scene.heard) if not said.speaker_id.startswith(PERSONAS)]
    return tuple({labels.name(said.speaker_id, said.speaker_name) for said in fans})


async def keep(cue: Cue, turn: Turn, *, on: Stage) -> None:
    """Remembers the turn for every fan in it, each in their own scope.

    If that fails, nothing is lost: the journal has the turn, and memory is an index of the journal.
    """
    reply = reply_of(turn, cue.persona) if turn.outcome != "at_a_loss" else None
    speakers = dict.fromkeys(said.speaker_id for said in turn.heard)
    for fan_id in (one for one in speakers if not one.startswith(PERSONAS)):  # nobody else's words under her name
        scope = replace(cue.scope, fan_id=fan_id)
        own = [said for said in turn.heard if said.speaker_id == fan_id]
        try:
            async with asyncio.timeout(on.memory_patience):
                if BESIDE & turn.trace.keys():
                    await on.memory.sync(scope)
                else:
                    await on.memory.remember(scope, [*own, *([reply] if reply else [])])
        except (MemoryTrouble, ServingError, TimeoutError) as exc:
            log.warning("remember_failed", turn=turn.id, persona=cue.persona.id, reason=str(exc) or "no answer in time")
