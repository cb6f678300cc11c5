import { explain } from './failure';
import type { List } from './list.svelte';
import { toasts } from './toasts.svelte';

/** Shows a list as it will be after a request, and as it was if the request fails. Returns whether it has worked. */
export async function optimistically<T extends { id: number }>(
  list: List<T>,
  items: T[],
  request: Promise<unknown>,
  unchanged: string,
): Promise<boolean> {
  const before = list.items;
  list.items = items;
  try {
    await request;
    return true;
  } catch (error) {
    list.items = before;
    toasts.warn(`${unchanged} ${explain(error)}`);
    return false;
  }
}
