import { test } from 'node:test';
import { admin, card, heading, newPerson, open } from './harness.mjs';

test('people are found by name, and by what they are', async (t) => {
  const name = `Zora ${(await newPerson()).username.slice(-8)}`;
  const zora = await newPerson(name);
  const page = await open(t, { as: zora, path: '/people' });
  await page.getByLabel('Search people by name').fill(name.toUpperCase());
  const people = page.getByRole('list', { name: 'People' });
  await people.getByRole('link', { name }).waitFor();
  await page.getByRole('link', { name: 'With notes' }).click();
  await page.getByText('No one found').waitFor();
  await zora.write('Now I have one');
  await page.reload();
  await people.getByText('1 public note').waitFor();
  await page.getByRole('link', { name: 'Admins' }).click();
  await page.getByText('No one found').waitFor();
});

test('only admins look for disabled people', async (t) => {
  const gone = await newPerson('Gone Tomorrow');
  await admin.call('PUT', `/users/${gone.username}`, { disabled: true });
  const page = await open(t, { as: admin, path: '/people?name=Gone' });
  await page.getByRole('link', { name: 'Disabled' }).click();
  await page.getByText(`@${gone.username}`).waitFor();
});

test("a person's notes and marks are shown", async (t) => {
  const [alice, bob] = [await newPerson(), await newPerson('Bob Tanner')];
  const note = await alice.write('Written by Alice');
  await bob.call('PUT', `/notes/${note.id}/mark`, { read: false });
  const page = await open(t, { path: `/people/${bob.username}` });
  await heading(page, bob.name).waitFor();
  await page.getByText('Nothing here that you can see').waitFor();
  await page.getByRole('link', { name: 'Marked notes' }).click();
  await card(page, 'Written by Alice').waitFor();
  await page.getByRole('link', { name: 'Marked, read' }).click();
  await page.getByText('Nothing here that you can see').waitFor();
  await page.goto(`/people/${alice.username}`);
  await card(page, 'Written by Alice').waitFor();
});

test('who has marked a note is beside it', async (t) => {
  const [alice, bob] = [await newPerson(), await newPerson('Bob Tanner')];
  const note = await alice.write('Worth reading');
  await bob.call('PUT', `/notes/${note.id}/mark`, { read: true });
  const page = await open(t, { path: `/notes/${note.id}` });
  await page.getByRole('region', { name: 'On 1 reading list' }).getByRole('link', { name: bob.name }).click();
  await heading(page, bob.name).waitFor();
});
