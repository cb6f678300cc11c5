import createClient from 'openapi-fetch';
import { base } from './base';
import { Failure, type Problem } from './failure';
import type { components, paths } from './schema';
import { send } from './transport';

type Schemas = components['schemas'];
export type Note = Schemas['ListedNote'];
export type NoteDetail = Schemas['NoteDetail'];
export type MarkedNote = Schemas['ListedMarkedNote'];
export type Visibility = Schemas['Visibility'];
export type Team = Schemas['Team'];
export type TeamMembership = Schemas['TeamMembership'];
export type Member = Schemas['Member'];
export type User = Schemas['ListedUser'];
export type UserDetail = Schemas['UserDetail'];
export type UserSummary = Schemas['UserSummary'];
export type SessionUser = Schemas['SessionUser'];
export type Session = Schemas['Session'];
export type ApiToken = Schemas['ApiToken'];
export type Scope = Schemas['Scope'];

export const api = createClient<paths>({ baseUrl: base, fetch: send });

/** One page of a list. */
export interface Page<T> {
  items: T[];
  /** Where the next page starts, if there is one. */
  cursor: string | undefined;
  /** The number of items on all pages, if it was asked for. */
  total: number | undefined;
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** What a call returns. Throws a `Failure` if the service rejects it. */
export async function done<T>(call: Promise<Answer<T>>): Promise<T> {
  return accepted(await call);
}

/** What a call of a list returns. */
export async function page<T>(call: Promise<Answer<T[]>>): Promise<Page<T>> {
  const answer = await call;
  const headers = answer.response.headers;
  const total = headers.get('X-Total-Count');
  return {
    items: accepted(answer),
    cursor: nextCursor(headers.get('Link')),
    total: total === null ? undefined : Number(total),
  };
}

function accepted<T>({ data, error, response }: Answer<T>): T {
  if (response.ok) return data as T;
  const retryAfter = response.headers.get('Retry-After');
  throw new Failure(
    response.status,
    typeof error === 'object' ? (error as Problem) : undefined,
    retryAfter === null ? undefined : Number(retryAfter),
    response.headers.get('X-Request-Id') ?? undefined,
  );
}

/** The cursor in the link to the next page. Its address is not used: a proxy may have another one. */
export function nextCursor(link: string | null): string | undefined {
  const next = /<([^>]*)>;\s*rel="?next"?/.exec(link ?? '')?.[1];
  return next && (new URL(next, 'http://localhost').searchParams.get('cursor') ?? undefined);
}

/** The condition that a resource still has this version. */
export function ifMatch(version: number): { 'If-Match': string } {
  return { 'If-Match': `"${version}-"` };
}

/** The condition that always holds, for changes that overwrite nothing anyone has typed. */
export const ANY_VERSION = { 'If-Match': '*' };

/** A key that names a request, so that the service carries out its repetitions once. */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
