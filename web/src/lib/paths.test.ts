import { expect, test } from 'vitest';
import { nextPath } from './paths';
import { router } from './router.svelte';

const next = (value: string) => {
  router.query = new URLSearchParams({ next: value });
  return nextPath();
};

test('whoever logs in comes back to where they were', () => {
  expect(next('/notes/7')).toBe('/notes/7');
  expect(next('/?search=rota')).toBe('/?search=rota');
});

test.each(['//evil.example', '/\\evil.example', '/\t/evil.example', 'https://evil.example', 'javascript:alert(1)', ''])(
  'nobody is led to another site: %j',
  (value) => {
    expect(next(value)).toBe('/');
  },
);
