import { expect, test } from 'vitest';
import { nextCursor } from './api';
import { filtersOf, toQuery } from './filters';

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
