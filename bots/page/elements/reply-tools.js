// <reply-tools>: the quiet row under a reply. Under the last one everything stands; under others time, why and a menu.
import { make, tell } from "../dom.js";
import { icon } from "../icons.js";
import { clock, say, written } from "../words.js";
import "./small-menu.js";

class ReplyTools extends HTMLElement {
  connectedCallback() {
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", say("replyTools"));
  }

  show(turn, { last, name }) {
    const answered = turn.said != null;
    const focused = this.contains(document.activeElement) ? document.activeElement.dataset.does : null;
    this.replaceChildren(
      ...[
        last && this.#tool("again", "again", "Ctrl+Enter"),
        turn.variants.length > 1 && this.#versions(turn),
        last && answered && this.#tool("goOn", "goOn"),
        last && answered && this.#thumb(turn, "up", "good", "thumbUp"),
        last && answered && this.#thumb(turn, "down", "bad", "thumbDown"),
        answered && this.#why(name),
        this.#menu(turn, { last, answered }),
        this.#time(turn),
      ].filter(Boolean),
    );
    if (focused) this.querySelector(`[data-does="${focused}"]`)?.focus({ preventScroll: true });
  }

  #tool(does, picture, keys) {
    const title = keys ? `${say(does)} (${keys})` : say(does);
    const attributes = { class: "tool", type: "button", "data-does": does, "aria-label": say(does), title };
    return make("button", { ...attributes, on: { click: () => tell(this, does) } }, icon(picture));
  }

  #thumb(turn, thumb, words, picture) {
    const chosen = turn.feedback === thumb;
    const button = this.#tool(words, picture);
    button.setAttribute("aria-pressed", chosen);
    button.addEventListener("click", () => tell(this, "thumb", chosen ? null : thumb));
    return button;
  }

  #versions({ id, variants }) {
    const at = variants.indexOf(id);
    const step = (by, words, picture) => {
      const wanted = variants[at + by];
      const attributes = { class: "tool", type: "button", "data-does": words, "aria-label": say(words), title: say(words) };
      // out of versions, but not out of the tab order: focus must not fall to the page
      return make(
        "button",
        { ...attributes, "aria-disabled": wanted ? null : "true", on: { click: () => wanted && tell(this, "choose", wanted) } },
        icon(picture),
      );
    };
    const count = make("span", { class: "count", "aria-hidden": "true" }, `${at + 1}/${variants.length}`);
    const label = say("version", { n: at + 1, all: variants.length });
    return make("span", { class: "versions", role: "group", "aria-label": label }, step(-1, "earlier", "back"), count, step(1, "later", "forth"));
  }

  #why(name) {
    const label = say("why", { name });
    const attributes = { class: "tool worded", type: "button", "data-does": "why", "aria-label": label, title: label };
    return make("button", { ...attributes, on: { click: () => tell(this, "why") } }, say("whyShort"));
  }

  #menu(turn, { last, answered }) {
    const menu = make("small-menu");
    const actions = [
      { name: "rewrite", words: say("editMine"), picture: "correct" },
      !last && { name: "again", words: say("branchHere"), picture: "again" },
      // a page that came over plain HTTP from another machine may not write to the clipboard
      answered && navigator.clipboard && { name: "copy", words: say("copyReply"), picture: "copy" },
    ].filter(Boolean);
    menu.show(actions, whenAndWho(turn));
    return menu;
  }

  #time(turn) {
    return turn.at && make("time", { class: "time", datetime: turn.at, title: whenAndWho(turn) }, clock(turn.at));
  }
}

/** The full date, and the model that played. */
const whenAndWho = ({ at, model }) => [at && written(at, { dateStyle: "medium", timeStyle: "short" }), model].filter(Boolean).join(" · ");

customElements.define("reply-tools", ReplyTools);
