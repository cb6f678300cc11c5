import { randomKey, type Visibility } from './api';
import { storage, tabStorage } from './storage';

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

/** A note, or a new one that is being written in a tab. */
export type Place = number | string;

const DRAFT = 'teamnotes.draft.';

/** How long a page that is loaded waits for a draft of its tab, in milliseconds: the page before may not have left yet. */
const PATIENCE = 500;

export function emptyDraft(): Draft {
  return { content: '', key: randomKey(), important: false, visibility: '', teamIds: [], version: 0, base: '' };
}

/** The draft of a user, if there is one that differs from what it is based on. */
export function readDraft(user: number, place: Place): Draft | undefined {
  const draft = { ...emptyDraft(), ...storage.readJson<Partial<Draft>>(name(user, place)) };
  return draft.content === draft.base ? undefined : draft;
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

/** The drafts of this tab from before it was loaded, and whether it has them still: the copy of a tab does not. */
const before = new Map<string, Promise<boolean>>();
for (const key of tabStorage.keys()) {
  const draft = tabStorage.read(key);
  if (key.startsWith(DRAFT) && draft) before.set(draft, hold(draft, { signal: AbortSignal.timeout(PATIENCE) }));
}

/** Where the new notes are that are written in this tab, by their users. */
const own = new Map<number, Place | Promise<Place>>();

/**
 * Where the new note is that a user writes in this tab, which no other tab has. A tab that is loaded goes on with the one
 * that it had before, or with one of a tab that is gone.
 */
export function newNoteOf(user: number): Place | Promise<Place> {
  let place = own.get(user);
  if (place === undefined) {
    place = claim(user);
    own.set(user, place);
    void place.then((claimed) => own.set(user, claimed));
  }
  return place;
}

async function claim(user: number): Promise<Place> {
  const prefix = name(user, 'new.');
  const known = tabStorage.read(prefix);
  const drafts = storage.keys().filter((key) => key.startsWith(prefix));
  drafts.sort((a, b) => Number(b === known) - Number(a === known));
  let claimed = prefix + randomKey();
  for (const draft of [...drafts, claimed]) {
    if (await (before.get(draft) ?? hold(draft, { ifAvailable: true }))) {
      claimed = draft;
      break;
    }
  }
  tabStorage.write(prefix, claimed);
  return claimed.slice(name(user, '').length);
}

/** Keeps other tabs away from a draft until this page is left. Returns whether none of them has it. */
function hold(draft: string, options: LockOptions): Promise<boolean> {
  return new Promise((resolve) => {
    const held = (lock: Lock | null) => {
      resolve(lock !== null);
      return lock && new Promise<never>(() => {});
    };
    navigator.locks.request(draft, options, held).catch(() => resolve(false));
  });
}

function name(user: number, place: Place): string {
  return `${DRAFT}${user}.${place}`;
}
