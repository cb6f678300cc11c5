import type { Scope } from './api';

/** What an API token may do, in words. */
export const SCOPES: Record<Scope, string> = {
  read: 'Read',
  'notes:write': 'Write notes',
  'readinglist:write': 'Change the reading list',
  'teams:write': 'Change teams',
  'users:write': 'Change my name',
};

export const ALL_SCOPES = Object.keys(SCOPES) as Scope[];
