import { api, done, type SessionUser } from './api';
import { CookieRefused, explain, hasStatus } from './failure';
import { toasts } from './toasts.svelte';
import { renewal } from './transport';

/** Whose session this browser has, `user` or `admin`: a visitor's page need not ask, and others are laid out at once. */
const HINT = 'teamnotes.logged-in';

/** Who uses the page. */
class CurrentSession {
  user = $state<SessionUser | null>(null);
  isKnown = $state(false);
  /** The session has ended while it was in use; its user is asked to log in over the page. */
  hasExpired = $state(false);
  #hint = localStorage.getItem(HINT);
  #renewal: { promise: Promise<boolean>; resolve: (renewed: boolean) => void } | undefined;

  constructor() {
    renewal.ask = () => this.#renew();
    addEventListener('storage', ({ key }) => {
      if (key === HINT) void this.start();
    });
  }

  /** Whether somebody is logged in, or will be once the service has answered. */
  get seemsLoggedIn(): boolean {
    return this.isKnown ? this.user !== null : this.#hint !== null;
  }

  /** The same for an admin. */
  get seemsAdmin(): boolean {
    return this.isKnown ? this.user?.admin === true : this.#hint === 'admin';
  }

  /** Finds out whether this browser is logged in. */
  async start(): Promise<void> {
    try {
      this.user = localStorage.getItem(HINT) ? await this.#ask() : null;
    } catch (error) {
      toasts.warn(explain(error));
    }
    this.isKnown = true;
  }

  async logIn(username: string, password: string): Promise<void> {
    const body = { username, password, cookie: true };
    await done(api.POST('/api/login', { body }));
    const before = this.user;
    const user = await this.#ask();
    if (!user) throw new CookieRefused();
    this.user = user;
    if (this.hasExpired) this.#end(user.id === before?.id);
  }

  async logOut(): Promise<void> {
    try {
      await done(api.DELETE('/api/logout'));
    } catch (error) {
      if (!hasStatus(error, 401)) throw error;
    }
    this.forget();
  }

  /** The session is over and its user knows. */
  forget(): void {
    localStorage.removeItem(HINT);
    this.user = null;
    this.#end(false);
  }

  async #ask(): Promise<SessionUser | null> {
    try {
      const { user } = await done(api.GET('/api/sessions/current'));
      localStorage.setItem(HINT, user.admin ? 'admin' : 'user');
      return user;
    } catch (error) {
      if (!hasStatus(error, 401)) throw error;
      localStorage.removeItem(HINT);
      return null;
    }
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

  #end(renewed: boolean): void {
    this.hasExpired = false;
    this.#renewal?.resolve(renewed);
    this.#renewal = undefined;
  }
}

export const session = new CurrentSession();
