import { connection } from './connection.svelte';
import { ServerAway } from './failure';

/** Repeats a request that does not reach the service, until it does or nobody waits for it any longer. */
export async function untilReached<T>(request: () => Promise<T>, isAbandoned: () => boolean): Promise<T> {
  for (;;) {
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof ServerAway)) throw error;
      await connection.back();
      if (isAbandoned()) throw error;
    }
  }
}
