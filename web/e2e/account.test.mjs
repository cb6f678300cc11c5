import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { heading, newPerson, open, PASSWORD, Person, SERVICE } from './harness.mjs';

test('somebody signs up, logs out and logs in', async (t) => {
  const username = `new-${randomBytes(4).toString('hex')}`;
  const page = await open(t, { path: '/sign-up', fails: [401, 422] });
  await page.getByLabel('Username').fill('n');
  await page.getByLabel('Name', { exact: true }).fill('Nora New');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign up' }).click();
  await page.getByText('Must be 3 to 64 characters long.').waitFor();
  await page.getByLabel('Username').fill(username);
  await page.getByRole('button', { name: 'Sign up' }).click();
  await heading(page, 'Notes').waitFor();

  const [cookie] = await page.context().cookies();
  assert.deepEqual([cookie.name, cookie.httpOnly, cookie.sameSite], ['teamnotes_session', true, 'Strict']);
  assert.ok(!(await page.evaluate(() => JSON.stringify(localStorage) + document.cookie)).includes(cookie.value));

  await page.getByTitle('My account').click();
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByRole('link', { name: 'Log in' }).first().waitFor();
  assert.deepEqual(await page.context().cookies(), []);
  await page.goto('/account');
  await page.getByRole('link', { name: 'Log in' }).first().click();
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password').fill('wrong-password');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByText('The username or the password is wrong.').waitFor();
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await heading(page, 'My account').waitFor();
});

test('name and password are changed, and other sessions end', async (t) => {
  const alice = await newPerson();
  const elsewhere = await new Person(alice.username).logIn();
  const page = await open(t, { as: alice, path: '/account', fails: [422] });
  await page.getByLabel('Name', { exact: true }).fill('Alice Tanner');
  await page.getByRole('button', { name: 'Save name' }).click();
  await page.getByTitle('My account').getByText('Alice Tanner').waitFor();

  await page.getByLabel('Current password').fill('not-the-password');
  await page.getByLabel('New password').fill('harbour-walnut-24');
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.getByText('This is not your current password.').waitFor();
  await page.getByLabel('Current password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.getByText('Password changed.').waitFor();
  await assert.rejects(elsewhere.call('GET', '/sessions/current'), /401/);
  await new Person(alice.username, alice.name, 'harbour-walnut-24').logIn();
});

test('an API token is made, shown once, used and revoked', async (t) => {
  const alice = await newPerson();
  const page = await open(t, { as: alice, path: '/account' });
  await page.getByLabel('Name of a new token').fill('Nightly backup');
  await page.getByRole('checkbox', { name: 'Write notes' }).check();
  await page.getByRole('button', { name: 'Create token' }).click();
  const token = await page.getByLabel('The token. It is shown this once').inputValue();
  await page.getByRole('button', { name: 'Copy' }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), token);
  const headers = { Authorization: `Bearer ${token}` };
  const known = await (await fetch(`${SERVICE}/api/tokens/current`, { headers })).json();
  assert.deepEqual([known.name, known.scopes], ['Nightly backup', ['read', 'notes:write']]);
  await page.getByRole('button', { name: 'Revoke Nightly backup' }).click();
  await page.getByText('Token Nightly backup revoked.').waitFor();
  assert.equal((await fetch(`${SERVICE}/api/tokens/current`, { headers })).status, 401);
});

test('the account is exported and deleted', async (t) => {
  const alice = await newPerson();
  const page = await open(t, { as: alice, path: '/account', fails: [401] });
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Export' }).click(),
  ]);
  assert.match(download.suggestedFilename(), /\.ndjson$/);
  await page.getByRole('button', { name: 'Delete my account' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete my account' }).click();
  await page.getByText('Your account is deleted.').waitFor();
  assert.equal((await fetch(`${SERVICE}/api/users/${alice.username}`)).status, 404);
});
