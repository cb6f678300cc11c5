import type { components } from './schema';

export type Problem = components['schemas']['Problem'];

/** The service cannot be reached, or is not able to answer at the moment. */
export class ServerAway extends Error {
  constructor() {
    super('the server cannot be reached');
  }
}

/** The browser has not kept the cookie of the session, as it does over plain HTTP. */
export class CookieRefused extends Error {}

/** Another user has logged in in this browser, so that nothing was sent. */
export class UserChanged extends Error {}

/** The service has rejected a request. */
export class Failure extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem | undefined,
    readonly retryAfter: number | undefined,
    readonly requestId: string | undefined,
  ) {
    super(problem?.detail ?? `status ${status}`);
  }
}

export function hasStatus(error: unknown, ...statuses: number[]): error is Failure {
  return error instanceof Failure && statuses.includes(error.status);
}

/** What is wrong with each member that the service does not accept, by JSON pointer. */
export function violations(error: unknown): Map<string, string> {
  const errors = error instanceof Failure ? (error.problem?.errors ?? []) : [];
  return new Map(errors.map(({ pointer, detail }) => [pointer, sentence(detail)]));
}

/** A failure in words, with what to do next. */
export function explain(error: unknown): string {
  if (error instanceof ServerAway) {
    return 'The server cannot be reached. Check your connection, and try again.';
  }
  if (error instanceof CookieRefused) {
    return 'Your browser does not keep the session. Open this page with https, and allow cookies for it.';
  }
  if (error instanceof UserChanged) {
    return 'Someone else has logged in in this browser in the meantime. Nothing was sent; drafts are kept.';
  }
  if (!(error instanceof Failure)) {
    return 'Something went wrong in this page. Reload it; drafts are kept.';
  }
  const detail = sentence(error.problem?.detail ?? '');
  switch (error.status) {
    case 401:
      return 'You are not logged in. Log in and try again.';
    case 403:
      return error.problem?.detail === 'operation not allowed'
        ? 'You may not do this. Ask the owner or an admin.'
        : detail;
    case 404:
      return 'This does not exist any more, or it is not visible to you. Go back and reload the list.';
    case 412:
      return 'Someone else has changed this in the meantime. Reload to see what is there now.';
    case 429:
      return `Too many attempts. Try again in ${duration(error.retryAfter ?? 60)}.`;
    case 409:
    case 413:
    case 422:
      return detail;
    default:
      return error.status < 500
        ? detail || 'The server does not accept this. Reload the page and try again.'
        : 'The server has failed. Try again; if it happens again, give your admin this number: ' +
            `${error.requestId ?? `status ${error.status}`}.`;
  }
}

/** Text of the service as a sentence: it writes them without a capital and a full stop. */
export function sentence(text: string): string {
  if (!text) return '';
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.');
}

function duration(seconds: number): string {
  if (seconds < 90) return `${seconds} ${seconds === 1 ? 'second' : 'seconds'}`;
  return `${Math.ceil(seconds / 60)} minutes`;
}
