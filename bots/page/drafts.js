// What was typed and not yet heard, kept per conversation: a reload or a lost connection takes nothing away.

const slot = (talk) => `greenroom.draft.${talk}`;
const sentSlot = (talk) => `greenroom.sent.${talk}`;

export const draft = (talk) => localStorage.getItem(slot(talk)) ?? "";

export function keepDraft(talk, text) {
  if (text) localStorage.setItem(slot(talk), text);
  else localStorage.removeItem(slot(talk));
}

/** What was sent and never seen to arrive, oldest first: `[{text, key}]`. */
export const sent = (talk) => [JSON.parse(localStorage.getItem(sentSlot(talk)) ?? "[]")].flat();

/** Notes what is on its way with its key, so that sending it again after a reload can't double it. */
export function keepSent(talk, text, key) {
  const others = sent(talk).filter((one) => one.key !== key);
  localStorage.setItem(sentSlot(talk), JSON.stringify([...others, { text, key }]));
}

export function dropSent(talk, key) {
  const others = sent(talk).filter((one) => one.key !== key);
  if (others.length) localStorage.setItem(sentSlot(talk), JSON.stringify(others));
  else localStorage.removeItem(sentSlot(talk));
}

/** Every draft goes, once the fan asked to be forgotten. */
export function dropAll() {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith("greenroom.draft.") || key.startsWith("greenroom.sent.")) localStorage.removeItem(key);
  }
}
