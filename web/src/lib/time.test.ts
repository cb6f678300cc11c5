import { expect, test } from 'vitest';
import { fromLocalInput, relative, toLocalInput } from './time';

const NOW = Date.parse('2026-11-28T12:00:00Z');

test.each([
  ['2026-11-28T11:59:30Z', 'just now'],
  ['2026-11-28T11:58:30Z', '1 minute ago'],
  ['2026-11-28T09:00:00Z', '3 hours ago'],
  ['2026-11-27T11:00:00Z', 'yesterday'],
  ['2026-11-10T12:00:00Z', '2 weeks ago'],
  ['2024-11-28T12:00:00Z', '2 years ago'],
  ['2026-11-30T13:00:00Z', 'in 2 days'],
])('%s is %s', (time, words) => {
  expect(relative(time, NOW)).toBe(words);
});

test('a time survives its input, to the minute', () => {
  expect(fromLocalInput(toLocalInput('2026-07-01T10:20:30Z'))).toBe('2026-07-01T10:20:00.000Z');
});
