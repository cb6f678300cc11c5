import assert from 'node:assert/strict';
import { test } from 'node:test';
import { card, newPerson, open } from './harness.mjs';

test('notes are marked, read, taken off and put back', async (t) => {
  const alice = await newPerson();
  await alice.write('First to read');
  await alice.write('Second to read');
  const page = await open(t, { as: alice, path: `/?author=${alice.username}` });
  const marks = page.getByRole('button', { name: 'On my reading list' });
  await marks.nth(0).click();
  await marks.nth(1).click();
  await page.getByRole('link', { name: /Reading list\s*2 unread/ }).click();
  await page.getByText('2 unread of 2').waitFor();
  assert.equal(await page.title(), '(2) Reading list · Teamnotes');

  await card(page, 'First to read').getByRole('button', { name: 'Read', exact: true }).click();
  await page.getByText('1 unread of 2').waitFor();
  await page.reload();
  const order = page.getByRole('article');
  await order.nth(1).getByText('First to read').waitFor();

  await card(page, 'Second to read').getByRole('button', { name: 'Remove from the reading list' }).click();
  await page.getByText('0 unread of 1').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('1 unread of 2').waitFor();
  await page.getByRole('button', { name: 'Mark all as read' }).click();
  await page.getByText('All notes are marked as read.').waitFor();
  assert.equal(await page.title(), 'Reading list · Teamnotes');
  assert.deepEqual(await alice.call('GET', '/readinglists/counts'), { total: 2, unread: 0 });
});

test('a note whose mark is still on its way is in the reading list', async (t) => {
  const alice = await newPerson();
  await alice.write('Marked a moment ago');
  const page = await open(t, { as: alice, path: `/?author=${alice.username}` });
  await page.route('**/api/notes/*/mark', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await route.continue();
  });
  await page.getByRole('button', { name: 'On my reading list' }).click();
  await page.getByRole('link', { name: /Reading list\s*1 unread/ }).click();
  await card(page, 'Marked a moment ago').waitFor();
});

test('an empty reading list says how to fill it', async (t) => {
  const page = await open(t, { as: await newPerson(), path: '/reading-list' });
  await page.getByText('Press the bookmark of a note').waitFor();
});
