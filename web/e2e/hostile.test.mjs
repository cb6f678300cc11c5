import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newPerson, open } from './harness.mjs';

test('a note with a script, dead links and 10,000 characters is only text', async (t) => {
  const alice = await newPerson();
  const start = [
    '<script>window.harmed = true</script>',
    '<img src="https://example.org/x.png" onerror="window.harmed = true">',
    '[tempting](javascript:window.harmed=true) [data](data:text/html,x)',
    '![picture](https://example.org/picture.png)',
    '[good](https://example.org/)',
    '<https://example.org/auto>',
  ].join('\n\n');
  const content = start.padEnd(10_000, ' lorem');
  const note = await alice.write(content);
  const page = await open(t, { as: alice, path: `/notes/${note.id}` });
  const shown = page.locator('.markdown');
  await shown.waitFor();
  assert.match(await shown.innerText(), /<script>window\.harmed = true<\/script>/);
  const links = await shown.getByRole('link').evaluateAll((all) => all.map(({ href, rel }) => [href, rel]));
  const rel = 'noopener noreferrer';
  assert.deepEqual(links, [
    ['https://example.org/picture.png', rel],
    ['https://example.org/', rel],
    ['https://example.org/auto', rel],
  ]);
  await shown.getByText('tempting').click();
  assert.equal(await page.evaluate(() => window.harmed), undefined);
  assert.equal(await shown.locator('script, img').count(), 0);
  assert.ok((await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth)) <= 0);
  await page.getByRole('button', { name: 'Plain text' }).click();
  assert.equal((await page.locator('.plain').textContent()).length, 10_000);
});
