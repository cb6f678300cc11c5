import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { heading, newPerson, open } from './harness.mjs';

test('long names and a narrow screen make no page scroll sideways', async (t) => {
  const long = randomBytes(50).toString('hex');
  const alice = await newPerson(long);
  const team = await alice.call('POST', '/teams', { name: long });
  const note = await alice.write(`${long}${long}`, { visibility: 'team', team_ids: [team.id] });
  await alice.call('PUT', `/notes/${note.id}/mark`, { read: false });
  const page = await open(t, { as: alice, phone: true });
  await page.setViewportSize({ width: 360, height: 740 });
  const person = `/people/${alice.username}`;
  for (const path of ['/', `/notes/${note.id}`, '/reading-list', '/teams', `/teams/${team.id}`, `/people?name=${long}`, person, '/account']) {
    await page.goto(path);
    await heading(page).waitFor();
    await page.waitForLoadState('networkidle');
    const widest = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(widest <= 360, `${path} is ${widest} pixels wide`);
  }
});
