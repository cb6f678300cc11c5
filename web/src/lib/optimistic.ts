import { explain } from './failure';
import type { List } from './list.svelte';
import { toasts } from './toasts.svelte';

/** What a list shows once the change of it from `before` to `after` is taken back: other changes since then stay. */
export function takenBack<T extends { id: number }>(now: T[], before: T[], after: T[]): T[] {
  const isBack = before.map((item) => !after.includes(item));
  const back = before.filter((_, index) => isBack[index]);
  const ids = new Set(back.map(({ id }) => id));
  const items = now.filter(({ id }) => !ids.has(id));
  before.forEach((item, index) => {
    if (isBack[index]) items.splice(Math.min(index, items.length), 0, item);
  });
  return items;
}

/** Shows a list as it will be after a request, and takes that back if the request fails. Returns whether it has worked. */
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
    list.items = takenBack(list.items, before, items);
    toasts.warn(`${unchanged} ${explain(error)}`);
    return false;
  }
}
