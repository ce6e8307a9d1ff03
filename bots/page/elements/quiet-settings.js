// <quiet-settings>: language, light and what the fan is called; and the keys, for those who look.
import * as api from "../api.js";
import { make, tell } from "../dom.js";
import { sheet } from "../sheet.js";
import { LANGUAGES, say } from "../words.js";

const KEYS = [
  ["Enter", "keySend"],
  ["Shift Enter", "keyLine"],
  ["↑", "keyEdit"],
  ["Esc", "keyStop"],
  ["Ctrl Enter", "keyAgain"],
];

class QuietSettings extends HTMLElement {
  #sheet = null;

  connectedCallback() {
    this.#sheet = sheet("right", "settings");
    this.replaceChildren(this.#sheet.dialog);
  }

  open(fan) {
    const { dialog, body, title } = this.#sheet;
    title.textContent = say("settings");
    body.replaceChildren(this.#name(fan), this.#language(), this.#theme(), this.#keys());
    dialog.showModal();
  }

  #name(fan) {
    const field = make("input", { type: "text", maxlength: "32", autocomplete: "nickname", dir: "auto" });
    field.value = fan.name ?? "";
    field.addEventListener("change", () => {
      const name = field.value.trim();
      api.rename({ name }).then(
        () => tell(this, "renamed", name),
        (refusal) => field.setCustomValidity(refusal.sentence || say("failed")) ?? field.reportValidity(),
      );
    });
    field.addEventListener("input", () => field.setCustomValidity(""));
    return make("label", { class: "setting" }, make("span", { class: "setting-name" }, say("yourName")), field);
  }

  #language() {
    const choices = Object.entries(LANGUAGES).map(([code, name]) => [code, name]);
    return this.#choice("language", choices, document.documentElement.lang, (code) => {
      localStorage.setItem("greenroom.language", code);
      this.#sheet.dialog.close();
      tell(this, "language", code);
    });
  }

  #theme() {
    const choices = [
      ["auto", say("themeAuto")],
      ["dark", say("themeDark")],
      ["light", say("themeLight")],
    ];
    const { dataset } = document.documentElement;
    return this.#choice("theme", choices, dataset.theme ?? "auto", (theme) => {
      if (theme === "auto") delete dataset.theme;
      else dataset.theme = theme;
      if (theme === "auto") localStorage.removeItem("greenroom.theme");
      else localStorage.setItem("greenroom.theme", theme);
    });
  }

  #choice(name, choices, chosen, react) {
    const options = choices.map(([value, words]) => {
      const radio = make("input", { type: "radio", name, value, checked: value === chosen, on: { change: () => react(value) } });
      return make("label", { lang: name === "language" ? value : null }, radio, make("span", {}, words));
    });
    return make("fieldset", { class: "setting" }, make("legend", { class: "setting-name" }, say(name)), make("div", { class: "segments" }, options));
  }

  #keys() {
    const rows = KEYS.flatMap(([keys, words]) => [
      make("dt", {}, keys.split(" ").map((key) => make("kbd", {}, key))),
      make("dd", {}, say(words)),
    ]);
    return make("section", { class: "setting keys" }, make("h3", { class: "setting-name" }, say("keys")), make("dl", {}, rows));
  }
}

customElements.define("quiet-settings", QuietSettings);
