import { tick } from 'svelte';
import { base, to } from './base';

interface Options {
  /** Whether this takes the place of the current entry of the history. */
  replace?: boolean;
}

/** Where in the page its user is. */
class Router {
  path = $state('/');
  query = $state.raw(new URLSearchParams());
  /** Whether the user has gone back or forward to get here. */
  isReturn = false;
  #scroll = 0;

  start(): void {
    history.scrollRestoration = 'manual';
    this.#read();
    addEventListener('popstate', ({ state }) => {
      this.isReturn = true;
      this.#scroll = state?.scroll ?? 0;
      this.#read();
    });
    addEventListener('click', (event) => this.#follow(event));
  }

  /** Goes to a path of the page, with its query. */
  go(href: string, { replace = false }: Options = {}): void {
    if (replace) {
      history.replaceState(history.state, '', to(href));
    } else {
      history.replaceState({ scroll: scrollY }, '');
      history.pushState(null, '', to(href));
      this.#scroll = 0;
      this.isReturn = false;
    }
    this.#read();
  }

  /** Puts the view and the focus where they belong on the page that has just appeared. */
  async arrive(): Promise<void> {
    await tick();
    scrollTo(0, this.#scroll);
    this.focusHeading();
  }

  /** Puts the focus on the heading, as where it was is not there any more. */
  focusHeading(): void {
    document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true });
  }

  #read(): void {
    this.path = location.pathname.slice(base.length) || '/';
    this.query = new URLSearchParams(location.search);
  }

  #follow(event: MouseEvent): void {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const other = event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
    if (!link || other || event.defaultPrevented || link.target || link.hasAttribute('download')) return;
    const inPage = link.origin === location.origin && link.pathname.startsWith(`${base}/`);
    if (!inPage || link.hash || /^\/(api|docs)(\/|$)/.test(link.pathname.slice(base.length))) return;
    event.preventDefault();
    this.go(link.pathname.slice(base.length) + link.search);
  }
}

export const router = new Router();
