// Makes elements without markup strings, so that nothing a person wrote is ever parsed as HTML.

/**
 * `make("button", {class: "quiet", "aria-label": …, on: {click}}, "text", child)`. Attributes that are null or false
 * are left out, `true` stands bare. Styles are never set here: the page's policy allows none from markup.
 */
export function make(tag, { on = {}, ...attributes } = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  for (const [event, react] of Object.entries(on)) element.addEventListener(event, react);
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

/** Tells whoever is above: a bubbling event with facts. */
export function tell(element, name, detail) {
  element.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
}

/** Text for screen readers only. */
export const unseen = (text) => make("span", { class: "unseen" }, text);
