import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { admin, heading, newPerson, open, PASSWORD, Person } from './harness.mjs';

test('somebody is invited and accepts', async (t) => {
  const username = `carol-${randomBytes(4).toString('hex')}`;
  const page = await open(t, { as: admin, path: '/admin' });
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Name', { exact: true }).fill('Carol Ortega');
  await page.getByRole('button', { name: 'Create invitation' }).click();
  const link = await page.getByLabel('Give this link to Carol Ortega.').inputValue();

  const guest = await open(t, { path: link, fails: [422] });
  await guest.getByLabel('Password').fill(PASSWORD);
  await guest.getByRole('button', { name: 'Set password and log in' }).click();
  await guest.getByTitle('My account').getByText('Carol Ortega').waitFor();

  const late = await open(t, { path: link, fails: [422] });
  await late.getByLabel('Password').fill('harbour-walnut-24');
  await late.getByRole('button', { name: 'Set password and log in' }).click();
  await late.getByText('This invitation has ended').waitFor();
});

test('an admin promotes, disables and logs out', async (t) => {
  const bob = await newPerson(`Bob ${randomBytes(4).toString('hex')}`);
  await bob.logIn();
  const page = await open(t, { as: admin, path: '/admin' });
  await page.getByLabel('Search people by name').fill(bob.name);
  await page.waitForFunction(() => document.querySelectorAll('#users ~ div li').length === 1);
  await page.getByRole('button', { name: `Promote ${bob.name}` }).click();
  await page.getByText(`${bob.name} is an admin now.`).waitFor();
  await page.getByRole('button', { name: `Demote ${bob.name}` }).click();
  await page.getByText(`${bob.name} is no longer an admin.`).waitFor();

  await page.getByRole('button', { name: `Sessions of ${bob.name}` }).click();
  const sessions = page.getByRole('dialog', { name: `Sessions of ${bob.name}` });
  await sessions.getByRole('button', { name: 'End all' }).click();
  await sessions.getByText('is not logged in anywhere').waitFor();
  await sessions.getByRole('button', { name: 'Close' }).click();
  await assert.rejects(bob.call('GET', '/sessions/current'), /401/);

  await page.getByRole('button', { name: `Disable ${bob.name}` }).click();
  await page.getByText(`${bob.name} is disabled and logged out.`).waitFor();
  await assert.rejects(new Person(bob.username).logIn());
});

test('the page of admins is for admins', async (t) => {
  const page = await open(t, { as: await newPerson(), path: '/admin' });
  await heading(page, 'Administration').waitFor();
  await page.getByText('For admins only').waitFor();
});

test('an admin sees what doctor says', async (t) => {
  const page = await open(t, { as: admin, path: '/admin' });
  const instance = page.getByRole('region', { name: 'This instance' });
  await instance.getByText('database').first().waitFor();
  assert.ok((await instance.getByRole('listitem').count()) > 3);
  await page.getByRole('button', { name: 'Check again' }).click();
  await instance.getByText('database').first().waitFor();
});
