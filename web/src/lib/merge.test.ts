import { expect, test } from 'vitest';
import { merge } from './merge';

test('changes of different lines fit together', () => {
  expect(merge('a\nb\nc', 'A\nb\nc', 'a\nb\nC')).toEqual({ text: 'A\nb\nC', conflicts: 0 });
});

test('the same change of both is made once', () => {
  expect(merge('a\nb', 'a\nx', 'a\nx')).toEqual({ text: 'a\nx', conflicts: 0 });
});

test('different changes of a line are marked', () => {
  const text = 'a\n<<<<<<< yours\nmine\n=======\ntheirs\n>>>>>>> theirs\nc';
  expect(merge('a\nb\nc', 'a\nmine\nc', 'a\ntheirs\nc')).toEqual({ text, conflicts: 1 });
});

test('lines that one adds and lines that the other takes away are both heeded', () => {
  expect(merge('a\nb\nc\nd', 'a\nb\nnew\nc\nd', 'b\nc\nd')).toEqual({ text: 'b\nnew\nc\nd', conflicts: 0 });
});

test('a side without changes gives way', () => {
  expect(merge('a', 'a', '')).toEqual({ text: '', conflicts: 0 });
  expect(merge('a', 'b\nc', 'a')).toEqual({ text: 'b\nc', conflicts: 0 });
});
