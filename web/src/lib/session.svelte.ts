import { api, done, type Note, type SessionUser } from './api';
import { CookieRefused, explain, hasStatus } from './failure';
import { announce, confirm, dropHint, HINT, readHint } from './hint';
import { storage } from './storage';
import { toasts } from './toasts.svelte';
import { viewer } from './transport';

/** Who uses the page. */
class CurrentSession {
  user = $state<SessionUser | null>(null);
  isKnown = $state(false);
  /** The session has ended while it was in use; its user is asked to log in over the page. */
  hasExpired = $state(false);
  /** What has to be done while the session is there, before its user logs out. */
  beforeLogOut = async (): Promise<void> => {};
  #hint = readHint();
  #renewal: { promise: Promise<boolean>; resolve: (renewed: boolean) => void } | undefined;

  constructor() {
    viewer.renew = () => this.#renew();
    viewer.isSomeoneElse = () => this.isSomeoneElse();
    viewer.change = () => void this.start();
    addEventListener('storage', ({ key }) => {
      if (key === HINT) void this.start();
    });
    addEventListener('pageshow', ({ persisted }) => {
      if (persisted) void this.start();
    });
  }

  /** Whether somebody is logged in, or will be once the service has answered: others are laid out at once. */
  get seemsLoggedIn(): boolean {
    return this.isKnown ? this.user !== null : this.#hint !== undefined;
  }

  /** The same for an admin. */
  get seemsAdmin(): boolean {
    return this.isKnown ? this.user?.admin === true : this.#hint?.isAdmin === true;
  }

  /** Whether another user has logged in in another tab, as whom this one would now act. */
  isSomeoneElse(): boolean {
    const hint = readHint();
    return this.user !== null && hint !== undefined && hint.user !== this.user.id;
  }

  /** Finds out whether this browser is logged in, and as whom. */
  async start(asks = readHint() !== undefined || !storage.isThere()): Promise<void> {
    try {
      const user = asks ? await this.#ask() : null;
      const before = this.user;
      if (user || !this.hasExpired) this.#become(user);
      if (before && user && before.id !== user.id) {
        toasts.warn(`${user.name} has logged in in another tab, and this tab has switched to them. Drafts are kept.`);
      }
    } catch (error) {
      toasts.warn(explain(error));
    }
    this.isKnown = true;
  }

  /** Finds out about a session without a hint: whoever is shown notes that are not public has one. */
  notice(notes: Pick<Note, 'visibility'>[]): void {
    if (this.isKnown && !this.user && notes.some(({ visibility }) => visibility !== 'public')) void this.start(true);
  }

  async logIn(username: string, password: string): Promise<void> {
    const body = { username, password, cookie: true };
    await done(api.POST('/api/login', { body }));
    const user = await this.#ask();
    if (!user) throw new CookieRefused();
    announce({ user: user.id, isAdmin: user.admin });
    this.#become(user);
  }

  async logOut(): Promise<void> {
    await this.beforeLogOut();
    await this.leave();
  }

  /** Ends the session at once, if it has not ended yet. */
  async leave(): Promise<void> {
    try {
      await done(api.DELETE('/api/logout'));
    } catch (error) {
      if (!hasStatus(error, 401)) throw error;
    }
    dropHint();
    this.#become(null);
  }

  async #ask(): Promise<SessionUser | null> {
    try {
      const { user } = await done(api.GET('/api/sessions/current'));
      confirm({ user: user.id, isAdmin: user.admin });
      return user;
    } catch (error) {
      if (!hasStatus(error, 401)) throw error;
      dropHint();
      return null;
    }
  }

  #become(user: SessionUser | null): void {
    const isSame = user !== null && user.id === this.user?.id;
    this.user = user;
    this.hasExpired = false;
    this.#renewal?.resolve(isSame);
    this.#renewal = undefined;
  }

  #renew(): Promise<boolean> {
    if (!this.user) return Promise.resolve(false);
    if (!this.#renewal) {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      this.#renewal = { promise, resolve };
      this.hasExpired = true;
    }
    return this.#renewal.promise;
  }
}

export const session = new CurrentSession();
