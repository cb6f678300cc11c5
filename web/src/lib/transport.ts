import { AWAY, connection } from './connection.svelte';
import { ServerAway } from './failure';

/** What to do when the session has ended: resolves to true once there is a new one of the same user. */
export const renewal = { ask: async (): Promise<boolean> => false };

/** Sends a request: reads wait while the service is away, and a session that has ended is renewed. */
export async function send(request: Request): Promise<Response> {
  const response = await attempt(request.clone());
  if (response.status === 401 && !isPublic(request) && (await renewal.ask())) {
    return attempt(request);
  }
  return response;
}

async function attempt(request: Request): Promise<Response> {
  for (;;) {
    const response = await reach(request.clone());
    if (response) return response;
    connection.lost();
    if (request.method !== 'GET') throw new ServerAway();
    await connection.back();
    request.signal.throwIfAborted();
  }
}

async function reach(request: Request): Promise<Response | undefined> {
  try {
    const response = await fetch(request);
    return AWAY.includes(response.status) ? undefined : response;
  } catch {
    request.signal.throwIfAborted();
    return undefined;
  }
}

/** Whether a 401 means something else than the end of the session. */
function isPublic(request: Request): boolean {
  return /\/api\/(login|logout|setup|invitations\/accept|sessions\/current)$/.test(new URL(request.url).pathname);
}
