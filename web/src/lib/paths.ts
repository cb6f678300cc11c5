import { to } from './base';
import { router } from './router.svelte';

/** Where to log in, and come back from to where one is. */
export function loginPath(): string {
  const query = router.query.toString();
  const next = router.path + (query && `?${query}`);
  return to(`/login${next === '/' ? '' : `?${new URLSearchParams({ next })}`}`);
}

/** Where to go after logging in: a path of this page, whatever the address says. */
export function nextPath(): string {
  const next = router.query.get('next') ?? '/';
  if (!next.startsWith('/') || !URL.canParse(next, location.origin)) return '/';
  const { origin, pathname, search } = new URL(next, location.origin);
  return origin === location.origin ? pathname + search : '/';
}

export function notePath(id: number): string {
  return to(`/notes/${id}`);
}

export function personPath(username: string): string {
  return to(`/people/${encodeURIComponent(username)}`);
}

export function teamPath(id: number): string {
  return to(`/teams/${id}`);
}
