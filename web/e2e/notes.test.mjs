import assert from 'node:assert/strict';
import { test } from 'node:test';
import { card, heading, newPerson, open } from './harness.mjs';

test('a visitor reads public notes and is told how to write', async (t) => {
  const alice = await newPerson();
  await alice.write('Readable by everyone');
  const page = await open(t);
  await card(page, 'Readable by everyone').first().waitFor();
  await page.getByRole('link', { name: 'Log in' }).click();
  await heading(page, 'Log in').waitFor();
});

test('a note is written, found, edited and deleted', async (t) => {
  const alice = await newPerson();
  const word = alice.username.slice(-8);
  const page = await open(t, { as: alice });
  await page.getByLabel('Write a note').fill(`Test backups by restoring them ${word}`);
  await page.getByRole('checkbox', { name: 'Important' }).check();
  await page.getByRole('button', { name: 'Save note' }).click();
  await card(page, word).waitFor();
  assert.equal(await page.getByLabel('Write a note').inputValue(), '');

  await page.getByLabel('Search notes').pressSequentially(`RESTORING THEM ${word}`);
  await page.waitForURL(/search=/);
  await page.waitForFunction(() => document.querySelectorAll('main article').length === 1);
  await page.reload();
  assert.equal(await page.getByLabel('Search notes').inputValue(), `RESTORING THEM ${word}`);

  await card(page, word).getByRole('link', { name: /Test backups/ }).click();
  await heading(page, `Note by ${alice.name}`).waitFor();
  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('textbox', { name: 'Content' }).fill('Backups are *tested*');
  await page.keyboard.press('Control+Enter');
  await page.locator('em', { hasText: 'tested' }).waitFor();

  await page.getByRole('button', { name: 'Delete' }).click();
  await heading(page, 'Notes').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('Note restored.').waitFor();
  await page.goto(`/?author=${alice.username}`);
  await card(page, 'tested').getByRole('link', { name: /Backups are/ }).click();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByText('Note deleted.').waitFor();
  await page.goto('/people');
  const left = () => alice.call('GET', `/notes?user=${alice.username}`);
  for (let tries = 0; tries < 100 && (await left()).length > 0; tries++) await page.waitForTimeout(50);
  assert.deepEqual(await left(), []);
  await page.goto(`/?author=${alice.username}`);
  await page.getByText('No such notes').waitFor();
});

test('a deletion that is carried out on leaving the page cannot be undone', async (t) => {
  const alice = await newPerson();
  const note = await alice.write('Soon gone');
  const page = await open(t, { as: alice, path: `/notes/${note.id}` });
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Undo' }).waitFor();
  const sent = page.waitForResponse((response) => response.request().method() === 'DELETE');
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })));
  assert.equal((await sent).status(), 204);
  await page.getByRole('button', { name: 'Undo' }).waitFor({ state: 'detached' });
  assert.deepEqual(await alice.call('GET', `/notes?user=${alice.username}`), []);
});

test('a deletion is carried out before its user logs out', async (t) => {
  const alice = await newPerson();
  const note = await alice.write('Soon gone');
  const page = await open(t, { as: alice, path: `/notes/${note.id}` });
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByTitle('My account').click();
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByRole('link', { name: 'Log in' }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Undo' }).count(), 0);
  await alice.logIn();
  assert.deepEqual(await alice.call('GET', `/notes?user=${alice.username}`), []);
});

test('filters are in the address', async (t) => {
  const alice = await newPerson();
  await alice.write('An ordinary one');
  await alice.write('One that matters', { important: true });
  const page = await open(t, { as: alice });
  await page.getByRole('link', { name: 'Mine', exact: true }).click();
  await page.waitForURL(`**/?author=${alice.username}`);
  await page.getByRole('link', { name: 'Important', exact: true }).click();
  await page.waitForURL(`**/?important=true&author=${alice.username}`);
  await card(page, 'An ordinary one').waitFor({ state: 'detached' });
  await card(page, 'One that matters').waitFor();
  await page.goBack();
  await card(page, 'An ordinary one').waitFor();
});

test('a list goes on while one scrolls, and by its button', async (t) => {
  const alice = await newPerson();
  for (let number = 1; number <= 120; number++) await alice.write(`Number ${number}.`);
  const page = await open(t, { as: alice, path: `/?author=${alice.username}` });
  await card(page, 'Number 120.').waitFor();
  assert.equal(await page.getByRole('article').count(), 50);
  const more = page.getByRole('button', { name: 'Load more' });
  await more.focus();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelectorAll('main article').length >= 100);
  await page.mouse.move(700, 400);
  for (let turn = 0; turn < 40; turn++) await page.mouse.wheel(0, 1500);
  await card(page, 'Number 1.').waitFor();
  assert.equal(await page.getByRole('article').count(), 120);

  await card(page, 'Number 7.').getByRole('link', { name: 'Number 7.' }).click();
  await heading(page, `Note by ${alice.name}`).waitFor();
  await page.goBack();
  await card(page, 'Number 7.').waitFor();
  assert.equal(await page.getByRole('article').count(), 120, 'the list is as it was');
  assert.ok((await page.evaluate(() => scrollY)) > 2000, 'and where it was');
});

test('date, audience and importance are set in place', async (t) => {
  const alice = await newPerson();
  const team = await alice.call('POST', '/teams', { name: 'Operations' });
  const note = await alice.write('Rota for March');
  // The second change meets the first, if that is still on its way: the page then tries again.
  const page = await open(t, { as: alice, path: `/notes/${note.id}`, fails: [412] });
  await page.getByRole('button', { name: 'Important' }).click();
  await page.getByRole('button', { name: 'Date and audience' }).click();
  await page.getByLabel('Date', { exact: true }).fill('2026-03-01T09:30');
  await page.getByLabel('Visible to').selectOption('team');
  await page.getByRole('checkbox', { name: 'Operations' }).check();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByTitle('Who sees this note').getByText('Operations').waitFor();
  const { important, visibility, date, teams } = await alice.call('GET', `/notes/${note.id}?include=teams`);
  assert.deepEqual([important, visibility, teams[0].id], [true, 'team', team.id]);
  assert.match(date, /^2026-0[23]-\d\dT/);
});

test('what the service rejects is said at its field', async (t) => {
  const alice = await newPerson();
  const page = await open(t, { as: alice, path: '/notes/new', fails: [422] });
  await page.getByRole('textbox', { name: 'Write a note' }).fill('x'.repeat(10_001));
  await page.getByText('1 characters too many').waitFor();
  await page.getByRole('button', { name: 'Save note' }).click();
  await page.getByText('Must be at most 10000 characters long.').waitFor();
  assert.equal(await page.getByRole('textbox', { name: 'Write a note' }).getAttribute('aria-invalid'), 'true');
});
