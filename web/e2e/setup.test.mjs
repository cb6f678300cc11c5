import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heading, newPerson, open, PASSWORD } from './harness.mjs';

/** Answers as a service without an admin, and keeps what it is sent. */
async function withoutAdmin(page, sent) {
  await page.route('**/api/setup', async (route) => {
    const request = route.request();
    if (request.method() === 'GET') return route.fulfill({ json: { needed: true } });
    sent.push(request.postDataJSON());
    const status = request.postDataJSON().token === 'right' ? 201 : 401;
    await route.fulfill({ status, json: { detail: 'token invalid' } });
  });
}

test('a server with an admin needs no setup', async (t) => {
  const page = await open(t, { path: '/setup#token=any' });
  await page.getByText('This server has an admin already.').waitFor();
});

test('without an admin every visitor is led to the setup', async (t) => {
  const page = await open(t);
  await withoutAdmin(page, []);
  await page.reload();
  await heading(page, 'Welcome to Teamnotes').waitFor();
  await page.getByText('finds a link in what it printed').waitFor();
});

test('the first admin is made with the token of the link', async (t) => {
  const first = await newPerson('Ada First');
  const sent = [];
  const page = await open(t, { path: '/login', fails: [401] });
  await withoutAdmin(page, sent);
  for (const token of ['wrong', 'right']) {
    await page.goto(`/setup#token=${token}`);
    await page.getByLabel('Username').fill(first.username);
    await page.getByLabel('Name', { exact: true }).fill(first.name);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Create admin and log in' }).click();
    if (token === 'wrong') await page.getByText('is not that of this server').waitFor();
  }
  await page.getByTitle('My account').getByText(first.name).waitFor();
  const { username, name } = first;
  assert.deepEqual(sent.at(-1), { token: 'right', username, name, password: PASSWORD });
});
