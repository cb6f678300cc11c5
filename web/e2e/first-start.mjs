// The first start of a service without an admin, which prints the link at SETUP_URL:
//   WITHOUT_ADMIN=on scripts/with-postgres scripts/with-service BINARY node --test web/e2e/first-start.mjs

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heading, open, PASSWORD, Person } from './harness.mjs';

test('the link that the service prints makes the first admin', async (t) => {
  const page = await open(t);
  await heading(page, 'Welcome to Teamnotes').waitFor();
  await page.goto(process.env.SETUP_URL);
  await page.getByLabel('Username').fill('root');
  await page.getByLabel('Name', { exact: true }).fill('Ada First');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Create admin and log in' }).click();
  await page.getByTitle('My account').getByText('Ada First').waitFor();
  const { findings } = await new Person('root', 'Ada First').call('GET', '/doctor');
  assert.equal(findings.find(({ subject }) => subject === 'admins').detail, '1 can log in');
});
