// <memory-drawer>: everything she keeps of the fan, handed over: correct it, forget it, take it along, erase it all.
import * as api from "../api.js";
import * as drafts from "../drafts.js";
import { make, tell } from "../dom.js";
import { sheet } from "../sheet.js";
import { say, written } from "../words.js";
import "./memory-card.js";

const SEARCH_FROM = 8;
const COUNTED = ["turns", "utterances", "statements", "memories", "vectors", "feedback", "talks", "consents", "reviews"];
const LEFT = ["rows_left", "memories_left"];

class MemoryDrawer extends HTMLElement {
  #sheet = null;
  #persona = null;

  connectedCallback() {
    this.#sheet = sheet("right", "memory");
    this.replaceChildren(this.#sheet.dialog);
    this.addEventListener("source", () => this.#sheet.dialog.close());
    this.addEventListener("forgotten", (event) => this.#drop(event.target));
    this.addEventListener("memorytrouble", (event) => this.#trouble(event.detail));
  }

  async open(persona) {
    this.#persona = persona;
    this.#sheet.title.textContent = say("memory", persona);
    this.#sheet.body.replaceChildren(make("p", { class: "lead" }, say("memoryLead", persona)));
    if (!this.#sheet.dialog.open) this.#sheet.dialog.showModal();
    try {
      this.#show(await api.memories(persona.id));
    } catch (refusal) {
      this.#trouble(refusal);
    }
  }

  #show(memories) {
    const newest = [...memories].sort((a, b) => b.at.localeCompare(a.at));
    const cards = make("div", { class: "memories", role: "list" }, newest.map((memory) => this.#card(memory)));
    const none = make("p", { class: "lead none", hidden: memories.length > 0 }, say("noMemory", this.#persona));
    this.#sheet.body.append(memories.length >= SEARCH_FROM ? this.#search(cards, none) : "", none, cards, this.#rights());
  }

  #card(memory) {
    const card = make("memory-card", { role: "listitem" });
    card.show(memory, this.#persona);
    return card;
  }

  #search(cards, none) {
    const field = make("input", { type: "search", placeholder: say("search"), "aria-label": say("search") });
    field.addEventListener("input", () => {
      const wanted = field.value.trim().toLowerCase();
      for (const card of cards.children) card.hidden = !card.text.toLowerCase().includes(wanted);
      none.hidden = [...cards.children].some((card) => !card.hidden);
      none.textContent = say("noneFound");
    });
    return field;
  }

  #drop(card) {
    const next = card.nextElementSibling ?? card.previousElementSibling;
    card.remove();
    const none = this.#sheet.body.querySelector(".none");
    none.hidden = Boolean(next);
    (next?.querySelector("button") ?? this.#sheet.dialog.querySelector("button")).focus();
  }

  /** The switch appears only where the operator lets fans be asked; it stays as it was when the answer was lost. */
  async #teaching(place) {
    const { id } = this.#persona;
    const { asked, allowed } = await api.teaching(id);
    if (!asked && !allowed) return;
    const box = make("input", { type: "checkbox", role: "switch", "aria-describedby": "teach-how" });
    box.checked = allowed;
    box.addEventListener("change", async () => {
      try {
        await api.teach(id, box.checked);
      } catch (refusal) {
        box.checked = !box.checked;
        this.#trouble(refusal);
      }
    });
    place.append(
      make("label", { class: "switch" }, box, make("span", {}, say("teach", this.#persona))),
      make("p", { class: "facts", id: "teach-how" }, say("teachHow")),
    );
  }

  #rights() {
    const ask = make("div", { class: "forget-ask", hidden: true });
    const open = make("button", { class: "plain danger", type: "button", "aria-expanded": "false" }, say("forgetMe"));
    open.addEventListener("click", () => {
      ask.hidden = !ask.hidden;
      open.setAttribute("aria-expanded", !ask.hidden);
      if (!ask.hidden) ask.querySelector("button").scrollIntoView({ block: "nearest" });
    });
    ask.append(
      make("p", {}, say("forgetMeAsk")),
      make("button", { class: "strong danger", type: "button", on: { click: () => this.#forgetMe(this.#persona.id) } }, say("forgetHere", this.#persona)),
      make("button", { class: "plain danger", type: "button", on: { click: () => this.#forgetMe() } }, say("forgetAll")),
    );
    const teach = make("div", { class: "teach" });
    this.#teaching(teach).catch((refusal) => this.#trouble(refusal));
    const take = make("a", { class: "plain", href: "/api/me/export", download: "greenroom-export.json" }, say("exportAll"));
    return make("footer", { class: "rights" }, teach, make("div", { class: "rights-row" }, take, open), ask);
  }

  async #forgetMe(personaId) {
    try {
      const receipt = await api.forgetMe(personaId);
      drafts.dropAll();
      this.#sheet.body.replaceChildren(this.#receipt(receipt));
      this.#sheet.body.querySelector("button").focus();
      tell(this, "forgotme", personaId);
    } catch (refusal) {
      this.#trouble(refusal);
    }
  }

  /** What was erased, line by line, like a till's slip. */
  #receipt(receipt) {
    const counted = COUNTED.filter((kind) => receipt[kind]);
    const lines = counted.flatMap((kind) => [
      make("dt", {}, say(`receipt${kind[0].toUpperCase()}${kind.slice(1)}`)),
      make("dd", {}, String(receipt[kind])),
    ]);
    const left = LEFT.reduce((sum, kind) => sum + (receipt[kind] ?? 0), 0);
    if (counted.length) lines.push(make("dt", { class: "left" }, say("receiptLeft")), make("dd", { class: "left" }, String(left)));
    const when = written(receipt.at ?? new Date(), { dateStyle: "long", timeStyle: "short" });
    return make(
      "section",
      { class: "receipt" },
      make("h3", {}, say("receipt")),
      make("p", { class: "receipt-when" }, say("erasedAt", { date: when })),
      counted.length ? make("dl", {}, lines) : make("p", {}, say("erasedNothing")),
      receipt.bytes_left > 0 && make("p", { class: "receipt-others" }, say("receiptOthers", { n: receipt.bytes_left })),
      make("button", { class: "strong", type: "button", on: { click: () => this.#sheet.dialog.close() } }, say("close")),
    );
  }

  #trouble(refusal) {
    this.#sheet.body.querySelector(".trouble")?.remove();
    this.#sheet.body.prepend(make("p", { class: "trouble", role: "alert" }, refusal.sentence || say("failed")));
  }
}

customElements.define("memory-drawer", MemoryDrawer);
