import { expect, test } from 'vitest';
import { takenBack } from './optimistic';

const [a, b, c] = [{ id: 1 }, { id: 2 }, { id: 3 }];

test('an item that was removed is back where it was', () => {
  expect(takenBack([a, c], [a, b, c], [a, c])).toEqual([a, b, c]);
});

test('what has changed in the meantime stays', () => {
  const changed = { id: 1, read: true };
  const added = { id: 4 };
  expect(takenBack([changed, c, added], [a, b, c], [a, c])).toEqual([changed, b, c, added]);
  expect(takenBack([c], [a, b, c], [a, c])).toEqual([c, b]);
});

test('an item that was changed is as it was', () => {
  const changed = { id: 2, read: true };
  expect(takenBack([a, changed, c], [a, b, c], [a, changed, c])).toEqual([a, b, c]);
});
