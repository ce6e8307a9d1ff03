// <cast-lineup>: everyone who can come on stage, side by side, each in their own colours.
import { dress } from "../colours.js";
import { make, tell } from "../dom.js";
import { sheet } from "../sheet.js";
import { say } from "../words.js";

class CastLineup extends HTMLElement {
  #sheet = null;

  connectedCallback() {
    this.#sheet = sheet("wide", "cast");
    this.replaceChildren(this.#sheet.dialog);
  }

  open(cast, current) {
    this.#sheet.title.textContent = say("castTitle");
    this.#sheet.body.replaceChildren(make("ul", { class: "lineup" }, cast.map((persona) => this.#member(persona, persona.id === current))));
    this.#sheet.dialog.showModal();
    this.#sheet.body.querySelector("[aria-current]")?.focus();
  }

  #member(persona, current) {
    const card = make(
      "button",
      { class: "member", type: "button", "aria-current": current ? "true" : null, on: { click: () => this.#choose(persona.id) } },
      make("span", { class: "member-face" }, make("img", { src: persona.expressions?.neutral ?? persona.portrait, alt: "", loading: "lazy" })),
      make("span", { class: "member-role" }, persona.role, current && make("span", { class: "member-now" }, ` · ${say("onStage")}`)),
      make("span", { class: "member-name" }, persona.name),
      make("span", { class: "member-who" }, persona.who),
    );
    dress(card, persona);
    return make("li", {}, card);
  }

  #choose(id) {
    this.#sheet.dialog.close();
    tell(this, "persona", id);
  }
}

customElements.define("cast-lineup", CastLineup);
