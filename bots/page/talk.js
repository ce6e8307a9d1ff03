// One conversation as the page knows it: the turns of the current branch, and the replies being said right now.
//
// The server holds the truth; this only follows it. What it promises: words once sent are never doubled (each carries
// its key) and never lost (they stay in the draft until the server has heard them), and a reply that breaks off
// because the line did is joined again.
//
// Events, all with `detail`: `turns` (the list changed), `turn` (one changed), `heard`, `mood`, `queue`, `done`,
// `refused` (words come back to the writer, those of an edit as `edits`), `trouble` ({sentence}) and `calm` (it is over).
import * as api from "./api.js";
import * as drafts from "./drafts.js";
import { say } from "./words.js";

const FIRST_WAIT = 400;
const LONGEST_WAIT = 8000;

export class Talk extends EventTarget {
  turns = [];
  pending = [];
  greeting = "";
  more = false;
  #plays = new Set();

  constructor(id, persona) {
    super();
    this.id = id;
    this.persona = persona;
  }

  get last() {
    return this.turns.at(-1) ?? null;
  }

  get running() {
    return this.#plays.size > 0;
  }

  /** Reads the newest turns, and joins a reply that is still being said. */
  async open() {
    const { greeting, turns, more, waiting = [] } = await api.talk(this.id);
    Object.assign(this, { greeting: greeting?.html ?? "", turns, more });
    this.#tell("turns");
    const arrived = new Set([...turns.flatMap(({ heard }) => heard), ...waiting].map(({ text }) => text.trim()));
    for (const { text, key } of drafts.sent(this.id)) if (arrived.has(text.trim())) drafts.dropSent(this.id, key);
    this.#joinUnfinished();
    this.#waitWith(waiting);
  }

  /** Leaves without stopping anything: the server goes on, and the next `open` joins. */
  leave() {
    for (const play of this.#plays) play.line.abort();
    this.#plays.clear();
  }

  async older() {
    if (!this.more) return;
    const { turns, more } = await api.talk(this.id, { before: this.turns[0]?.id });
    this.turns = [...turns, ...this.turns];
    this.more = more;
    this.#tell("turns");
  }

  /** Takes over what happened elsewhere: another tab, another branch, a restart. */
  async refresh() {
    const { turns, more, waiting = [] } = await api.talk(this.id);
    const overlap = this.turns.findIndex((turn) => turn.id === turns[0]?.id);
    if (overlap < 0) this.more = more;
    const ours = new Map(this.turns.map((turn) => [turn.id, turn]));
    const newest = turns.map((turn) => (ours.get(turn.id)?.streaming ? ours.get(turn.id) : { ...turn, key: ours.get(turn.id)?.key }));
    this.turns = [...this.turns.slice(0, Math.max(overlap, 0)), ...newest];
    this.#tell("turns");
    this.#joinUnfinished();
    this.#waitWith(waiting);
  }

  say(text) {
    const given = this.#givenBack(text);
    const key = given.find((one) => one.text === text)?.key ?? newKey();
    for (const one of given) drafts.dropSent(this.id, one.key);
    drafts.keepSent(this.id, text, key);
    return this.#send(text, key);
  }

  /** What an earlier page sent in vain and these words hold: the writer found it in the field and sends it again. */
  #givenBack(text) {
    const onTheWay = new Set(this.pending.map(({ key }) => key));
    const isInIt = ({ text: sent }) => `\n${text}\n`.includes(`\n${sent}\n`);
    return drafts.sent(this.id).filter((one) => !onTheWay.has(one.key) && isInIt(one));
  }

  #send(text, key) {
    const pending = { key, id: null, heard: [{ id: key, text, at: new Date().toISOString() }], said: null, html: "", variants: [] };
    this.pending = [...this.pending, pending];
    this.#tell("turns");
    return this.#play((signal) => api.say(this.id, text, key, signal), { pending, repeatable: true });
  }

  /** Words in line behind a reply: sent again under their keys they are heard once, and followed from here. */
  #waitWith(waiting) {
    for (const { id, text } of waiting) {
      const key = id.slice(id.lastIndexOf(":") + 1);
      if (!this.pending.some((pending) => pending.key === key)) this.#send(text, key);
    }
  }

  again(turn) {
    return this.#play((signal) => api.again(turn, signal));
  }

  edit(turn, text) {
    const key = newKey();
    return this.#play((signal) => api.edit(turn, text, key, signal), { repeatable: true, edits: { turn, text } });
  }

  goOn(turn) {
    return this.#play((signal) => api.goOn(turn, signal));
  }

  async stop() {
    await Promise.all([...this.#plays].filter((play) => play.turn).map((play) => api.stop(play.turn.id)));
  }

  async choose(turn) {
    await api.choose(turn);
    await this.refresh();
  }

  async thumb(turn, thumb) {
    await api.feedback(turn.id, thumb);
    this.#put({ ...this.turns.find(({ id }) => id === turn.id), feedback: thumb });
  }

  #joinUnfinished() {
    const { last } = this;
    if (last?.outcome !== "unanswered" || last.playing === false || last.streaming || this.running) return;
    this.#play((signal) => api.join(last.id, signal), { joining: true });
  }

  /** Follows one reply to its end, over as many connections as that takes. */
  async #play(open, { pending = null, repeatable = false, joining = false, edits = null } = {}) {
    const play = { line: new AbortController(), turn: null, pending, edits, over: false };
    this.#plays.add(play);
    this.#tell("playing");
    let source = open;
    let wait = FIRST_WAIT;
    while (!play.over) {
      try {
        for await (const { event, data } of await source(play.line.signal)) {
          wait = FIRST_WAIT;
          this.#take(play, event, data);
        }
      } catch (error) {
        if (error.name === "AbortError") return;
        if (error instanceof api.Refusal && !error.passing) {
          this.#refuse(play, error, joining);
          break;
        }
        if (!(error instanceof api.Refusal || error instanceof TypeError)) throw error;
      }
      if (play.over) break;
      if (joining && !play.turn) break;
      if (!play.turn && !repeatable) {
        this.#tell("trouble", { sentence: say("failed") });
        break;
      }
      this.#tell("trouble", { sentence: say("away") });
      await backOnline(wait);
      if (play.line.signal.aborted) return;
      wait = Math.min(wait * 2, LONGEST_WAIT);
      if (play.turn) source = (signal) => api.join(play.turn.id, signal);
    }
    this.#plays.delete(play);
    this.#tell("playing");
  }

  #take(play, event, data) {
    if (event === "heard") this.#hear(play, data.turn);
    else if (event === "queue") this.#tell("queue", data);
    else if (event === "mood") this.#tell("mood", data);
    else if (event === "delta") this.#grow(play, { said: (play.turn.said ?? "") + data.text, tail: play.turn.tail + data.text });
    else if (event === "html") this.#grow(play, { html: data.html, tail: spaceAfter(play.turn.said) });
    else if (event === "trouble") this.#trouble(play, data);
    else if (event === "done") this.#finish(play, data.turn);
  }

  /** The server has the words: whatever followed on the old branch makes room. */
  #hear(play, turn) {
    if (play.pending) {
      this.pending = this.pending.filter((pending) => pending !== play.pending);
      drafts.dropSent(this.id, play.pending.key);
    }
    play.turn = { ...turn, key: play.pending?.key, streaming: true, tail: "" };
    const before = this.turns.findIndex(({ id }) => id === turn.after);
    this.turns = [...this.turns.slice(0, before + 1), play.turn];
    this.#tell("calm");
    this.#tell("turns");
    this.#tell("heard", play.turn);
  }

  #grow(play, facts) {
    play.turn = { ...play.turn, ...facts };
    this.#put(play.turn);
  }

  #trouble(play, { sentence, retry }) {
    play.over = true;
    if (!play.turn) {
      this.#returnWords(play, sentence);
      return;
    }
    this.#grow(play, { streaming: false, trouble: { sentence, retry } });
    this.#tell("done", play.turn);
  }

  #finish(play, turn) {
    play.over = true;
    this.#tell("calm");
    play.turn = { ...turn, key: play.turn?.key, trouble: play.turn?.trouble };
    this.#put(play.turn);
    this.#tell("done", play.turn);
  }

  #refuse(play, refusal, joining) {
    if (joining || play.turn) {
      // nothing is being said there any more: what became of it stands in the journal
      if (play.turn) {
        this.#grow(play, { streaming: false });
        this.#plays.delete(play);
        this.refresh().catch(() => this.#tell("trouble", { sentence: say("away") }));
      }
      return;
    }
    this.#returnWords(play, [refusal.sentence || say("failed"), refusal.remedy].filter(Boolean).join(" "));
  }

  #returnWords(play, sentence) {
    if (play.pending) {
      this.pending = this.pending.filter((pending) => pending !== play.pending);
      drafts.dropSent(this.id, play.pending.key);
      this.#tell("turns");
    }
    this.#tell("refused", { sentence, text: play.pending?.heard[0].text, edits: play.edits });
  }

  #put(turn) {
    this.turns = this.turns.map((known) => (known.id === turn.id ? turn : known));
    this.#tell("turn", turn);
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** A key no other page makes; `randomUUID` would need HTTPS, which a house on a home network hasn't. */
const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The white space that rendering took off the end; the next letters must not stick to the last. */
const spaceAfter = (said) => said?.match(/\s*$/)[0] ?? "";

/** Waits, but no longer than until the browser says that the network is back. */
function backOnline(milliseconds) {
  return new Promise((resolve) => {
    const go = () => {
      clearTimeout(timer);
      removeEventListener("online", go);
      resolve();
    };
    const timer = setTimeout(go, milliseconds);
    addEventListener("online", go);
  });
}
