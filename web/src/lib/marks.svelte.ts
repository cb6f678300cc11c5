import { SvelteMap } from 'svelte/reactivity';
import { api, done, page } from './api';
import { explain } from './failure';
import { toasts } from './toasts.svelte';

/** Beyond this many pages of 200, whether an old note is marked is not known in advance. */
const MAX_PAGES = 10;

/** The notes on the reading list of whoever is logged in, and whether they are read. */
class Marks {
  unread = $state(0);
  total = $state(0);
  #read = new SvelteMap<number, boolean>();
  readonly #unanswered = new Set<Promise<unknown>>();

  async load(): Promise<void> {
    this.clear();
    try {
      await Promise.all([this.#count(), this.#readPages()]);
    } catch (error) {
      toasts.warn(`Your reading list could not be read. ${explain(error)}`);
    }
  }

  async #readPages(): Promise<void> {
    let cursor: string | undefined;
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      const query = { fields: 'id,reading.read', limit: 200, cursor };
      const next = await page(api.GET('/api/readinglists', { params: { query } }));
      for (const { id, reading } of next.items) this.#read.set(id, reading.read);
      cursor = next.cursor;
      if (!cursor) break;
    }
  }

  async #count(): Promise<void> {
    const counts = await done(api.GET('/api/readinglists/counts'));
    this.unread = counts.unread;
    this.total = counts.total;
  }

  clear(): void {
    this.#read.clear();
    this.unread = this.total = 0;
  }

  has(note: number): boolean {
    return this.#read.has(note);
  }

  /** Marks a note as read or unread, or takes the mark away. Shows it at once, and takes it back if that fails. */
  async set(note: number, read: boolean | undefined): Promise<boolean> {
    const before = this.#read.get(note);
    this.#show(note, read);
    try {
      await this.#send(note, read);
      return true;
    } catch (error) {
      this.#show(note, before);
      toasts.warn(`The reading list is unchanged. ${explain(error)}`);
      return false;
    }
  }

  /** Waits until the server has answered the changes made so far, so that what is read next has them. */
  async answered(): Promise<void> {
    await Promise.allSettled(this.#unanswered);
  }

  /** Marks all notes as read. */
  async readAll(): Promise<void> {
    await done(api.PATCH('/api/readinglists', { body: { all: true, read: true } }));
    for (const note of this.#read.keys()) this.#read.set(note, true);
    this.unread = 0;
  }

  async #send(note: number, read: boolean | undefined): Promise<void> {
    const params = { path: { id: note } };
    const change: Promise<unknown> =
      read === undefined
        ? done(api.DELETE('/api/notes/{id}/mark', { params }))
        : done(api.PUT('/api/notes/{id}/mark', { params, body: { read } }));
    this.#unanswered.add(change);
    try {
      await change;
    } finally {
      this.#unanswered.delete(change);
    }
  }

  #show(note: number, read: boolean | undefined): void {
    const before = this.#read.get(note);
    this.unread += Number(read === false) - Number(before === false);
    this.total += Number(read !== undefined) - Number(before !== undefined);
    if (read === undefined) this.#read.delete(note);
    else this.#read.set(note, read);
  }
}

export const marks = new Marks();
