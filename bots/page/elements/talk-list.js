// <talk-list>: the conversations with this persona, newest first, and a new one.
import * as api from "../api.js";
import { make, tell } from "../dom.js";
import { sheet } from "../sheet.js";
import { clock, day, say } from "../words.js";

class TalkList extends HTMLElement {
  #sheet = null;

  connectedCallback() {
    this.#sheet = sheet("right", "talks");
    this.replaceChildren(this.#sheet.dialog);
  }

  async open(persona, current) {
    const { dialog, body, title } = this.#sheet;
    title.textContent = say("talks");
    const fresh = make("button", { class: "strong", type: "button", on: { click: () => this.#leave("newtalk") } }, say("newTalk"));
    body.replaceChildren(fresh);
    dialog.showModal();
    const kept = await api.talks(persona.id).catch((refusal) => body.append(make("p", { class: "lead" }, refusal.sentence || say("noHouse"))));
    if (!kept) return;
    const talks = kept.filter((talk) => talk.turns > 0 || talk.id === current);
    if (talks.length) body.append(make("ul", { class: "talks" }, talks.map((talk) => this.#row(talk, talk.id === current))));
    else body.append(make("p", { class: "lead" }, say("noTalks", persona)));
  }

  #row({ id, title, last_at: at, began_at: began, turns }, current) {
    const when = at ?? began;
    const facts = [when && `${day(when)}, ${clock(when)}`, say("turns", { n: turns }), current && say("thisTalk")].filter(Boolean);
    const row = make(
      "button",
      { class: "talk-row", type: "button", "aria-current": current ? "true" : null, on: { click: () => this.#leave("opentalk", id) } },
      make("span", { class: "talk-title", dir: "auto" }, title || say("untitled")),
      make("span", { class: "talk-facts" }, facts.join(" · ")),
    );
    return make("li", {}, row);
  }

  #leave(name, detail) {
    this.#sheet.dialog.close();
    tell(this, name, detail);
  }
}

customElements.define("talk-list", TalkList);
