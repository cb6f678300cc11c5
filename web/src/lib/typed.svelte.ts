import { onDestroy, untrack } from 'svelte';
import { router } from './router.svelte';
import { session } from './session.svelte';
import { tabStorage } from './storage';

/** What is typed into a short form. It is still there when the page is loaded again, until the form is left. */
export function typed<T extends object>(form: string, initial: T): T {
  const key = untrack(() => `teamnotes.typed.${session.user?.id} ${router.path} ${form}`);
  const unchanged = JSON.stringify(initial);
  const fields = $state({ ...initial, ...tabStorage.readJson<Partial<T>>(key) });
  $effect(() => {
    const now = JSON.stringify(fields);
    if (now === unchanged) tabStorage.remove(key);
    else tabStorage.write(key, now);
  });
  onDestroy(() => tabStorage.remove(key));
  return fields;
}
