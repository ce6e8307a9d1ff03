// <stage-portrait>: her face, breathing; a change of mood is a crossfade from one picture to the next.
import { make } from "../dom.js";
import { say } from "../words.js";

class StagePortrait extends HTMLElement {
  #persona = null;
  #mood = "neutral";

  connectedCallback() {
    this.setAttribute("role", "img");
  }

  show(persona, mood = "neutral") {
    this.#persona = persona;
    this.replaceChildren();
    for (const url of Object.values(persona.expressions ?? {})) new Image().src = url;
    this.feel(mood, { atOnce: true });
  }

  /** Shows the face for `mood`; a mood she has no face for leaves her calm. */
  async feel(mood, { atOnce = false } = {}) {
    const { name, portrait, expressions = {} } = this.#persona;
    const url = expressions[mood] ?? expressions.neutral ?? portrait;
    this.#mood = mood;
    this.dataset.mood = mood;
    this.setAttribute("aria-label", say("portrait", { name, mood: say(mood in expressions ? mood : "neutral") }));
    if (!url || this.lastElementChild?.getAttribute("src") === url) return;
    const face = make("img", { src: url, alt: "", draggable: "false", class: atOnce ? "face here" : "face" });
    this.append(face);
    await face.decode().catch(() => {});
    if (!face.isConnected || this.#mood !== mood) return face.remove();
    for (const other of this.children) other.classList.toggle("here", other === face);
    setTimeout(() => this.#clear(), 600);
  }

  set speaking(yes) {
    this.classList.toggle("speaking", yes);
  }

  /** Takes away the faces that have faded. */
  #clear() {
    for (const face of [...this.children]) if (!face.classList.contains("here")) face.remove();
  }
}

customElements.define("stage-portrait", StagePortrait);
