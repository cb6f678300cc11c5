// Takes the pictures in docs/images: scripts/with-service BINARY node web/e2e/screenshots.mjs

import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { newPerson, open, Person } from './harness.mjs';

const IMAGES = fileURLToPath(new URL('../../docs/images/', import.meta.url));

const NOTES = [
  ['Bruno Eriksen', 'The handbook has a new chapter on **on-call duty**. Comments are welcome until Friday.'],
  ['Chiara Ito', 'Tuesday’s meeting is moved to 10:30, same room.', { important: true }],
  ['Mónica Dubois', 'Printer on the second floor: fixed.\n\nIf it jams again, open tray 2 first and ring 114.'],
  ['Aino Lindqvist', 'Backups of last night are complete, 41 GB. The restore test on the spare machine took 12 minutes.'],
];
const OWN = `## Release on Thursday

- [x] Freeze on Wednesday evening
- [x] Restore the backup on a spare machine
- [ ] Tell the support team

> Not on Friday.

\`teamnotes migrate plan\` shows what will change.`;

test('screenshots', async (t) => {
  const people = new Map();
  for (const [name, content, more] of NOTES) {
    const person = await newPerson(name);
    people.set(name, person);
    await person.write(content, more);
  }
  const alice = await newPerson('Alice Walker');
  const note = await alice.write(OWN, { important: true });
  const [latest, ...older] = await alice.call('GET', '/notes?limit=5');
  for (const { id } of older.slice(0, 3)) await alice.call('PUT', `/notes/${id}/mark`, { read: false });
  for (const person of people.values()) await person.call('PUT', `/notes/${latest.id}/mark`, { read: true });

  const looks = [
    ['page-light', { path: '/' }],
    ['page-dark', { path: `/notes/${note.id}`, theme: 'dark' }],
    ['page-phone', { path: '/reading-list', phone: true }],
  ];
  for (const [file, look] of looks) {
    const page = await open(t, { as: new Person(alice.username, alice.name), ...look });
    await page.waitForLoadState('networkidle');
    await page.screenshot({ path: `${IMAGES}${file}.png` });
  }
});
