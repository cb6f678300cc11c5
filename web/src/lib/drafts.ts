import { randomKey, type Visibility } from './api';
import { storage } from './storage';

/** What somebody has typed and the service has not acknowledged. */
export interface Draft {
  content: string;
  /** Names the request that creates the note, so that a retry makes no second one. */
  key: string;
  important: boolean;
  /** `''` is the default of the service. */
  visibility: Visibility | '';
  teamIds: number[];
  /** The version that was edited, and its content; for a new note 0 and nothing. */
  version: number;
  base: string;
}

/** A note, or the one that is being written. */
type Place = number | 'new';

export function emptyDraft(): Draft {
  return { content: '', key: randomKey(), important: false, visibility: '', teamIds: [], version: 0, base: '' };
}

/** The draft of a user, if there is one that differs from what it is based on. */
export function readDraft(user: number, place: Place): Draft | undefined {
  try {
    const draft: Draft = { ...emptyDraft(), ...JSON.parse(storage.read(name(user, place)) ?? 'null') };
    return draft.content === draft.base ? undefined : draft;
  } catch {
    return undefined;
  }
}

/** Keeps a draft. Returns whether the browser could: its storage may be full or switched off. */
export function keepDraft(user: number, place: Place, draft: Draft): boolean {
  return storage.write(name(user, place), JSON.stringify(draft));
}

/** Drops a draft; with `saved`, unless it is another one by now, which another tab has kept. */
export function dropDraft(user: number, place: Place, saved?: Draft): void {
  const kept = saved && readDraft(user, place);
  if (kept && (kept.content !== saved.content || kept.key !== saved.key)) return;
  storage.remove(name(user, place));
}

function name(user: number, place: Place): string {
  return `teamnotes.draft.${user}.${place}`;
}
