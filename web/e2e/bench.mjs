// Measures what a test would measure too unsteadily on a shared machine:
//   scripts/with-service BINARY node web/e2e/bench.mjs
// How long after its answer the first list is painted, and how long the longest frame takes while 1,000 notes are
// scrolled.

import { test } from 'node:test';
import { newPerson, open } from './harness.mjs';

const PAINTS = 10;
const NOTES = 1000;

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

function say(what, times) {
  const long = times.filter((time) => time > 50).length;
  console.log(`${what}: longest ${Math.max(...times).toFixed(1)} ms, ${long} of ${times.length} over 50 ms`);
}

/** From the end of the answer with the notes to the frame after the one that has them, in milliseconds. */
async function firstPaint(page) {
  await page.goto('/?important=true');
  return page.evaluate(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    while (!document.querySelector('main article')) await frame();
    await frame();
    const painted = performance.now();
    const answer = performance.getEntriesByType('resource').find(({ name }) => name.includes('/api/notes'));
    return painted - answer.responseEnd;
  });
}

/** The tasks of the page's main thread while a gesture scrolls, in milliseconds, and the intervals of its frames. */
async function scroll(page) {
  const devtools = await page.context().newCDPSession(page);
  const events = [];
  devtools.on('Tracing.dataCollected', ({ value }) => events.push(...value));
  await page.evaluate(() => {
    globalThis.frames = [];
    let last = performance.now();
    requestAnimationFrame(function note(now) {
      globalThis.frames.push(now - last);
      last = now;
      requestAnimationFrame(note);
    });
  });
  await devtools.send('Tracing.start', { categories: 'toplevel,devtools.timeline,disabled-by-default-devtools.timeline' });
  for (let turn = 0; turn < 5; turn++) {
    await devtools.send('Input.synthesizeScrollGesture', { x: 700, y: 400, yDistance: -20_000, speed: 8000 });
  }
  const ended = new Promise((resolve) => devtools.once('Tracing.tracingComplete', resolve));
  await devtools.send('Tracing.end');
  await ended;
  const main = events.find(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain');
  const tasks = events.filter(({ name, pid, tid }) => name === 'RunTask' && pid === main.pid && tid === main.tid);
  const frames = await page.evaluate(() => globalThis.frames);
  return { tasks: tasks.map(({ dur = 0, tdur = 0 }) => ({ time: dur / 1000, processor: tdur / 1000 })), frames };
}

test('speed', { timeout: 300_000 }, async (t) => {
  const alice = await newPerson();
  for (let number = 1; number <= NOTES; number++) {
    await alice.write(`Number ${number}. ${'Test backups by restoring them. '.repeat(1 + (number % 9))}`, { important: true });
  }
  const page = await open(t, { as: alice });
  const paints = [];
  for (let turn = 0; turn < PAINTS; turn++) paints.push(await firstPaint(page));
  const shown = paints.map((time) => time.toFixed(0)).join(' ');
  console.log(`list painted after its answer: median ${median(paints).toFixed(0)} ms of ${shown}`);

  await page.goto(`/?author=${alice.username}`);
  while ((await page.getByRole('article').count()) < NOTES) {
    await page.getByRole('button', { name: 'Load more' }).click({ timeout: 2000 }).catch(() => {});
  }
  await page.evaluate(() => scrollTo(0, 0));
  await page.waitForTimeout(500);
  const { tasks, frames } = await scroll(page);
  const end = await page.evaluate(() => scrollY);
  console.log(`${NOTES} notes scrolled by ${end} pixels: ${frames.length} frames`);
  say('tasks', tasks.map(({ time }) => time));
  say('tasks, processor time', tasks.map(({ processor }) => processor));
  say('frames', frames);
});
