import { AWAY, connection } from './connection.svelte';
import { ServerAway, UserChanged } from './failure';

/** What the session says of whoever this tab shows. */
export const viewer = {
  /** What to do when the session has ended: resolves to true once there is a new one of the same user. */
  renew: async (): Promise<boolean> => false,
  /** Whether another user is logged in in this browser by now. */
  isSomeoneElse: () => false,
  /** Shows the user who is logged in. */
  change: () => {},
};

/**
 * Sends a request: reads wait while the service is away, and a session that has ended is renewed. Nothing that one user
 * has asked for is changed in the name of another.
 */
export async function send(request: Request): Promise<Response> {
  const response = await attempt(request.clone());
  if (response.status === 401 && !isPublic(request) && (await viewer.renew())) {
    return attempt(request);
  }
  return response;
}

async function attempt(request: Request): Promise<Response> {
  for (;;) {
    if (request.method !== 'GET' && !isLogin(request) && viewer.isSomeoneElse()) {
      viewer.change();
      throw new UserChanged();
    }
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

function isLogin(request: Request): boolean {
  return request.url.endsWith('/api/login');
}

/** Whether a 401 means something else than the end of the session. */
function isPublic(request: Request): boolean {
  return /\/api\/(login|logout|setup|invitations\/accept|sessions\/current)$/.test(new URL(request.url).pathname);
}
