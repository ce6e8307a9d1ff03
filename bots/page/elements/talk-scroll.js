// <talk-scroll>: the conversation on its scroll: old words load at the top, and the end stays in sight only for a
// reader who is at the end.
import { make, tell } from "../dom.js";
import { icon } from "../icons.js";
import { pour } from "../prose.js";
import { say } from "../words.js";
import "./talk-turn.js";

const NEAR = 48;

class TalkScroll extends HTMLElement {
  #older = make("p", { class: "older", hidden: true });
  #top = make("div", { class: "top-mark" });
  #greeting = make("div", { class: "prose greeting", dir: "auto" });
  #foreword = make("div", { class: "foreword" });
  #list = make("div", { class: "turns" });
  #sheet = make("div", { class: "measure" }, this.#top, this.#older, this.#foreword, this.#greeting, this.#list);
  #toEnd = make("button", { class: "round to-end", type: "button", hidden: true }, icon("down"));
  #views = new Map();
  #pinned = true;
  #held = null;
  #resized = new ResizeObserver(() => this.#keepPlace());
  #seen = new IntersectionObserver((marks) => this.#reachedTop(marks), { root: this, rootMargin: "600px 0px 0px" });

  connectedCallback() {
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", say("conversation"));
    this.#older.textContent = say("older");
    this.#toEnd.setAttribute("aria-label", say("toEnd"));
    this.#toEnd.title = say("toEnd");
    this.#toEnd.addEventListener("click", () => this.toEnd({ smooth: true }));
    this.replaceChildren(this.#sheet, this.#toEnd);
    this.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#resized.observe(this.#sheet);
    this.#resized.observe(this);
  }

  /** Takes in a whole conversation, or what changed of it. */
  show(talk, { name, foreword }) {
    this.#foreword.replaceChildren(...(foreword && !talk.more ? [foreword] : []));
    this.#greeting.hidden = talk.more || !talk.greeting;
    if (!this.#greeting.hidden) pour(this.#greeting, { html: talk.greeting });
    this.#older.hidden = !talk.more;
    this.#place([...talk.turns, ...talk.pending], talk.turns.at(-1), name);
    this.#seen.disconnect();
    if (talk.more) this.#seen.observe(this.#top);
  }

  /** One turn grew. */
  showTurn(turn, { last, name }) {
    const view = this.#views.get(turn.key ?? turn.id);
    view?.show(turn, { last, name, newDay: view.newDay });
  }

  /** The element of a turn, or null while it isn't loaded. */
  view(turnId) {
    return [...this.#views.values()].find((view) => view.turn.id === turnId) ?? null;
  }

  toEnd({ smooth = false } = {}) {
    this.#pinned = true;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.scrollTo({ top: this.scrollHeight, behavior: smooth && !still ? "smooth" : "instant" });
  }

  #place(turns, last, name) {
    const wanted = new Set(turns.map((turn) => turn.key ?? turn.id));
    for (const [key, view] of this.#views) {
      if (wanted.has(key)) continue;
      view.remove();
      this.#views.delete(key);
    }
    let said = null;
    let next = this.#list.firstElementChild;
    turns.forEach((turn, index) => {
      const view = this.#viewOf(turn.key ?? turn.id);
      if (view === next) next = next.nextElementSibling;
      else this.#list.insertBefore(view, next);
      const when = new Date(turn.at ?? turn.heard[0]?.at).toDateString();
      view.newDay = when !== said && !(index === 0 && when === new Date().toDateString());
      said = when;
      view.show(turn, { last: turn === last, name, newDay: view.newDay });
    });
  }

  #viewOf(key) {
    if (!this.#views.has(key)) this.#views.set(key, make("talk-turn"));
    return this.#views.get(key);
  }

  #scrolled() {
    const below = this.scrollHeight - this.scrollTop - this.clientHeight;
    this.#pinned = below < NEAR;
    this.#toEnd.hidden = below < this.clientHeight / 2;
    const view = this.#firstInSight();
    this.#held = view && { view, top: view.getBoundingClientRect().top };
  }

  /** Thousands of turns may be loaded, so this halves its way to the first whose end is below the edge. */
  #firstInSight() {
    const turns = this.#list.children;
    const edge = this.getBoundingClientRect().top;
    let [from, to] = [0, turns.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (turns[middle].getBoundingClientRect().bottom > edge) to = middle;
      else from = middle + 1;
    }
    return turns[from];
  }

  /** Something changed its height: the end stays in sight, or what is being read stays where it is. */
  #keepPlace() {
    if (this.#pinned) this.toEnd();
    else if (this.#held?.view.isConnected) this.scrollTop += this.#held.view.getBoundingClientRect().top - this.#held.top;
  }

  #reachedTop(marks) {
    if (marks.some((mark) => mark.isIntersecting)) tell(this, "older");
  }
}

customElements.define("talk-scroll", TalkScroll);
