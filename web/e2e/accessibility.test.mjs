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

/** How a page is looked at: a phone in the dark has the layout of the one and the colours of the other. */
const LOOKS = [
  { theme: 'light', width: 1280 },
  { theme: 'dark', width: 1280 },
  { theme: 'light', width: 390 },
];

async function look(page, what) {
  for (const { theme, width } of LOOKS) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await page.setViewportSize({ width, height: 800 });
    // Colours fade, and axe would see them halfway.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await page.waitForFunction(() => document.getAnimations().length === 0);
    assert.deepEqual(await findings(page), [], `${what}, ${theme}, ${width} pixels wide`);
    const excess = await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
    assert.ok(excess <= 0, `${what} is ${excess} pixels wider than ${width}`);
  }
}

async function check(page, path) {
  await page.goto(path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]'));
  await look(page, path);
}

test('axe finds nothing on the pages of visitors', async (t) => {
  const page = await open(t, { fails: [404] });
  for (const path of FOR_VISITORS) await check(page, path);
});

test('axe finds nothing on the pages of an admin', async (t) => {
  const text = '# Plan\n\n- [x] one\n- [ ] two\n\n> quote\n\n```\ncode\n```\n\n| a | b |\n|--|--|\n| 1 | 2 |';
  const note = await admin.write(text, { important: true });
  const team = await admin.call('POST', '/teams', { name: `Team ${note.id}` });
  await admin.call('PUT', `/notes/${note.id}/mark`, { read: false });
  const page = await open(t, { as: admin });
  const own = [`/notes/${note.id}`, `/teams/${team.id}`, '/people/admin', '/people/admin?show=marks'];
  for (const path of ['/', '/?search=zzz', '/notes/new', '/reading-list', '/teams', '/people', '/account', '/admin', ...own]) {
    await check(page, path);
  }
  await page.goto(`/notes/${note.id}`);
  for (const name of ['Edit', 'Date and audience']) {
    await page.getByRole('button', { name }).click();
    await look(page, name);
    await page.getByRole('button', { name: 'Cancel' }).click();
  }
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByText('Note deleted.').waitFor();
  await look(page, 'a message');
  await page.goto('/account');
  await page.getByRole('button', { name: 'Delete my account' }).click();
  await look(page, 'a dialog');
});

test('axe finds nothing where two changes of a note clash', async (t) => {
  const alice = await newPerson();
  const note = await alice.write('As it was');
  const page = await open(t, { as: alice, path: `/notes/${note.id}`, fails: [412] });
  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('textbox', { name: 'Content' }).fill('As I want it');
  await alice.call('PUT', `/notes/${note.id}`, { content: 'As they want it' });
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: /changed elsewhere/ }).waitFor();
  await look(page, 'a clash');
});

test('every page has one heading of the first level', async (t) => {
  const page = await open(t, { as: await newPerson() });
  for (const path of ['/', '/notes/new', '/reading-list', '/teams', '/people', '/account', '/login', '/sign-up']) {
    await page.goto(path);
    await page.getByRole('heading', { level: 1 }).waitFor();
    assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1, path);
  }
});
