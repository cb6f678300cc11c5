import { untrack } from 'svelte';
import type { Page } from './api';

type Fetch<T> = (cursor: string | undefined) => Promise<Page<T>>;

/** A list that is read page by page. */
export class List<T extends { id: number }> {
  items = $state.raw<T[]>([]);
  total = $state<number | undefined>();
  hasMore = $state(false);
  isLoading = $state(false);
  /** Whether the first page has been read. */
  isReady = $state(false);
  error = $state.raw<unknown>();
  #cursor: string | undefined;
  readonly #fetch: Fetch<T>;

  constructor(fetch: Fetch<T>) {
    this.#fetch = fetch;
  }

  /** Reads the first page, unless it has been read. */
  start(): void {
    untrack(() => {
      if (!this.isReady) void this.next();
    });
  }

  /** Reads the next page, or the first. */
  async next(): Promise<void> {
    if (this.isLoading || (this.isReady && !this.hasMore)) return;
    this.isLoading = true;
    this.error = undefined;
    try {
      const page = await this.#fetch(this.#cursor);
      const known = new Set(this.items.map(({ id }) => id));
      this.items = [...this.items, ...page.items.filter(({ id }) => !known.has(id))];
      this.total ??= page.total;
      this.#cursor = page.cursor;
      this.hasMore = page.cursor !== undefined;
      this.isReady = true;
    } catch (error) {
      this.error = error;
    } finally {
      this.isLoading = false;
    }
  }

  replace(id: number, change: Partial<T>): void {
    this.items = this.items.map((item) => (item.id === id ? { ...item, ...change } : item));
  }

  remove(id: number): void {
    this.items = this.items.filter((item) => item.id !== id);
  }

  addFirst(item: T): void {
    this.items = [item, ...this.items.filter(({ id }) => id !== item.id)];
  }
}

/** The list that is wanted, which is started; until it has been read, the one before, so that nothing jumps. */
export function steady<T extends { id: number }>(wanted: () => List<T>): { readonly list: List<T> } {
  const next = $derived(wanted());
  let shown = $state.raw(untrack(() => next));
  $effect(() => {
    next.start();
    if (next.isReady || next.error) shown = next;
  });
  return {
    get list() {
      return shown;
    },
  };
}
