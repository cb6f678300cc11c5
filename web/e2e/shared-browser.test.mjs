import assert from 'node:assert/strict';
import { test } from 'node:test';
import { card, heading, newPerson, open, SERVICE, tabBeside } from './harness.mjs';

async function logIn(page, person) {
  await page.goto('/login');
  await page.getByLabel('Username').fill(person.username);
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await heading(page, 'Notes').waitFor();
  await page.getByTitle('My account').getByText(person.name).waitFor();
}

test('another user who logs in in another tab is shown in all of them', async (t) => {
  const [alice, bob] = [await newPerson(), await newPerson('Bob Miller')];
  const page = await open(t, { as: alice });
  await page.getByLabel('Write a note').fill('For the eyes of Alice');
  await logIn(await tabBeside(page, '/login'), bob);
  await page.getByTitle('My account').getByText('Bob Miller').waitFor();
  await page.getByText('Bob Miller has logged in in another tab').waitFor();
  assert.equal(await page.getByLabel('Write a note').inputValue(), '');
});

test('nothing is written as another user, even before a tab has heard of the login', async (t) => {
  const [alice, bob] = [await newPerson(), await newPerson('Bob Miller')];
  const page = await open(t, { as: alice });
  await page.getByLabel('Write a note').fill('For the eyes of Alice');
  await page.addInitScript(() => addEventListener('storage', (event) => event.stopImmediatePropagation()));
  await page.reload();
  await page.getByTitle('My account').getByText('Alice Walker').waitFor();
  await logIn(await tabBeside(page, '/login'), bob);
  await page.getByRole('button', { name: 'Save note' }).click();
  await page.getByTitle('My account').getByText('Bob Miller').waitFor();
  assert.deepEqual(await bob.call('GET', `/notes?user=${bob.username}`), []);
  await logIn(page, alice);
  assert.equal(await page.getByLabel('Write a note').inputValue(), 'For the eyes of Alice');
});

test('whoever leaves is logged out, even after they logged in again in another tab', async (t) => {
  const alice = await newPerson();
  const page = await open(t, { as: alice, fails: [401] });
  await heading(page, 'Notes').waitFor();
  await page.addInitScript(() => addEventListener('storage', (event) => event.stopImmediatePropagation()));
  await page.reload();
  await page.getByTitle('My account').waitFor();
  await new alice.constructor(alice.username, alice.name).call('DELETE', '/sessions');
  await page.getByRole('link', { name: /Reading list/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Your session has ended' });
  await dialog.waitFor();
  await logIn(await tabBeside(page, '/login'), alice);
  await dialog.getByRole('button', { name: 'Leave' }).click();
  await heading(page, 'Log in').waitFor();
  const cookies = await page.context().cookies(SERVICE);
  assert.deepEqual(cookies.filter(({ name }) => name === 'teamnotes_session'), []);
});

test('whoever sees a private note is logged in, whatever the browser has kept', async (t) => {
  const alice = await newPerson();
  const note = await alice.write('For the eyes of Alice', { visibility: 'private' });
  const page = await open(t, { as: alice, path: '/people' });
  await page.getByTitle('My account').waitFor();
  for (const path of ['/', `/notes/${note.id}`]) {
    await page.evaluate(() => localStorage.clear());
    await page.goto(path);
    await page.getByTitle('My account').getByText('Alice Walker').waitFor();
  }
});

test('a browser without storage shows the page, and logs in', async (t) => {
  const alice = await newPerson();
  const page = await open(t, { path: '/login', fails: [401] });
  await page.addInitScript(() => {
    Object.defineProperty(globalThis, 'localStorage', {
      get() {
        throw new DOMException('denied', 'SecurityError');
      },
    });
  });
  await logIn(page, alice);
  await page.getByLabel('Write a note').fill('Kept by nobody');
  await page.getByText('Your browser has no room for drafts').waitFor();
  await page.reload();
  await page.getByTitle('My account').getByText('Alice Walker').waitFor();
});

test('a session that was renewed in another tab goes on', async (t) => {
  const alice = await newPerson();
  await alice.write('Somewhere to go');
  const page = await open(t, { as: alice, path: `/?author=${alice.username}`, fails: [401] });
  await card(page, 'Somewhere to go').waitFor();
  await new alice.constructor(alice.username, alice.name).call('DELETE', '/sessions');
  await page.getByLabel('Write a note').fill('Not to be lost');
  await page.getByRole('button', { name: 'Save note' }).click();
  const dialog = page.getByRole('dialog', { name: 'Your session has ended' });
  await dialog.waitFor();
  await logIn(await tabBeside(page, '/login'), alice);
  await dialog.waitFor({ state: 'detached' });
  await card(page, 'Not to be lost').waitFor();
});
