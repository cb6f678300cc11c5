import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heading, newPerson, open } from './harness.mjs';

test('a team is made, gets members and owners, and is left', async (t) => {
  const [alice, bob] = [await newPerson(), await newPerson('Bob Tanner')];
  const name = `Operations ${alice.username.slice(-8)}`;
  const page = await open(t, { as: alice, path: '/teams', fails: [404, 409] });
  await page.getByLabel('Name of a new team').fill(name);
  await page.getByRole('button', { name: 'Create team' }).click();
  await heading(page, name).waitFor();

  await page.getByLabel('Username of a new member').fill('nobody-at-all');
  await page.getByRole('button', { name: 'Add' }).click();
  await page.getByText('No one has this username.').waitFor();
  await page.getByLabel('Username of a new member').fill(bob.username);
  await page.getByRole('button', { name: 'Add' }).click();
  const members = page.getByRole('list', { name: 'Members' });
  await members.getByText(bob.name).first().waitFor();

  await page.getByRole('button', { name: 'Leave' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Leave' }).click();
  await page.getByText("The last owner of a team can't leave it").waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByLabel(`Role of ${bob.name}`).selectOption('owner');
  await page.getByText(`${bob.name} is an owner now.`).waitFor();
  await page.getByRole('button', { name: 'Leave' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Leave' }).click();
  await heading(page, 'Teams').waitFor();
  await page.getByText('You are not in any team.').waitFor();
  const [team] = await bob.call('GET', `/users/${bob.username}/teams`);
  assert.deepEqual([team.name, team.role], [name, 'owner']);
});

test('an owner renames and deletes a team', async (t) => {
  const alice = await newPerson();
  const team = await alice.call('POST', '/teams', { name: 'Drawing' });
  const page = await open(t, { as: alice, path: `/teams/${team.id}` });
  await page.getByRole('button', { name: 'Rename' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Design');
  await page.getByRole('button', { name: 'Save' }).click();
  await heading(page, 'Design').waitFor();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Delete the team' }).click();
  await heading(page, 'Teams').waitFor();
  assert.deepEqual(await alice.call('GET', `/users/${alice.username}/teams`), []);
});
