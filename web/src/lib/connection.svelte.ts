import { to } from './base';

/** What a proxy answers whose service is away, and a service whose database is. */
export const AWAY = [502, 503, 504];

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30_000;

/** Whether the service can be reached. Once it is away, asks again until it is back. */
class Connection {
  away = $state(false);
  #waiting: (() => void)[] = [];
  #wake: (() => void) | undefined;

  constructor() {
    addEventListener('online', () => this.retryNow());
    addEventListener('offline', () => this.lost());
  }

  lost(): void {
    if (this.away) return;
    this.away = true;
    void this.#probe();
  }

  /** Resolves once the service can be reached. */
  back(): Promise<void> {
    return this.away ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve();
  }

  retryNow(): void {
    this.#wake?.();
  }

  async #probe(): Promise<void> {
    for (let wait = FIRST_WAIT; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, wait);
      });
      if (await isReady()) break;
    }
    this.away = false;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

async function isReady(): Promise<boolean> {
  try {
    return !AWAY.includes((await fetch(to('/readyz'), { cache: 'no-store' })).status);
  } catch {
    return false;
  }
}

export const connection = new Connection();
