import assert from 'node:assert/strict';
import { test } from 'node:test';
import { card, newPerson, open, SERVICE, tabBeside } from './harness.mjs';

test('a draft survives a reload', async (t) => {
  const alice = await newPerson();
  const page = await open(t, { as: alice });
  await page.getByLabel('Write a note').fill('Half a sent');
  await page.reload();
  assert.equal(await page.getByLabel('Write a note').inputValue(), 'Half a sent');
  await page.getByRole('button', { name: 'Discard' }).click();
  await page.reload();
  assert.equal(await page.getByLabel('Write a note').inputValue(), '');
});

test('two tabs have a draft each, also after both are loaded again', async (t) => {
  const alice = await newPerson();
  const one = await open(t, { as: alice });
  await one.getByLabel('Write a note').fill('In one tab');
  const other = await tabBeside(one);
  assert.equal(await other.getByLabel('Write a note').inputValue(), '');
  await other.getByLabel('Write a note').fill('In the other');
  await Promise.all([one.reload(), other.reload()]);
  assert.equal(await one.getByLabel('Write a note').inputValue(), 'In one tab');
  assert.equal(await other.getByLabel('Write a note').inputValue(), 'In the other');
  await other.getByRole('button', { name: 'Save note' }).click();
  await card(other, 'In the other').waitFor();
  await one.getByRole('button', { name: 'Save note' }).click();
  await card(one, 'In one tab').waitFor();
  assert.equal((await alice.call('GET', `/notes?user=${alice.username}`)).length, 2);
});

test('the draft of a tab that was closed is in the next one', async (t) => {
  const alice = await newPerson();
  const page = await open(t, { as: alice });
  const closed = await tabBeside(page);
  await closed.getByLabel('Write a note').fill('Half a sent');
  await closed.close();
  const next = await tabBeside(page);
  assert.equal(await next.getByLabel('Write a note').inputValue(), 'Half a sent');
});

test('what is typed into a short form survives a reload, and no password does', async (t) => {
  const alice = await newPerson();
  const page = await open(t, { as: alice, path: '/teams' });
  await page.getByLabel('Name of a new team').fill('Half a na');
  await page.reload();
  assert.equal(await page.getByLabel('Name of a new team').inputValue(), 'Half a na');
  await page.getByRole('link', { name: 'People' }).click();
  await page.getByRole('link', { name: 'Teams' }).click();
  assert.equal(await page.getByLabel('Name of a new team').inputValue(), '');
  const visitor = await open(t, { path: '/sign-up' });
  await visitor.getByLabel('Name', { exact: true }).fill('Bob Miller');
  await visitor.getByLabel('Password').fill('walnut-harbour-42');
  await visitor.reload();
  assert.equal(await visitor.getByLabel('Name', { exact: true }).inputValue(), 'Bob Miller');
  assert.equal(await visitor.getByLabel('Password').inputValue(), '');
  assert.doesNotMatch(await visitor.evaluate(() => JSON.stringify([sessionStorage, localStorage])), /walnut/);
});

test('an edit survives a reload', async (t) => {
  const alice = await newPerson();
  const note = await alice.write('As it was');
  const page = await open(t, { as: alice, path: `/notes/${note.id}` });
  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('textbox', { name: 'Content' }).fill('As it will be');
  await page.reload();
  await page.getByText('Your unsaved changes have been restored.').waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Note saved.').waitFor();
  assert.equal((await alice.call('GET', `/notes/${note.id}`)).content, 'As it will be');
});

test('a note written offline is saved once, when the server is back', async (t) => {
  const alice = await newPerson();
  const page = await open(t, { as: alice, fails: ['network'] });
  await page.getByLabel('Write a note').fill('Written in a tunnel');
  await page.context().setOffline(true);
  await page.getByText('The server cannot be reached.').waitFor();
  await page.getByRole('button', { name: 'Save note' }).click();
  await page.getByRole('button', { name: 'Waiting for the server…' }).waitFor();
  assert.match(await page.evaluate(() => JSON.stringify(localStorage)), /Written in a tunnel/);
  await page.context().setOffline(false);
  await card(page, 'Written in a tunnel').waitFor();
  await page.getByText('The server cannot be reached.').waitFor({ state: 'detached' });
  assert.equal((await alice.call('GET', `/notes?user=${alice.username}`)).length, 1);
});

test('a note whose answer is lost is not created twice', async (t) => {
  const alice = await newPerson();
  const page = await open(t, { as: alice, fails: ['network'] });
  let isLost = true;
  await page.route('**/api/notes', async (route) => {
    if (route.request().method() !== 'POST' || !isLost) return route.continue();
    isLost = false;
    await route.fetch();
    await route.abort('connectionreset');
  });
  await page.getByLabel('Write a note').fill('Order paper');
  await page.getByRole('button', { name: 'Save note' }).click();
  await card(page, 'Order paper').waitFor();
  assert.equal((await alice.call('GET', `/notes?user=${alice.username}`)).length, 1);
});

test('what is typed while a note is on its way makes no second note', async (t) => {
  const alice = await newPerson();
  const page = await open(t, { as: alice, path: `/?author=${alice.username}` });
  const typed = page.getByLabel('Write a note');
  let resolve;
  const promise = new Promise((done) => (resolve = done));
  await page.route('**/api/notes', async (route) => {
    if (route.request().method() === 'POST') await promise;
    await route.continue();
  });
  await typed.fill('Buy staples');
  await page.getByRole('button', { name: 'Save note' }).click();
  await page.getByRole('button', { name: 'Saving…' }).waitFor();
  await typed.focus();
  await page.keyboard.type(' and ink');
  resolve();
  await card(page, 'Buy staples').waitFor();
  assert.equal(await typed.inputValue(), '');
  assert.deepEqual((await alice.call('GET', `/notes?user=${alice.username}`)).map(({ content }) => content), ['Buy staples']);
});

test('a session that ends while one writes is renewed in place, and the note is saved', async (t) => {
  const alice = await newPerson();
  const page = await open(t, { as: alice, fails: [401] });
  await page.getByLabel('Write a note').fill('Not to be lost');
  const other = new alice.constructor(alice.username, alice.name);
  await other.call('DELETE', '/sessions');
  await page.getByRole('button', { name: 'Save note' }).click();
  const dialog = page.getByRole('dialog', { name: 'Your session has ended' });
  await dialog.getByLabel('Password').fill('wrong-password');
  await dialog.getByRole('button', { name: 'Log in' }).click();
  await dialog.getByText('The username or the password is wrong.').waitFor();
  await dialog.getByLabel('Password').fill(alice.password);
  await dialog.getByRole('button', { name: 'Log in' }).click();
  await dialog.waitFor({ state: 'detached' });
  await card(page, 'Not to be lost').waitFor();
  assert.equal((await other.call('GET', `/notes?user=${alice.username}`)).length, 1);
});

test('a change that fails is taken back visibly', async (t) => {
  const alice = await newPerson();
  const note = await alice.write('Important?');
  const page = await open(t, { as: alice, path: `/?author=${alice.username}`, fails: [500] });
  await page.route(`${SERVICE}/api/notes/${note.id}`, (route) => route.fulfill({ status: 500, body: '' }));
  const star = card(page, 'Important?').getByRole('button', { name: 'Important' });
  await star.click();
  await page.getByText('The note is unchanged.').waitFor();
  assert.equal(await star.getAttribute('aria-pressed'), 'false');
});
