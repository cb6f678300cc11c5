import assert from 'node:assert/strict';
import { test } from 'node:test';
import { card, heading, newPerson, open, PASSWORD } from './harness.mjs';

/** Presses Tab until the element with this role and name has the focus. */
async function tabTo(page, role, name) {
  const wanted = page.getByRole(role, { name }).first();
  await wanted.waitFor();
  for (let presses = 0; presses < 80; presses++) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`no way to the ${role} ${name} by Tab`);
}

async function press(page, role, name, key = 'Enter') {
  await tabTo(page, role, name);
  await page.keyboard.press(key);
}

test('the first Tab leads to the content', async (t) => {
  const page = await open(t);
  await heading(page, 'Notes').waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
});

test('somebody logs in, writes, marks and reads by keyboard alone', async (t) => {
  const alice = await newPerson();
  const page = await open(t, { path: '/login' });
  await tabTo(page, 'textbox', 'Username');
  await page.keyboard.type(alice.username);
  await page.keyboard.press('Tab');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await heading(page, 'Notes').waitFor();
  await page.waitForFunction(() => document.activeElement.tagName === 'H1');

  await tabTo(page, 'textbox', 'Write a note');
  await page.keyboard.type('Written without a mouse');
  await press(page, 'checkbox', 'Important', 'Space');
  await press(page, 'button', 'Save note');
  const own = card(page, 'Written without a mouse').first();
  await own.waitFor();

  await press(page, 'link', 'Mine');
  await page.waitForURL(/author=/);
  await press(page, 'button', 'On my reading list', 'Space');
  await press(page, 'link', /Written without a mouse/);
  await heading(page, `Note by ${alice.name}`).waitFor();
  await press(page, 'button', 'Edit');
  await page.getByRole('textbox', { name: 'Content' }).waitFor();
  await page.keyboard.press('Control+End');
  await page.keyboard.type(', by keyboard alone');
  await page.keyboard.press('Control+Enter');
  await page.getByText('Written without a mouse, by keyboard alone').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');
  await press(page, 'button', 'Delete');
  await heading(page, 'Notes').waitFor();
  await page.keyboard.press('Control+z');
  await page.getByText('Note restored.').waitFor();

  await page.goto('/reading-list');
  await press(page, 'button', 'Read', 'Space');
  await page.getByText('0 unread of 1').waitFor();
});

test('a team is made and left by keyboard alone', async (t) => {
  const [alice, bob] = [await newPerson(), await newPerson('Bob Tanner')];
  const page = await open(t, { as: alice, path: '/teams' });
  await tabTo(page, 'textbox', 'Name of a new team');
  await page.keyboard.type('Keyboards');
  await page.keyboard.press('Enter');
  await heading(page, 'Keyboards').waitFor();
  await tabTo(page, 'combobox', 'Username of a new member');
  await page.keyboard.type(bob.username);
  await page.keyboard.press('Enter');
  await page.getByRole('list', { name: 'Members' }).getByText(bob.name).first().waitFor();
  await press(page, 'button', 'Delete');
  await page.getByRole('dialog').waitFor();
  await press(page, 'button', 'Delete the team');
  await heading(page, 'Teams').waitFor();
});

test('a dialog keeps the focus and closes by Escape', async (t) => {
  const page = await open(t, { as: await newPerson(), path: '/account' });
  await press(page, 'button', 'Delete my account');
  const dialog = page.getByRole('dialog', { name: 'Delete your account?' });
  await dialog.waitFor();
  assert.ok(await dialog.evaluate((element) => element.contains(document.activeElement)));
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Delete my account');
});
