// <talk-turn>: what the fan said, right, in a quiet bubble; what she said, without one; what can be done, beneath.
import { make, tell, unseen } from "../dom.js";
import { pour } from "../prose.js";
import { day, say } from "../words.js";
import "./reply-tools.js";

// whether the browser tells when a turn comes near the window (Safari before 18 doesn't)
const TELLS_WHAT_IS_NEAR = "oncontentvisibilityautostatechange" in document.createElement("div");

const wordsOf = (turn) => turn?.heard.map(({ text }) => text).join("\n");

class TalkTurn extends HTMLElement {
  #day = make("p", { class: "day" });
  #heard = make("div", { class: "heard" });
  #prose = make("div", { class: "prose", dir: "auto" });
  #reply = make("div", { class: "reply" }, this.#prose);
  #beneath = make("p", { class: "aside" });
  #tools = make("reply-tools");
  #shown = null;
  #last = false;
  #newDay = false;
  #name = "";
  #near = !TELLS_WHAT_IS_NEAR;
  #frame = 0;

  connectedCallback() {
    if (this.firstChild) return;
    this.setAttribute("role", "article");
    this.append(this.#day, this.#heard, this.#reply, this.#beneath, this.#tools);
    this.addEventListener("rewrite", () => this.rewrite());
    this.addEventListener("copy", () => this.#copy());
    this.addEventListener("contentvisibilityautostatechange", (event) => {
      this.#near = !event.skipped;
      this.#showTools();
    });
    // on a screen without hover a tap shows the row under an older reply
    this.#reply.addEventListener("click", () => this.classList.toggle("open"));
  }

  get turn() {
    return this.#shown;
  }

  /** `last`: whether all tools stand here; `name`: hers; `newDay`: whether the date is said above. */
  show(turn, { last, name, newDay }) {
    const before = this.#shown;
    // thousands of turns are shown again whenever one comes; those that are the same cost nothing
    if (before === turn && this.#last === last && this.#newDay === newDay) return;
    this.#shown = turn;
    this.#last = last;
    this.#newDay = newDay;
    this.#name = name;
    this.dataset.turn = turn.id ?? turn.key;
    this.classList.toggle("last", last);
    this.classList.toggle("pending", turn.id == null);
    this.classList.toggle("streaming", Boolean(turn.streaming));
    this.#showDay(turn, newDay);
    if (wordsOf(before) !== wordsOf(turn)) this.#showHeard(turn.heard);
    if (turn.streaming && before?.streaming) this.#soon(() => this.#showReply(name));
    else this.#showReply(name);
    this.#showBeneath(turn);
    this.#showTools();
  }

  /** Opens the fan's words for editing, where they stand. */
  rewrite(text = wordsOf(this.#shown)) {
    if (this.#heard.querySelector("textarea")) return;
    const field = make("textarea", { "aria-label": say("editLabel"), rows: "2", dir: "auto" });
    field.value = text;
    const done = (changed) => {
      this.#showHeard(this.#shown.heard);
      if (changed) tell(this, "edit", field.value.trim());
      else tell(this, "left");
    };
    const form = make(
      "form",
      { class: "rewrite" },
      field,
      make("button", { type: "button", class: "plain", on: { click: () => done(false) } }, say("cancel")),
      make("button", { class: "strong" }, say("resend")),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (field.value.trim()) done(true);
    });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        form.requestSubmit();
      } else if (event.key === "Escape") {
        event.stopPropagation();
        done(false);
      }
    });
    this.#heard.replaceChildren(form);
    field.focus();
    field.setSelectionRange(text.length, text.length);
    this.scrollIntoView({ block: "nearest" });
  }

  /** Of thousands of turns only those near the window get their tools. */
  #showTools() {
    const { id, streaming } = this.#shown;
    this.#tools.hidden = id == null;
    if (id != null && !streaming && (this.#near || this.#last)) this.#tools.show(this.#shown, { last: this.#last, name: this.#name });
    else this.#tools.replaceChildren();
  }

  #showDay(turn, newDay) {
    this.#day.hidden = !newDay;
    if (newDay) this.#day.textContent = day(turn.at ?? turn.heard[0]?.at);
  }

  #showHeard(heard) {
    this.#heard.replaceChildren(...heard.map(({ text }) => make("p", { class: "bubble", dir: "auto" }, unseen(`${say("youSaid")} `), text)));
  }

  #showReply(name) {
    const { said, html, tail, streaming } = this.#shown;
    this.#reply.hidden = said == null && !streaming;
    this.#reply.setAttribute("aria-busy", Boolean(streaming));
    this.#reply.setAttribute("aria-label", say("said", { name }));
    this.#prose.lang = /[\u3400-\u9fff]/.test(said ?? "") ? "zh" : "";
    pour(this.#prose, { html: html ?? "", tail, streaming });
  }

  #showBeneath({ outcome, streaming, said, trouble, id }) {
    const sentence = streaming || id == null ? "" : trouble?.sentence || this.#outcomeWords(outcome, said);
    this.#beneath.hidden = !sentence;
    this.#beneath.replaceChildren(sentence);
    const retry = trouble ? trouble.retry : outcome === "unanswered" || outcome === "at_a_loss";
    if (sentence && retry) {
      this.#beneath.append(" ", make("button", { class: "link", type: "button", on: { click: () => tell(this, "again") } }, say("retry")));
    }
  }

  #outcomeWords(outcome, said) {
    if (said == null || outcome === "unanswered") return say("unanswered");
    return { cut_short: say("cutShort"), at_a_loss: say("atALoss") }[outcome] ?? "";
  }

  /** At most one rendering per frame, however fast the letters come. */
  #soon(render) {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(render);
  }

  async #copy() {
    await navigator.clipboard.writeText(this.#prose.innerText);
    tell(this, "copied");
  }
}

customElements.define("talk-turn", TalkTurn);
