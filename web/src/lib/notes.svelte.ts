import { untrack } from 'svelte';
import { SvelteSet } from 'svelte/reactivity';
import { ANY_VERSION, api, done, page, type Note } from './api';
import { to } from './base';
import { explain } from './failure';
import { filtersOf, toQuery } from './filters';
import { List } from './list.svelte';
import { session } from './session.svelte';
import { toasts } from './toasts.svelte';

const UNDO_SECONDS = 8;
const LISTS_KEPT = 10;

/** The lists of notes that have been shown, by viewer and filters, so that going back finds them as they were. */
const lists = new Map<string, List<Note>>();

/** The list with these filters, which are those in the address. */
export function notesFor(query: URLSearchParams, isReturn: boolean): List<Note> {
  const filters = filtersOf(query);
  const key = `${untrack(() => session.user?.id)} ${toQuery(filters)}`;
  const known = lists.get(key);
  if (known && isReturn) return known;
  const list = new List<Note>(async (cursor) => {
    const { search, important, author } = filters;
    const selection = {
      ...(search && { search }),
      ...(important && { important }),
      ...(author && { user: author }),
    };
    const next = await page(api.GET('/api/notes', { params: { query: { ...selection, include: 'teams', cursor } } }));
    session.notice(next.items);
    return next;
  });
  lists.delete(key);
  lists.set(key, list);
  for (const oldest of lists.keys()) {
    if (lists.size <= LISTS_KEPT) break;
    lists.delete(oldest);
  }
  return list;
}

/** Shows a note as it is now wherever it is listed. */
export function refreshNote(note: Note): void {
  for (const list of lists.values()) list.replace(note.id, note);
}

/** Sets whether a note is important. Shows it at once, and takes it back if that fails. */
export async function setImportant(note: Note, important: boolean): Promise<Note> {
  refreshNote({ ...note, important });
  try {
    const params = { path: { id: note.id }, header: ANY_VERSION };
    const changed = await done(api.PUT('/api/notes/{id}', { params, body: { important } }));
    refreshNote({ ...note, ...changed });
    return { ...note, ...changed };
  } catch (error) {
    refreshNote(note);
    toasts.warn(`The note is unchanged. ${explain(error)}`);
    return note;
  }
}

interface Pending {
  /** Who has asked for it. */
  user: number | undefined;
  timer: ReturnType<typeof setTimeout>;
  toast: number;
}

/** Notes that are deleted as soon as it is too late to undo that; until then they are hidden. */
class Deletions {
  #hidden = new SvelteSet<number>();
  #pending = new Map<number, Pending>();

  constructor() {
    session.beforeLogOut = () => this.#flush();
    addEventListener('pagehide', () => {
      for (const id of [...this.#pending.keys()]) this.#send(id);
    });
  }

  hides(id: number): boolean {
    return this.#hidden.has(id);
  }

  /** Deletes a note unless its user changes their mind; `restored` is called if it stays. */
  start(id: number): void {
    this.#hidden.add(id);
    const timer = setTimeout(() => void this.#finish(id), 1000 * UNDO_SECONDS);
    const undo = () => {
      this.#take(id);
      this.#hidden.delete(id);
      toasts.say('Note restored.');
    };
    const toast = toasts.say('Note deleted.', { label: 'Undo', run: undo }, UNDO_SECONDS);
    this.#pending.set(id, { user: session.user?.id, timer, toast });
  }

  /** Ends the time to undo a deletion. Returns whether it is to be carried out, as nobody else has logged in since. */
  #take(id: number): boolean {
    const pending = this.#pending.get(id);
    if (!pending) return false;
    clearTimeout(pending.timer);
    toasts.close(pending.toast);
    this.#pending.delete(id);
    return pending.user === session.user?.id && !session.isSomeoneElse();
  }

  async #flush(): Promise<void> {
    await Promise.all([...this.#pending.keys()].map((id) => this.#finish(id)));
  }

  async #finish(id: number): Promise<void> {
    if (!this.#take(id)) {
      this.#hidden.delete(id);
      toasts.warn('The note was not deleted, because you were logged out first.');
      return;
    }
    try {
      const params = { path: { id }, header: ANY_VERSION };
      await done(api.DELETE('/api/notes/{id}', { params }));
      for (const list of lists.values()) list.remove(id);
    } catch (error) {
      this.#hidden.delete(id);
      toasts.warn(`The note has not been deleted. ${explain(error)}`);
    }
  }

  /** Sends the request in a way that outlives the page. */
  #send(id: number): void {
    if (!this.#take(id)) return;
    void fetch(to(`/api/notes/${id}`), { method: 'DELETE', headers: ANY_VERSION, keepalive: true });
  }
}

export const deletions = new Deletions();
