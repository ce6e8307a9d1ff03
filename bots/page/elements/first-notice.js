// <first-notice>: said once, at first contact: she is an AI character, and where to see and erase what she remembers.
import { make, tell } from "../dom.js";
import { say } from "../words.js";

const SEEN = "greenroom.notice";

class FirstNotice extends HTMLElement {
  static get due() {
    return localStorage.getItem(SEEN) !== "seen";
  }

  show(persona, notice) {
    this.setAttribute("role", "note");
    this.setAttribute("aria-label", say("noticeTitle"));
    this.replaceChildren(
      make("p", {}, notice?.ai || say("noticeAi", persona)),
      make("p", {}, notice?.memory || say("noticeMemory", persona)),
      make(
        "p",
        { class: "notice-acts" },
        make("button", { class: "strong", type: "button", on: { click: () => this.#seen() } }, say("noticeDone")),
        make("button", { class: "plain", type: "button", on: { click: () => tell(this, "memory") } }, say("noticeSee")),
      ),
    );
  }

  #seen() {
    localStorage.setItem(SEEN, "seen");
    tell(this, "noticed");
    this.remove();
  }
}

customElements.define("first-notice", FirstNotice);

/** The notice, or null for someone who has seen it. */
export function notice(persona, words) {
  if (!FirstNotice.due) return null;
  const element = make("first-notice");
  element.show(persona, words);
  return element;
}
