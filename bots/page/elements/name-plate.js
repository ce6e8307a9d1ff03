// <name-plate>: her name, one line of who she is, and what is playing her.
import { make } from "../dom.js";
import { say } from "../words.js";

class NamePlate extends HTMLElement {
  show({ name, role, who, playing }) {
    const real = playing && !playing.understudy;
    this.replaceChildren(
      make("p", { class: "role" }, role || ""),
      make("h1", { class: "name" }, name),
      make("p", { class: "who", title: who }, firstSentence(who ?? "")),
      make(
        "p",
        { class: "playing", "data-real": real },
        real ? say("playing", { model: playing.label || playing.model }) : say("understudy"),
      ),
    );
  }
}

/** The plate has room for one sentence; the rest is in its title. */
function firstSentence(text) {
  return text.trim().match(/^.+?(?:[.!?](?=\s)|[。！？]|$)/s)?.[0] ?? "";
}

customElements.define("name-plate", NamePlate);
