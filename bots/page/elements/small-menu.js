// <small-menu>: a button with a few rarer actions behind it. In the top layer, since turns clip what leaves them.
import { make, tell } from "../dom.js";
import { icon } from "../icons.js";
import { say } from "../words.js";

class SmallMenu extends HTMLElement {
  #button = make("button", { class: "tool", type: "button", "aria-haspopup": "menu", "aria-expanded": "false" }, icon("more"));
  #list = make("div", { class: "menu", role: "menu", popover: "auto" });
  #fill = () => {};

  connectedCallback() {
    this.#button.setAttribute("aria-label", say("more"));
    this.#button.title = say("more");
    this.#button.addEventListener("click", () => {
      this.#fill();
      this.#list.togglePopover();
    });
    this.#list.addEventListener("toggle", (event) => this.#toggled(event.newState === "open"));
    this.#list.addEventListener("keydown", (event) => this.#move(event));
    this.replaceChildren(this.#button, this.#list);
  }

  /** `[{name, words, picture}]`, choosing one tells `name` upwards; `caption` stands beneath. */
  show(actions, caption) {
    this.#fill = () => this.#filled(actions, caption);
  }

  #filled(actions, caption) {
    this.#list.replaceChildren(
      ...actions.map(({ name, words, picture }) =>
        make("button", { type: "button", role: "menuitem", tabindex: "-1", on: { click: () => this.#choose(name) } }, icon(picture), words),
      ),
    );
    if (caption) this.#list.append(make("p", { class: "menu-caption", role: "presentation" }, caption));
  }

  #choose(name) {
    this.#list.hidePopover();
    tell(this, name);
  }

  #toggled(open) {
    this.#button.setAttribute("aria-expanded", open);
    if (!open) return;
    const { left, top, bottom } = this.#button.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.#list;
    const fitsBelow = bottom + height + 8 < innerHeight;
    this.#list.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
    this.#list.style.top = `${fitsBelow ? bottom + 4 : Math.max(8, top - height - 4)}px`;
    this.#list.firstElementChild?.focus();
  }

  #move(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" || event.key === "Tab") {
      this.#list.hidePopover();
      this.#button.focus();
    }
    if (event.key === "Escape" || step) event.stopPropagation();
    if (!step) return;
    event.preventDefault();
    const items = [...this.#list.querySelectorAll("button")];
    items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
  }
}

customElements.define("small-menu", SmallMenu);
