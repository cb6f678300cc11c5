import { expect, test } from 'vitest';
import { explain, Failure, ServerAway, violations } from './failure';

const failure = (status: number, detail: string, retryAfter?: number) =>
  new Failure(status, { type: '/problems/x', title: 'X', status, detail, error: detail }, retryAfter, 'abc-1');

test('a failure says what to do next', () => {
  expect(explain(failure(429, 'too many', 120))).toBe('Too many attempts. Try again in 2 minutes.');
  expect(explain(failure(409, 'username is taken'))).toBe('Username is taken.');
  expect(explain(failure(500, 'internal'))).toContain('abc-1');
  expect(explain(new ServerAway())).toContain('Check your connection');
  expect(explain(new TypeError('a mistake of the page'))).toContain('Reload');
});

test('violations are found by their pointers', () => {
  const detail = 'content must not be empty';
  const problem = { type: '/problems/validation', title: 'X', status: 422, detail, error: detail };
  const errors = [{ pointer: '/content', detail: 'must not be empty' }];
  const error = new Failure(422, { ...problem, errors }, undefined, undefined);
  expect(violations(error)).toEqual(new Map([['/content', 'Must not be empty.']]));
  expect(violations(new ServerAway()).size).toBe(0);
});
