// <green-room>: the whole page. It puts the stage, the talk and the drawers together and carries wishes between them;
// what is true stands on the server, so the page may be reloaded at any moment.
import * as api from "../api.js";
import { dress } from "../colours.js";
import { make } from "../dom.js";
import { icon } from "../icons.js";
import { Talk } from "../talk.js";
import { say } from "../words.js";
import "./cast-lineup.js";
import { notice } from "./first-notice.js";
import "./memory-drawer.js";
import "./name-plate.js";
import "./quiet-settings.js";
import "./say-line.js";
import "./stage-portrait.js";
import "./talk-list.js";
import "./talk-scroll.js";
import "./voice-over.js";
import "./why-sheet.js";

const RETRY = 2000;

class GreenRoom extends HTMLElement {
  #house = null;
  #persona = null;
  #talk = null;
  #notice = null;
  #parts = {};

  connectedCallback() {
    this.#build();
    this.#listen();
    this.#enter();
  }

  #build() {
    const part = (name) => (this.#parts[name] = make(name));
    const control = (name, words) =>
      make("button", { class: "round", type: "button", "data-opens": name, on: { click: () => this.#open(name) } }, icon(name), make("span", { class: "control-name" }, words));
    this.replaceChildren(
      make("section", { class: "stage" }, part("stage-portrait"), part("name-plate")),
      make(
        "nav",
        { class: "controls", "aria-label": say("controls") },
        control("cast", say("cast")),
        control("talks", say("talks")),
        control("memory", say("memory", { name: "" }).trim()),
        control("settings", say("settings")),
      ),
      make("main", { class: "talk" }, part("talk-scroll"), part("say-line")),
      part("voice-over"),
      ...["cast-lineup", "talk-list", "memory-drawer", "why-sheet", "quiet-settings"].map(part),
    );
  }

  /** Comes in, and keeps knocking while nobody answers. */
  async #enter() {
    try {
      this.#house = await this.#greeted();
    } catch (refusal) {
      this.#parts["say-line"].trouble(refusal.sentence || say("noHouse"));
      setTimeout(() => this.#enter(), RETRY);
      return;
    }
    if (!this.#house.cast.length) {
      this.#parts["say-line"].trouble(say("emptyHouse"));
      return;
    }
    await this.#follow();
  }

  /** The house, in the language this page is read in. */
  async #greeted() {
    const house = await api.house();
    const { lang: language } = document.documentElement;
    if (house.fan.language === language) return house;
    await api.rename({ language });
    return api.house();
  }

  /** Opens what the address names, or what was open last, or the first of the cast. */
  async #follow() {
    const [persona, talk] = location.hash.replace(/^#\/?/, "").split("/");
    const known = (id) => this.#house.cast.find((member) => member.id === id);
    const wanted = known(persona) ?? known(localStorage.getItem("greenroom.persona")) ?? known(this.#house.first) ?? this.#house.cast[0];
    if (wanted.id === this.#persona?.id && talk && talk === this.#talk?.id) return;
    this.#bringOn(wanted);
    await this.#openTalk(known(persona) ? talk : null);
  }

  #bringOn(persona) {
    // whatever is typed from here on is for the one who comes, not for the one who leaves
    this.#parts["say-line"].close();
    this.#persona = persona;
    localStorage.setItem("greenroom.persona", persona.id);
    dress(this, persona);
    document.title = `${persona.name} · greenroom`;
    this.#parts["stage-portrait"].show(persona);
    this.#parts["name-plate"].show(persona);
    for (const control of this.querySelectorAll(".controls button")) {
      const words = say(control.dataset.opens, persona);
      control.setAttribute("aria-label", words);
      control.title = words;
      control.querySelector(".control-name").textContent = words;
    }
  }

  /** Opens a conversation: the named one, else the newest, else a new one. */
  async #openTalk(id) {
    try {
      const wanted = id || (await api.talks(this.#persona.id))[0]?.id || (await api.begin(this.#persona.id)).id;
      await this.#enterTalk(wanted);
    } catch (refusal) {
      if (!(refusal instanceof api.Refusal)) throw refusal;
      if (id && refusal.status === 404) return this.#openTalk(null);
      this.#parts["say-line"].trouble(refusal.sentence || say("noHouse"));
      if (refusal.passing) setTimeout(() => this.#openTalk(id), RETRY);
    }
  }

  async #enterTalk(id) {
    this.#talk?.leave();
    this.#parts["say-line"].close();
    const talk = new Talk(id, this.#persona.id);
    this.#talk = talk;
    this.#watch(talk);
    await talk.open();
    if (this.#talk !== talk) return;
    history.replaceState(null, "", `#/${this.#persona.id}/${id}`);
    const { "say-line": line, "talk-scroll": scroll, "stage-portrait": portrait } = this.#parts;
    line.open(talk, this.#persona, this.#house.longest_message);
    line.running = talk.running;
    scroll.toEnd();
    portrait.feel(talk.last?.mood || "neutral");
    if (matchMedia("(hover: hover)").matches) line.focus();
  }

  #watch(talk) {
    const { "say-line": line, "talk-scroll": scroll, "stage-portrait": portrait, "voice-over": voice } = this.#parts;
    const on = (name, react) => talk.addEventListener(name, (event) => this.#talk === talk && react(event.detail));
    on("turns", () => this.#show());
    on("turn", (turn) => {
      scroll.showTurn(turn, { last: turn.id === talk.last?.id, name: this.#persona.name });
      portrait.speaking = Boolean(turn.streaming && turn.said);
      if (turn.streaming) voice.follow(turn.said ?? "");
    });
    on("heard", (turn) => {
      voice.begin(turn.said?.length);
      if (!turn.said) portrait.feel("thinking");
    });
    on("mood", ({ mood }) => portrait.feel(mood));
    on("queue", ({ position }) => (position > 0 ? line.trouble(say("queue", { n: position })) : line.calm()));
    on("done", (turn) => {
      voice.finish(turn.said ?? "");
      portrait.speaking = false;
      portrait.feel(turn.mood || "neutral");
    });
    on("playing", () => (line.running = talk.running));
    on("trouble", ({ sentence }) => line.trouble(sentence));
    on("calm", () => line.calm());
    on("refused", ({ sentence, text, edits }) => {
      line.giveBack(text);
      if (edits) scroll.view(edits.turn)?.rewrite(edits.text);
      line.trouble(sentence);
    });
  }

  #show() {
    this.#notice ??= notice(this.#persona, this.#house.notice);
    this.#parts["talk-scroll"].show(this.#talk, { name: this.#persona.name, foreword: this.#notice });
  }

  #open(name) {
    const { "cast-lineup": lineup, "talk-list": talks, "memory-drawer": memory, "quiet-settings": settings } = this.#parts;
    if (!this.#persona) return;
    if (name === "cast") lineup.open(this.#house.cast, this.#persona.id);
    if (name === "talks") talks.open(this.#persona, this.#talk.id);
    if (name === "memory") memory.open(this.#persona);
    if (name === "settings") settings.open(this.#house.fan);
  }

  /** Wishes from below, by the names they are told under. */
  #listen() {
    const on = (name, react) => this.addEventListener(name, (event) => react(event.detail, event.target.closest("talk-turn")?.turn));
    on("say", (text) => this.#say(text));
    on("stop", () => this.#try(() => this.#talk.stop()));
    on("again", (_, turn) => this.#talk.again((turn ?? this.#talk.last).id));
    on("goOn", (_, turn) => this.#talk.goOn(turn.id));
    on("edit", (text, turn) => this.#talk.edit(turn.id, text).then(() => this.#parts["say-line"].focus()));
    on("left", () => this.#parts["say-line"].focus());
    on("editlast", () => this.#editLast());
    on("choose", (id) => this.#try(() => this.#talk.choose(id)));
    on("thumb", (thumb, turn) => this.#try(() => this.#talk.thumb(turn, thumb)));
    on("why", (_, turn) => this.#parts["why-sheet"].open(turn, this.#persona));
    on("older", () => this.#try(() => this.#talk.older()));
    on("memory", () => this.#open("memory"));
    on("noticed", () => (this.#notice = null));
    on("copied", () => this.#parts["say-line"].trouble(say("copied")));
    on("source", (turn) => this.#showSource(turn));
    on("persona", (id) => this.#turnTo(`#/${id}`));
    on("opentalk", (id) => this.#turnTo(`#/${this.#persona.id}/${id}`));
    on("newtalk", () => this.#newTalk());
    on("forgotme", () => this.#startOver());
    on("renamed", (name) => (this.#house = { ...this.#house, fan: { ...this.#house.fan, name } }));
    on("language", (language) => this.#translate(language));
    addEventListener("hashchange", () => this.#follow());
    addEventListener("focus", () => this.#talk && !this.#talk.running && this.#try(() => this.#talk.refresh()));
    addEventListener("keydown", (event) => this.#key(event));
  }

  #say(text) {
    this.#parts["say-line"].calm();
    this.#talk.say(text);
    this.#parts["talk-scroll"].toEnd();
  }

  #editLast() {
    const turn = this.#talk.last;
    if (turn && !turn.streaming) this.#parts["talk-scroll"].view(turn.id)?.rewrite();
  }

  #key(event) {
    if (event.defaultPrevented || document.querySelector("dialog[open]") || !this.#talk) return;
    if (event.key === "Escape" && this.#talk.running) this.#try(() => this.#talk.stop());
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && this.#talk.last && !this.#talk.running) {
      event.preventDefault();
      this.#talk.again(this.#talk.last.id);
    }
  }

  /** Leafs back to where a memory comes from, as far as this conversation reaches. */
  async #showSource(turnId) {
    const { "talk-scroll": scroll, "say-line": line } = this.#parts;
    while (!scroll.view(turnId) && this.#talk.more) await this.#talk.older();
    const view = scroll.view(turnId);
    if (!view) return line.trouble(say("elsewhere"));
    view.scrollIntoView({ block: "center" });
    view.classList.add("shown");
    setTimeout(() => view.classList.remove("shown"), 2500);
  }

  #turnTo(hash) {
    if (location.hash === hash) return;
    history.pushState(null, "", hash);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (document.startViewTransition && !still) document.startViewTransition(() => this.#follow());
    else this.#follow();
  }

  async #newTalk() {
    if (!this.#talk.turns.length) return this.#parts["say-line"].focus();
    await this.#try(async () => this.#enterTalk((await api.begin(this.#persona.id)).id));
  }

  /** Forgotten: whoever speaks next is a stranger. */
  async #startOver() {
    this.#talk.leave();
    await this.#try(async () => {
      this.#house = await this.#greeted();
      await this.#openTalk(null);
    });
  }

  async #translate(language) {
    document.documentElement.lang = language;
    this.#talk?.leave();
    this.#talk = null;
    this.#notice = null;
    this.#persona = null;
    this.#build();
    await this.#enter();
  }

  /** Does it, and says beneath the line what went wrong; our own mistakes still fall. */
  async #try(act) {
    try {
      await act();
    } catch (refusal) {
      if (!(refusal instanceof api.Refusal)) throw refusal;
      this.#parts["say-line"].trouble([refusal.sentence || say("failed"), refusal.remedy].filter(Boolean).join(" "));
    }
  }
}

customElements.define("green-room", GreenRoom);
