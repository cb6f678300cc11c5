import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { admin, newPerson, open } from './harness.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const FOR_VISITORS = ['/', '/teams', '/people', '/login', '/sign-up', '/accept-invitation#token=x', '/setup', '/nothing'];

/** What axe finds on a page. It is evaluated by the debugger, which the policy of the page does not concern. */
async function findings(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

async function check(page, path) {
  await page.goto(path);
  await page.waitForLoadState('networkidle');
  assert.deepEqual(await findings(page), [], path);
  const excess = await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
  assert.ok(excess <= 0, `${path} is ${excess} pixels too wide`);
}

for (const theme of ['light', 'dark']) {
  for (const phone of [false, true]) {
    const device = `${theme}, ${phone ? 'on a phone' : 'on a wide screen'}`;

    test(`axe finds nothing on the pages of visitors: ${device}`, async (t) => {
      const page = await open(t, { theme, phone, fails: [404] });
      for (const path of FOR_VISITORS) await check(page, path);
    });

    test(`axe finds nothing on the pages of an admin: ${device}`, async (t) => {
      const text = '# Plan\n\n- [x] one\n- [ ] two\n\n> quote\n\n```\ncode\n```\n\n| a | b |\n|--|--|\n| 1 | 2 |';
      const note = await admin.write(text, { important: true });
      const team = await admin.call('POST', '/teams', { name: `Team ${note.id}` });
      await admin.call('PUT', `/notes/${note.id}/mark`, { read: false });
      const page = await open(t, { as: admin, theme, phone });
      const paths = ['/', '/?search=zzz', '/notes/new', '/reading-list', '/teams', '/people', '/account', '/admin'];
      const own = [`/notes/${note.id}`, `/teams/${team.id}`, '/people/admin', '/people/admin?show=marks'];
      for (const path of [...paths, ...own]) await check(page, path);
      await page.goto(`/notes/${note.id}`);
      for (const name of ['Edit', 'Date and audience']) {
        await page.getByRole('button', { name }).click();
        assert.deepEqual(await findings(page), [], name);
        await page.getByRole('button', { name: 'Cancel' }).click();
      }
    });
  }
}

test('every page has one heading of the first level', async (t) => {
  const page = await open(t, { as: await newPerson() });
  for (const path of ['/', '/notes/new', '/reading-list', '/teams', '/people', '/account', '/login', '/sign-up']) {
    await page.goto(path);
    await page.getByRole('heading', { level: 1 }).waitFor();
    assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1, path);
  }
});
