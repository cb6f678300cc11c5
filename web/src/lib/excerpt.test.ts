import { expect, test } from 'vitest';
import { excerpt } from './excerpt';

test.each([
  ['## Release on Thursday\n\nNot **on** Friday.', 'Release on Thursday\nNot on Friday.'],
  ['- [x] Freeze\n- [ ] Tell `support`', '- ☑ Freeze\n- ☐ Tell support'],
  ['> See [the plan](https://example.org/plan)\n> twice', 'See the plan\ntwice'],
  ['```sh\nmake\n```\n\n~~later~~', 'make\nlater'],
])('Markdown is shown without its signs: %j', (markdown, text) => expect(excerpt(markdown)).toBe(text));

test.each(['2 * 3 * 4 = 24, a ** b', 'snake_case and __init__.py', '#hashtag, a > b', 'array[0](1', 'C:\\>dir'])(
  'text that is not Markdown stays: %j',
  (text) => expect(excerpt(text)).toBe(text),
);

test.each(['[', '**a ', '~~a **b '])('no more of a long note is looked at than a card can show: %j', (part) => {
  const beginning = part.repeat(1500 / part.length + 1).slice(0, 1500);
  expect(excerpt(part.repeat(10_000 / part.length))).toBe(`${beginning.trim()}…`);
});

test('no character is cut in half, and what fits is not cut', () => {
  expect(excerpt(`a${'😀'.repeat(1000)}`)).toBe(`a${'😀'.repeat(749)}…`);
  expect(excerpt('😀'.repeat(750))).toBe('😀'.repeat(750));
});
