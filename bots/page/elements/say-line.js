// <say-line>: the line to write on. What is typed is kept until it has been heard.
import { make, tell } from "../dom.js";
import { draft, keepDraft, sent } from "../drafts.js";
import { icon } from "../icons.js";
import { say } from "../words.js";

const LONGEST = 8000;
const SAID_FROM = 0.85;

class SayLine extends HTMLElement {
  #talk = null;
  #running = false;
  #longest = LONGEST;
  #field = make("textarea", { rows: "1", dir: "auto", autocomplete: "off", enterkeyhint: "send" });
  #button = make("button", { class: "send", "aria-disabled": "true" }, icon("send"));
  #count = make("span", { class: "length", hidden: true });
  #form = make("form", { class: "line" }, this.#field, this.#count, this.#button);
  #beneath = make("p", { class: "beneath", role: "status" });

  connectedCallback() {
    this.replaceChildren(this.#form, this.#beneath);
    this.close();
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#field.addEventListener("input", () => this.#typed());
    this.#field.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Nothing can be written until it is known to whom. */
  close() {
    this.#field.readOnly = true;
  }

  /** Opens the line for a conversation, with what was typed there before. */
  open(talk, persona, longest = LONGEST) {
    this.#talk = talk;
    this.#longest = longest;
    this.#field.readOnly = false;
    this.#field.setAttribute("aria-label", say("sayLabel", persona));
    this.#field.placeholder = say("sayHint", persona);
    this.#field.value = draft(talk.id) || sent(talk.id).map(({ text }) => text).join("\n");
    this.quiet = say("aiAlways", persona);
    this.calm();
    this.#typed();
  }

  /** Gives words back that could not be said; what was typed since stays behind them. */
  giveBack(text) {
    if (!text) return;
    this.#field.value = [text, this.#field.value].filter(Boolean).join("\n");
    this.#typed();
    this.focus();
  }

  set running(yes) {
    this.#running = yes;
    this.#dress();
  }

  /** Says what is wrong, small, where the eye is. */
  trouble(sentence) {
    this.#beneath.classList.add("troubled");
    if (this.#beneath.textContent !== sentence) this.#beneath.textContent = sentence;
  }

  calm() {
    this.#beneath.classList.remove("troubled");
    this.#beneath.textContent = this.quiet ?? "";
  }

  get empty() {
    return !this.#field.value.trim();
  }

  focus() {
    this.#field.focus({ preventScroll: true });
  }

  #typed() {
    const { value } = this.#field;
    keepDraft(this.#talk.id, value);
    const longest = this.#longest;
    this.#count.hidden = value.length < SAID_FROM * longest;
    this.#count.textContent = say("length", { n: value.length, limit: longest });
    this.#count.classList.toggle("over", value.length > longest);
    this.#dress();
  }

  /** The button sends while there is something to send, and stops while there is something to stop. */
  #dress() {
    const stops = this.#running && this.empty;
    const words = say(stops ? "stop" : "send");
    this.#button.setAttribute("aria-label", words);
    this.#button.title = stops ? `${words} (Esc)` : words;
    this.#button.setAttribute("aria-disabled", this.empty && !stops);
    this.#button.replaceChildren(icon(stops ? "stop" : "send"));
    this.#button.classList.toggle("stops", stops);
  }

  #submit() {
    const text = this.#field.value.trim();
    if (this.#field.readOnly) return;
    if (!text) {
      if (this.#running) tell(this, "stop");
      return;
    }
    if (text.length > this.#longest) {
      this.trouble(say("tooLong", { limit: this.#longest }));
      return;
    }
    this.#field.value = "";
    this.#typed();
    tell(this, "say", text);
  }

  #key(event) {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey && !(event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (!this.empty) this.#submit();
    } else if (event.key === "ArrowUp" && this.#field.value === "") {
      event.preventDefault();
      tell(this, "editlast");
    }
  }
}

customElements.define("say-line", SayLine);
