import { beforeEach, expect, test } from 'vitest';
import { announce, confirm, dropHint, HINT, readHint } from './hint';

beforeEach(() => localStorage.clear());

test('who is logged in is known until they log out', () => {
  expect(readHint()).toBeUndefined();
  announce({ user: 7, isAdmin: true });
  expect(readHint()).toEqual({ user: 7, isAdmin: true });
  dropHint();
  expect(readHint()).toBeUndefined();
});

test('other tabs hear of a change, and not of what they know', () => {
  localStorage.setItem(HINT, '7 user 1');
  confirm({ user: 7, isAdmin: false });
  expect(localStorage.getItem(HINT)).toBe('7 user 1');
  announce({ user: 7, isAdmin: false });
  expect(localStorage.getItem(HINT)).not.toBe('7 user 1');
  confirm({ user: 8, isAdmin: false });
  expect(readHint()?.user).toBe(8);
});

test.each(['yes', 'admin', '7', 'x user 1'])('what is not a hint is ignored: %s', (value) => {
  localStorage.setItem(HINT, value);
  expect(readHint()).toBeUndefined();
});
