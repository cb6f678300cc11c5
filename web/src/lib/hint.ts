import { storage } from './storage';

/** Who is logged in in this browser, for all of its tabs: they see each other's changes of it, never the cookie. */
export interface Hint {
  user: number;
  isAdmin: boolean;
}

export const HINT = 'teamnotes.logged-in';

/** Who is logged in, as far as the tabs of this browser know. */
export function readHint(): Hint | undefined {
  const [, user, role] = /^(\d+) (user|admin) /.exec(storage.read(HINT) ?? '') ?? [];
  return user === undefined ? undefined : { user: Number(user), isAdmin: role === 'admin' };
}

/** Tells the other tabs of a login: each is told, even if the same user logs in again. */
export function announce({ user, isAdmin }: Hint): void {
  storage.write(HINT, `${user} ${isAdmin ? 'admin' : 'user'} ${Date.now()}`);
}

/** Notes down who is logged in, without a word to the other tabs if that is known. */
export function confirm(hint: Hint): void {
  const known = readHint();
  if (known?.user !== hint.user || known.isAdmin !== hint.isAdmin) announce(hint);
}

export function dropHint(): void {
  storage.remove(HINT);
}
