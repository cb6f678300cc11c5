import type { Note } from './api';

/** Which notes are listed. */
export interface Filters {
  search: string;
  important: boolean;
  /** A username, or empty for all authors. */
  author: string;
}

/** The filters that an address asks for. */
export function filtersOf(query: URLSearchParams): Filters {
  return {
    search: query.get('search') ?? '',
    important: query.get('important') === 'true',
    author: query.get('author') ?? '',
  };
}

/** The filters as the query of an address, with `?` unless it is empty. */
export function toQuery({ search, important, author }: Filters): string {
  const query = new URLSearchParams();
  if (search) query.set('search', search);
  if (important) query.set('important', 'true');
  if (author) query.set('author', author);
  const text = query.toString();
  return text && `?${text}`;
}

/** The pattern of names that contain a text. */
export function containing(text: string): string {
  return `%${text.replace(/[%_\\]/g, '\\$&')}%`;
}

/** Whether a note is in the list with these filters. */
export function matches({ search, important, author }: Filters, note: Note): boolean {
  const isFound = note.content.toLowerCase().includes(search.toLowerCase());
  return isFound && (note.important || !important) && (!author || author === note.user.username);
}
