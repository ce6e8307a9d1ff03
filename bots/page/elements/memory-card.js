// <memory-card>: one thing she remembers, with when it was said, and the fan's right to correct or erase it.
import * as api from "../api.js";
import { make, tell } from "../dom.js";
import { date, say } from "../words.js";

class MemoryCard extends HTMLElement {
  #memory = null;
  #persona = null;

  show(memory, persona) {
    this.#memory = memory;
    this.#persona = persona;
    this.#rest();
  }

  get text() {
    return this.#memory.text;
  }

  #rest() {
    const { text, at, source_turn: source } = this.#memory;
    const told = say(this.#toldBy(), { name: this.#persona.name, date: date(at) });
    this.replaceChildren(
      make("p", { class: "memory-when" }, make("time", { datetime: at }, told)),
      make("p", { class: "memory-text", dir: "auto" }, text),
      make(
        "p",
        { class: "memory-acts" },
        this.#act("correct", () => this.#edit()),
        source && this.#act("source", () => tell(this, "source", source)),
        this.#act("forget", (event) => this.#forget(event.currentTarget)),
      ),
    );
  }

  /** Who said it: a stretch of talk was said by both. */
  #toldBy() {
    const { kind, speaker } = this.#memory;
    if (kind === "episode") return "keptOn";
    return speaker === this.#persona.name ? "toldByPersona" : "toldOn";
  }

  #act(words, react) {
    const label = `${say(words)}: ${this.#memory.text}`;
    return make("button", { class: "link", type: "button", "data-does": words, "aria-label": label, on: { click: react } }, say(words));
  }

  #edit() {
    const field = make("textarea", { rows: "2", dir: "auto", "aria-label": say("correctLabel") });
    field.value = this.#memory.text;
    const back = () => {
      this.#rest();
      this.querySelector('[data-does="correct"]').focus();
    };
    const form = make(
      "form",
      { class: "rewrite" },
      field,
      make("button", { class: "plain", type: "button", on: { click: back } }, say("cancel")),
      make("button", { class: "strong" }, say("save")),
    );
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const text = field.value.trim();
      if (!text) return;
      await this.#ask(() => api.correct(this.#memory.id, text, this.#persona.id));
      this.#memory = { ...this.#memory, text };
      back();
    });
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      back();
    });
    this.replaceChildren(form);
    field.focus();
  }

  /** Asks twice, in place: the first press turns the button into the question. */
  async #forget(button) {
    if (!button.classList.contains("asked")) {
      button.classList.add("asked");
      button.textContent = say("reallyForget");
      button.setAttribute("aria-label", `${say("reallyForget")} ${this.#memory.text}`);
      button.addEventListener("blur", () => button.isConnected && this.#rest(), { once: true });
      return;
    }
    await this.#ask(() => api.forget(this.#memory.id, this.#persona.id));
    tell(this, "forgotten");
  }

  async #ask(question) {
    try {
      await question();
    } catch (refusal) {
      tell(this, "memorytrouble", refusal);
      throw refusal;
    }
  }
}

customElements.define("memory-card", MemoryCard);
