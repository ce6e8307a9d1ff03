// What was typed and not yet heard, kept per conversation: a reload or a lost connection takes nothing away.

const slot = (talk) => `greenroom.draft.${talk}`;
const sentSlot = (talk) => `greenroom.sent.${talk}`;

export const draft = (talk) => localStorage.getItem(slot(talk)) ?? "";

export function keepDraft(talk, text) {
  if (text) localStorage.setItem(slot(talk), text);
  else localStorage.removeItem(slot(talk));
}

/** Notes what is on its way with its key, so that sending it again after a reload can't double it. */
export const keepSent = (talk, text, key) => localStorage.setItem(sentSlot(talk), JSON.stringify({ text, key }));

export const dropSent = (talk) => localStorage.removeItem(sentSlot(talk));

/** What was sent and never seen to arrive: `{text, key}` or null. */
export function sent(talk) {
  const kept = localStorage.getItem(sentSlot(talk));
  return kept ? JSON.parse(kept) : null;
}

/** Every draft goes, once the fan asked to be forgotten. */
export function dropAll() {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith("greenroom.draft.") || key.startsWith("greenroom.sent.")) localStorage.removeItem(key);
  }
}
