import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { admin, heading, newPerson, open } from './harness.mjs';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));

test('page and assets weigh less than 120 KB', () => {
  const files = readdirSync(DIST, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const sizes = files.map(({ parentPath, name }) => gzipSync(readFileSync(`${parentPath}/${name}`)).length);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  assert.ok(total < 120_000, `${total} bytes`);
});

test('nothing jumps while a page loads', async (t) => {
  const note = await admin.write('Steady\n\nas it should be');
  const page = await open(t, { as: admin, path: '/login' });
  await page.addInitScript(() => {
    globalThis.shift = 0;
    new PerformanceObserver((list) => {
      for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) globalThis.shift += value;
    }).observe({ type: 'layout-shift', buffered: true });
  });
  for (const path of ['/', '/reading-list', '/teams', '/people', `/notes/${note.id}`, '/people/admin', '/account', '/admin']) {
    await page.goto(path);
    await page.waitForLoadState('networkidle');
    const shift = await page.evaluate(() => globalThis.shift);
    assert.ok(shift < 0.1, `${path} shifts by ${shift}`);
  }
});

test('the theme follows the system unless it is chosen', async (t) => {
  const page = await open(t, { theme: 'dark' });
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await heading(page, 'Notes').waitFor();
  const dark = await ground();
  await page.getByRole('button', { name: 'Theme: system' }).click();
  const light = await ground();
  assert.notEqual(light, dark);
  await page.reload();
  await page.getByRole('button', { name: 'Theme: light' }).waitFor();
  assert.equal(await ground(), light);
  await page.getByRole('button', { name: 'Theme: light' }).click();
  assert.equal(await ground(), dark);
});

test('times are relative, with the exact one at hand', async (t) => {
  const alice = await newPerson();
  const note = await alice.write('Dated', { date: '2024-02-29T12:00:00Z' });
  const page = await open(t, { path: `/notes/${note.id}` });
  const time = page.locator('time').first();
  assert.match(await time.innerText(), /years? ago/);
  assert.match(await time.getAttribute('title'), /Thursday, February 29, 2024/);
});

test('an address that is none says so', async (t) => {
  const page = await open(t, { path: '/nowhere/at/all', fails: [404] });
  await heading(page, 'Not found').waitFor();
});

test('a number that is too large for a note is no address', async (t) => {
  const page = await open(t, { path: '/notes/9007199254740993' });
  await heading(page, 'Not found').waitFor();
});

test('a note that is gone is explained', async (t) => {
  const page = await open(t, { path: '/notes/999999999', fails: [404] });
  await page.getByText('This does not exist any more').waitFor();
});
