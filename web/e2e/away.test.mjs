import { test } from 'node:test';
import { heading, newPerson, open } from './harness.mjs';

test('while the database is away pages wait, and go on once it is back', async (t) => {
  const page = await open(t, { as: await newPerson(), fails: [503] });
  await heading(page, 'Notes').waitFor();
  const unavailable = (route) => route.fulfill({ status: 503, json: { detail: 'not available' } });
  await page.route('**/api/teams**', unavailable);
  await page.route('**/readyz', unavailable);
  await page.getByRole('link', { name: 'Teams' }).click();
  await page.getByText('The server cannot be reached.').waitFor();
  await page.unrouteAll();
  await page.getByRole('button', { name: 'Try now' }).click();
  await page.getByText('The server cannot be reached.').waitFor({ state: 'detached' });
  await page.getByRole('heading', { name: 'All teams' }).waitFor();
});
