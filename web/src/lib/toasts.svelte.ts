const SECONDS_SHOWN = 6;

export interface Toast {
  id: number;
  text: string;
  isError: boolean;
  action: { label: string; run: () => void } | undefined;
}

/** Short messages at the edge of the page. */
class Toasts {
  shown = $state<Toast[]>([]);
  #last = 0;

  say(text: string, action?: Toast['action'], seconds = SECONDS_SHOWN): number {
    return this.#show({ text, isError: false, action }, seconds);
  }

  warn(text: string): number {
    return this.#show({ text, isError: true, action: undefined }, 2 * SECONDS_SHOWN);
  }

  /** Does what the newest message offers. */
  act(): void {
    this.shown.findLast(({ action }) => action)?.action?.run();
  }

  close(id: number): void {
    this.shown = this.shown.filter((toast) => toast.id !== id);
  }

  #show(toast: Omit<Toast, 'id'>, seconds: number): number {
    const id = ++this.#last;
    this.shown.push({ id, ...toast });
    setTimeout(() => this.close(id), 1000 * seconds);
    return id;
  }
}

export const toasts = new Toasts();
