import { expect, test } from 'vitest';
import { nextCursor } from './api';
import type { Note } from './api';
import { containing, filtersOf, matches, toQuery } from './filters';

test('filters survive their address', () => {
  const filters = { search: 'a & b', important: true, author: 'alice' };
  expect(toQuery(filters)).toBe('?search=a+%26+b&important=true&author=alice');
  expect(filtersOf(new URLSearchParams(toQuery(filters)))).toEqual(filters);
});

test('without filters the address has no query', () => {
  expect(toQuery(filtersOf(new URLSearchParams('important=no&other=1')))).toBe('');
});

test.each([
  ['</api/notes?limit=1&cursor=WzIs%2B>; rel="next"', 'WzIs+'],
  ['<https://example.org/notes/api/notes?cursor=abc>; rel="next"', 'abc'],
  ['</api/notes?cursor=abc>; rel="prev"', undefined],
  [null, undefined],
])('the next page of %s starts at %s', (link, cursor) => {
  expect(nextCursor(link)).toBe(cursor);
});

test('a note is listed if it passes all filters', () => {
  const user = { id: 1, username: 'alice', name: 'Alice' };
  const note = { content: 'Test Backups', important: true, user } as Note;
  const all = { search: '', important: false, author: '' };
  expect(matches(all, note)).toBe(true);
  expect(matches({ search: 'backup', important: true, author: 'alice' }, note)).toBe(true);
  expect(matches({ ...all, search: 'restore' }, note)).toBe(false);
  expect(matches({ ...all, important: true }, { ...note, important: false })).toBe(false);
  expect(matches({ ...all, author: 'bob' }, note)).toBe(false);
});

test('a pattern takes a text as it is', () => {
  expect(containing('50%_a')).toBe('%50\\%\\_a%');
});
