// <why-sheet>: why she said it: what came to mind, which lore, how full the window, which engine, how long.
import * as api from "../api.js";
import { make } from "../dom.js";
import { pour } from "../prose.js";
import { sheet } from "../sheet.js";
import { date, say } from "../words.js";

const STEPS = ["recall", "lore", "render", "first_token", "speech", "mood", "remember", "total"];

class WhySheet extends HTMLElement {
  #sheet = null;

  connectedCallback() {
    this.#sheet = sheet("right", "why");
    this.replaceChildren(this.#sheet.dialog);
  }

  async open(turn, persona) {
    const { dialog, body, title } = this.#sheet;
    title.textContent = say("why", persona);
    const quoted = make("blockquote", { class: "quoted", dir: "auto" });
    pour(quoted, turn);
    body.replaceChildren(quoted);
    dialog.showModal();
    try {
      body.append(...explained(await api.why(turn.id)));
    } catch (refusal) {
      body.append(make("p", { class: "trouble", role: "alert" }, refusal.sentence || say("whyGone")));
    }
  }
}

function explained({ recalled = [], lore = [], window, engine, timings, prompt }) {
  return [
    part("whyRecalled", recalled.length ? make("ul", { class: "recalled" }, recalled.map(recollection)) : make("p", {}, say("whyNothing"))),
    lore.length && part("whyLore", make("ul", { class: "recalled" }, lore.map(loreEntry))),
    window?.limit && part("whyWindow", ...fullness(window)),
    engine && part("whyEngine", make("p", {}, `${engine.model} · ${engine.lora || say("noLora")}`)),
    timings && Object.keys(timings).length && part("whyTimings", steps(timings)),
    prompt && make("details", { class: "prompt" }, make("summary", {}, say("whyPrompt")), ...prompt.map(message)),
  ].filter(Boolean);
}

const part = (words, ...content) => make("section", { class: "why-part" }, make("h3", {}, say(words)), ...content);

function recollection({ text, speaker, at, score, confidence }) {
  const facts = [
    at && date(at),
    speaker,
    score != null && say("likeness", { n: score.toFixed(2) }),
    confidence != null && say("sure", { n: Math.round(confidence * 100) }),
  ];
  return make("li", {}, make("p", { dir: "auto" }, text), make("p", { class: "facts" }, facts.filter(Boolean).join(" · ")));
}

function loreEntry(entry) {
  if (typeof entry === "string") return make("li", {}, make("p", { dir: "auto" }, entry));
  const { title, name, text, why, because } = entry;
  const reason = why ?? because;
  return make("li", {}, make("p", { dir: "auto" }, text ?? title ?? name), reason && make("p", { class: "facts" }, String(reason)));
}

function fullness({ used, limit, dropped }) {
  const left = Array.isArray(dropped) ? dropped.length : dropped;
  const label = say("windowUsed", { used, limit });
  return [
    make("meter", { min: "0", max: String(limit), value: String(used), "aria-label": label }),
    make("p", { class: "facts" }, label, left ? ` ${say("windowDropped", { n: left })}` : ""),
  ];
}

/** One bar per step; the longest is as wide as the sheet. */
function steps(timings) {
  const longest = Math.max(...Object.values(timings), 0.001);
  const rows = Object.entries(timings).flatMap(([step, seconds]) => {
    const bar = make("span", { class: "bar" });
    bar.style.setProperty("--share", `${(100 * seconds) / longest}%`);
    return [make("dt", {}, STEPS.includes(step) ? say(step) : step.replaceAll("_", " ")), make("dd", {}, bar, duration(seconds))];
  });
  return make("dl", { class: "steps" }, rows);
}

const duration = (seconds) => (seconds >= 1 ? `${seconds.toFixed(1)} s` : seconds >= 0.001 ? `${Math.round(seconds * 1000)} ms` : "< 1 ms");

const message = ({ role, content }) => make("div", { class: "prompt-message" }, make("p", { class: "facts" }, role), make("pre", { tabindex: "0" }, content));

customElements.define("why-sheet", WhySheet);
