import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heading, newPerson, open } from './harness.mjs';

const textOf = async (person, note) => (await person.call('GET', `/notes/${note.id}`)).content;

/** Two browsers edit the same note; the first has saved its change, and the second is told. */
async function clash(t, { base, first, second }) {
  const alice = await newPerson();
  const note = await alice.write(base);
  const [one, two] = await Promise.all([
    open(t, { as: alice, path: `/notes/${note.id}` }),
    open(t, { as: alice, path: `/notes/${note.id}`, fails: [412] }),
  ]);
  for (const page of [one, two]) await page.getByRole('button', { name: 'Edit' }).click();
  await one.getByRole('textbox', { name: 'Content' }).fill(first);
  await one.getByRole('button', { name: 'Save' }).click();
  await one.getByText('Note saved.').waitFor();
  await two.getByRole('textbox', { name: 'Content' }).fill(second);
  await two.getByRole('button', { name: 'Save' }).click();
  await two.getByRole('heading', { name: /changed elsewhere/ }).waitFor();
  assert.equal(await two.getByRole('region', { name: 'Your text' }).innerText(), second);
  assert.equal(await two.getByRole('region', { name: 'Their text' }).innerText(), first);
  return { alice, note, page: two };
}

test('of two changes, mine is kept', async (t) => {
  const { alice, note, page } = await clash(t, { base: 'a', first: 'theirs', second: 'mine' });
  await page.getByRole('button', { name: 'Keep mine' }).click();
  await page.getByText('Note saved.').waitFor();
  assert.equal(await textOf(alice, note), 'mine');
});

test('of two changes, theirs is taken', async (t) => {
  const { alice, note, page } = await clash(t, { base: 'a', first: 'theirs', second: 'mine' });
  await page.getByRole('button', { name: 'Take theirs' }).click();
  await page.locator('.markdown', { hasText: 'theirs' }).waitFor();
  assert.equal(await textOf(alice, note), 'theirs');
});

test('two changes are merged', async (t) => {
  const { alice, note, page } = await clash(t, { base: 'a\nb\nc', first: 'A\nb\nc', second: 'a\nb\nC' });
  await page.getByRole('button', { name: 'Edit the merge' }).click();
  assert.equal(await page.getByRole('textbox', { name: 'Content' }).inputValue(), 'A\nb\nC');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Note saved.').waitFor();
  assert.equal(await textOf(alice, note), 'A\nb\nC');
});

/** Two browsers have the date and audience of the same note open, and the first makes it visible to a team. */
async function audienceClash(t, { fails }) {
  const alice = await newPerson();
  const team = await alice.call('POST', '/teams', { name: `Team of ${alice.username}` });
  const note = await alice.write('Salaries');
  const page = await open(t, { as: alice, path: `/notes/${note.id}`, fails });
  await page.getByRole('button', { name: 'Date and audience' }).click();
  await alice.call('PUT', `/notes/${note.id}`, { visibility: 'team', team_ids: [team.id] }, { 'If-Match': '*' });
  return { alice, note, page };
}

test('an audience that clashes with another one is not said to be saved', async (t) => {
  const { alice, note, page } = await audienceClash(t, { fails: [412] });
  await page.getByLabel('Visible to').selectOption('private');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Not saved: this was changed elsewhere').waitFor();
  assert.equal(await page.getByText('Note saved.').count(), 0);
  assert.equal(await page.getByLabel('Visible to').inputValue(), 'private');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Note saved.').waitFor();
  assert.equal((await alice.call('GET', `/notes/${note.id}`)).visibility, 'private');
});

test('an audience set elsewhere stays when another member of the note is saved', async (t) => {
  const { alice, note, page } = await audienceClash(t, { fails: [412] });
  await page.getByRole('button', { name: 'Important' }).click();
  await page.getByLabel('Date', { exact: true }).fill('2026-03-01T09:30');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Note saved.').waitFor();
  const { important, visibility, date } = await alice.call('GET', `/notes/${note.id}`);
  assert.deepEqual([important, visibility], [true, 'team']);
  assert.match(date, /^2026-0[23]-\d\dT/);
});

test('a session that is revoked in one browser is out at the next click in the other', async (t) => {
  const alice = await newPerson();
  await alice.write('Somewhere to go');
  const other = new alice.constructor(alice.username, alice.name);
  const [one, two] = await Promise.all([
    open(t, { as: alice, path: '/account' }),
    open(t, { as: other, path: '/people', fails: [401] }),
  ]);
  await heading(two, 'People').waitFor();
  await one.getByRole('button', { name: 'End all others' }).click();
  await one.getByText('All other sessions have ended.').or(one.getByText('The session has ended.')).waitFor();
  await two.getByRole('link', { name: /Reading list/ }).click();
  const dialog = two.getByRole('dialog', { name: 'Your session has ended' });
  await dialog.getByRole('button', { name: 'Leave' }).click();
  await heading(two, 'Log in').waitFor();
});
