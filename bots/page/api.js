// The house's HTTP door as the page sees it: one function per thing that can be asked, and one kind of refusal.
import { eventsOf } from "./events.js";

/** Something was refused or could not be reached; `sentence` is fit to be read. */
export class Refusal extends Error {
  constructor(status, { sentence = "", try: remedy = "" } = {}) {
    super(sentence || `status ${status}`);
    this.name = "Refusal";
    this.status = status;
    this.sentence = sentence;
    this.remedy = remedy;
  }

  /** Whether asking again later may help: the machine is at fault, not the question. */
  get passing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

async function ask(method, path, { body, signal } = {}) {
  const headers = method === "GET" ? {} : { "X-Greenroom": "1" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, { method, headers, signal, body: body && JSON.stringify(body) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0);
  }
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({}));
  throw new Refusal(answer.status, told.error);
}

async function read(method, path, options) {
  const answer = await ask(method, path, options);
  const text = await answer.text();
  return text ? JSON.parse(text) : null;
}

/** Opens a stream of `{event, data}`; a POST unless there is nothing to send. */
async function listen(method, path, options) {
  const answer = await ask(method, path, options);
  return eventsOf(answer.body);
}

const query = (facts) => new URLSearchParams(Object.entries(facts).filter(([, value]) => value != null)).toString();

export const house = () => read("GET", "/api/house");
export const rename = (facts) => read("PATCH", "/api/me", { body: facts });

export const talks = (persona) => read("GET", `/api/talks?${query({ persona })}`);
export const begin = (persona) => read("POST", "/api/talks", { body: { persona } });
export const talk = (id, { before, limit = 50 } = {}) => read("GET", `/api/talks/${id}?${query({ before, limit })}`);

export const say = (talkId, text, key, signal) =>
  listen("POST", `/api/talks/${talkId}/say`, { body: { text, key }, signal });
export const again = (turn, signal) => listen("POST", `/api/turns/${turn}/again`, { body: {}, signal });
export const edit = (turn, text, key, signal) => listen("POST", `/api/turns/${turn}/edit`, { body: { text, key }, signal });
export const goOn = (turn, signal) => listen("POST", `/api/turns/${turn}/continue`, { body: {}, signal });
export const join = (turn, signal) => listen("GET", `/api/turns/${turn}/stream`, { signal });

export const stop = (turn) => read("POST", `/api/turns/${turn}/stop`, { body: {} });
export const choose = (turn) => read("POST", `/api/turns/${turn}/choose`, { body: {} });
export const feedback = (turn, thumb) => read("POST", `/api/turns/${turn}/feedback`, { body: { thumb } });
export const why = (turn) => read("GET", `/api/turns/${turn}/why`);

export const memories = (persona) => read("GET", `/api/memories?${query({ persona })}`);
export const correct = (id, text, persona) => read("PATCH", `/api/memories/${id}`, { body: { text, persona } });
export const forget = (id, persona) => read("DELETE", `/api/memories/${id}?${query({ persona })}`);
export const teaching = (persona) => read("GET", `/api/teaching?${query({ persona })}`);
export const teach = (persona, allowed) => read("PUT", "/api/teaching", { body: { persona, allowed } });
export const forgetMe = (persona) => read("DELETE", persona ? `/api/me?${query({ persona })}` : "/api/me");
