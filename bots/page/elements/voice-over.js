// <voice-over>: reads a growing reply to a screen reader, whole sentences at a time, never single tokens.
import { make } from "../dom.js";

const SENTENCE = /[^.!?。！？…\n]+(?:[.!?…]+["”’)*]*(?=\s)|[。！？]+["”’』」*]*|\n+)/gu;
const KEPT = 6;

class VoiceOver extends HTMLElement {
  #read = 0;

  connectedCallback() {
    this.className = "unseen";
    this.setAttribute("role", "log");
    this.setAttribute("aria-live", "polite");
    this.setAttribute("aria-atomic", "false");
  }

  /** A new reply begins; `already` letters of it have been read before. */
  begin(already = 0) {
    this.#read = already;
  }

  /** Reads what has become a whole sentence. */
  follow(text) {
    const unread = text.slice(this.#read);
    for (const found of unread.matchAll(SENTENCE)) {
      this.#say(found[0]);
      this.#read = text.length - unread.length + found.index + found[0].length;
    }
  }

  /** Reads what is left. */
  finish(text) {
    this.follow(text);
    this.#say(text.slice(this.#read));
    this.#read = text.length;
  }

  #say(text) {
    const plain = text.replace(/[*_`#>]+/g, "").trim();
    if (!plain) return;
    this.append(make("p", {}, plain));
    while (this.children.length > KEPT) this.firstElementChild.remove();
  }
}

customElements.define("voice-over", VoiceOver);
