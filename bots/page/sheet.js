// A sheet that slides in over the page: a real <dialog>, so that focus, Esc and the page behind take care of themselves.
import { make } from "./dom.js";
import { icon } from "./icons.js";
import { say } from "./words.js";

/** `{dialog, body, title}`; `kind` is its class: `left`, `right`, `wide`. A tap beside it closes it. */
export function sheet(kind, name) {
  const title = make("h2", { id: `${name}-title` });
  const body = make("div", { class: "sheet-body" });
  const close = make("button", { class: "round", type: "button", "aria-label": say("close"), title: say("close") }, icon("close"));
  const inner = make("div", { class: "sheet-inner" }, make("header", { class: "sheet-head" }, title, close), body);
  const dialog = make("dialog", { class: `sheet ${kind}`, "aria-labelledby": title.id }, inner);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  return { dialog, body, title };
}
