"""The model's thread: takes new prompts in, a stretch at a time, and says the next token of all replies in one step.

Two cores run a small model's step for eight replies in little more than the time of one (benchmarks/serving.py), so
replies share their steps. A long prompt is read in stretches between steps, so that nobody falls silent meanwhile.
"""

import logging
import queue
from collections import OrderedDict
from dataclasses import dataclass
from threading import Thread

import torch

from serving.chat import FinishReason
from serving.errors import EngineAway, ServingError
from serving.local_engine.detokenizer import Detokenizer
from serving.local_engine.generation import Generation
from serving.local_engine.loras import Lora, Wardrobe, load_lora
from serving.local_engine.network import Network
from serving.local_engine.prefixes import Prefix, Prefixes
from serving.local_engine.reply import Reply
from serving.local_engine.sampler import choose
from serving.local_engine.slots import Slots
from serving.stopping import StopStrings

log = logging.getLogger(__name__)

STRETCH = 256  # tokens of a prompt read between two steps: a tenth of a second for the understudy
LORAS_KEPT = 32


@dataclass(slots=True)
class Counters:
    """What the thread has done so far; tests and metrics read it."""

    steps: int = 0
    tokens_said: int = 0
    tokens_read: int = 0
    tokens_reused: int = 0
    left: int = 0


class Worker:
    """Runs the network on a thread of its own. `submit` and `close` may be called from any thread."""

    def __init__(self, network: Network, *, name: str, rows: int, prefix_room: int) -> None:
        self._network = network
        self._name = name
        self._rows = rows
        layers = network.model.config.get_text_config().num_hidden_layers
        self._desk = Slots(layers)  # where the prompt that is being read lies
        self._stage = Slots(layers)  # where the replies that are being said lie
        self._prefixes = Prefixes(room=prefix_room)
        self._wardrobe = Wardrobe(network.model)
        self._loras: OrderedDict[str, Lora] = OrderedDict()
        self._inbox: queue.SimpleQueue[Generation | None] = queue.SimpleQueue()
        self._taken: Generation | None = None  # between the inbox and the desk
        self._reading: Reply | None = None
        self._speaking: list[Reply] = []
        self._closing = False
        self.counters = Counters()
        self._thread = Thread(target=self._run, name=f"engine {name}", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Prompts that nobody has begun to read."""
        return self._inbox.qsize()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def submit(self, generation: Generation) -> None:
        self._inbox.put(generation)

    def close(self) -> None:
        """Ends the thread after its step; replies on their way end with EngineAway."""
        self._closing = True
        self._inbox.put(None)
        self._thread.join()

    def _run(self) -> None:
        with torch.inference_mode():
            while not self._closing:
                try:
                    self._turn_once()
                except Exception as exc:  # the thread's outermost gate: whoever waits must hear of it
                    log.exception("The model's thread failed in a step; its replies end here")
                    self._give_up(EngineAway(f"The model failed in the middle of a step: {exc}"))
        self._give_up(EngineAway("The engine was closed."))

    def _turn_once(self) -> None:
        """One stretch of the prompt that is being read, then one token for everyone who speaks."""
        self._let_go()
        self._take_next()
        if self._reading:
            self._read_on(self._reading)
        if self._speaking:
            self._say_next()

    def _let_go(self) -> None:
        """Drops the replies that nobody listens to any more."""
        if self._reading and self._reading.generation.left:
            self._reading = None
            self.counters.left += 1
        for reply in [reply for reply in self._speaking if reply.generation.left]:
            self._leave_stage(reply)
            self.counters.left += 1

    def _take_next(self) -> None:
        """Begins with the next prompt if there is room; waits for one if there is nothing else to do."""
        if self._reading or len(self._speaking) >= self._rows:
            return
        self._taken = self._next_waiting(block=not self._speaking)
        if self._taken is None:
            return
        try:
            self._reading = self._begin(self._taken)
        except ServingError as exc:
            self._taken.post(exc)
        self._taken = None

    def _next_waiting(self, *, block: bool) -> Generation | None:
        """The next prompt whose reader is still there; None if nobody waits, or if the engine closes."""
        while not self._closing:
            try:
                generation = self._inbox.get(block=block)
            except queue.Empty:
                return None
            if generation is not None and not generation.left:
                return generation
            self.counters.left += generation is not None
        return None

    def _begin(self, generation: Generation) -> Reply:
        lora = self._lora(generation)
        seen = torch.zeros(self._network.model.config.get_text_config().vocab_size, dtype=torch.bool)
        seen[generation.tokens] = True
        dice = torch.Generator()
        dice.manual_seed(generation.sampling.seed) if generation.sampling.seed is not None else dice.seed()
        cached, past = self._prefixes.longest(generation.tokens, lora=generation.lora)
        if cached:
            self._desk.put(0, past)
            self.counters.tokens_reused += cached
        return Reply(
            generation=generation,
            lora=lora,
            seen=seen.to(self._network.model.device),
            dice=dice,
            detokenizer=Detokenizer(self._network.text),
            stops=StopStrings(generation.sampling.stop),
            read=cached,
            cached=cached,
        )

    def _lora(self, generation: Generation) -> Lora | None:
        if generation.lora is None or generation.lora_folder is None:
            return None
        if generation.lora not in self._loras:
            like = next(self._network.model.parameters())
            lora = load_lora(generation.lora, generation.lora_folder, like=like)
            self._wardrobe.check(lora)
            self._loras[generation.lora] = lora
        self._loras.move_to_end(generation.lora)
        while len(self._loras) > LORAS_KEPT:
            self._loras.popitem(last=False)
        return self._loras[generation.lora]

    def _read_on(self, reply: Reply) -> None:
        """The prompt's next stretch; after the last, the reply's first token, and on to the stage."""
        stretch = reply.prompt[reply.read : reply.read + STRETCH]
        positions = torch.arange(reply.read, reply.read + len(stretch))[None]
        logits = self._step(self._desk, slice(0, 1), [stretch], positions, [reply.lora])
        reply.read += len(stretch)
        self.counters.tokens_read += len(stretch)
        if reply.read < len(reply.prompt):
            return
        past = self._desk.take(0, reply.read)
        self._prefixes.keep(Prefix(reply.generation.lora, tuple(reply.prompt), past))
        self._stage.put(len(self._speaking), past)
        self._speaking.append(reply)
        self._reading = None
        self._say([reply], logits)

    def _say_next(self) -> None:
        replies = list(self._speaking)
        positions = torch.tensor([[reply.read] for reply in replies])
        tokens = [[reply.last] for reply in replies]
        logits = self._step(self._stage, slice(0, len(replies)), tokens, positions, [r.lora for r in replies])
        for reply in replies:
            reply.read += 1
        self._say(replies, logits)

    def _step(
        self,
        slots: Slots,
        rows: slice,
        tokens: list[list[int]],
        positions: torch.Tensor,
        loras: list[Lora | None],
    ) -> torch.Tensor:
        """One run of the model; logits of each row's last token, of shape (rows, vocabulary)."""
        device = self._network.model.device
        positions = positions.to(device)
        self._wardrobe.dress(loras)
        self.counters.steps += 1
        out = self._network.model(
            input_ids=torch.tensor(tokens, device=device),
            attention_mask=slots.aim(rows=rows, positions=positions),
            position_ids=positions,
            past_key_values=slots,
            use_cache=True,
            logits_to_keep=1,
        )
        logits: torch.Tensor = out.logits[:, -1]
        return logits

    def _say(self, replies: list[Reply], logits: torch.Tensor) -> None:
        """Adds a token to each reply, and ends those that have ended."""
        for reply, token in zip(replies, choose(logits, replies, never=self._network.never), strict=True):
            reply.said.append(token)
            reply.seen[token] = True
            self.counters.tokens_said += 1
            if reason := self._hear(reply, token):
                self._finish(reply, reason)

    def _hear(self, reply: Reply, token: int) -> FinishReason | None:
        """Shows what the token adds; why the reply ends here, or None if it goes on."""
        if token in self._network.ends:
            return "stop"
        reply.show(reply.detokenizer.feed(token))
        if reply.stops.stopped:
            return "stop"
        full = len(reply.prompt) + len(reply.said) >= self._network.window
        return "length" if full or len(reply.said) >= reply.sampling.max_tokens else None

    def _finish(self, reply: Reply, reason: FinishReason) -> None:
        self._leave_stage(reply)
        reply.show_rest()
        reply.generation.post(reply.completion(reason, model=self._name))

    def _leave_stage(self, reply: Reply) -> None:
        """Frees the reply's slot: the last one moves into the gap."""
        gap, last = self._speaking.index(reply), len(self._speaking) - 1
        if gap != last:
            self._stage.move(last, gap, self._speaking[last].read)
            self._speaking[gap] = self._speaking[last]
        self._speaking.pop()

    def _give_up(self, error: EngineAway) -> None:
        """Everyone who waits for a word hears why there will be none; who waits for the thread waits on."""
        begun = [reply.generation for reply in (*self._speaking, self._reading) if reply]
        for generation in (*begun, self._taken):
            if generation:
                generation.post(error)
        self._speaking, self._reading, self._taken = [], None, None
        while self._closing and not self._inbox.empty():
            if waiting := self._inbox.get():
                waiting.post(error)
