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
