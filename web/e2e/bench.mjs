// Measures what a test would measure too unsteadily on a shared machine:
//   scripts/with-service BINARY node web/e2e/bench.mjs
// How long after its answer the first list is painted, and how long the longest frame takes while 1,000 notes are
// scrolled. An empty page that is scrolled in the same way shows what the machine itself takes.

import { test } from 'node:test';
import { newPerson, open } from './harness.mjs';

const PAINTS = 10;
const NOTES = 1000;
const SCROLLS = 3;

/** Three frames of 60 Hz take 50 ms, which the clock of the browser rounds up to 50.1. */
const LONG = 50.5;

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

function say(what, times) {
  const long = times.filter((time) => time > LONG).length;
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

/** Scrolls from the top as a wheel does, at 8,000 pixels a second. */
async function scroll(page, devtools) {
  await page.evaluate(() => scrollTo(0, 0));
  await page.waitForTimeout(500);
  for (let turn = 0; turn < 5; turn++) {
    await devtools.send('Input.synthesizeScrollGesture', { x: 700, y: 400, yDistance: -20_000, speed: 8000 });
  }
}

/** The intervals between the frames of a page that is scrolled, in milliseconds. */
async function frames(page, devtools) {
  await page.evaluate(() => {
    globalThis.frames = [];
    let last = performance.now();
    globalThis.noted = requestAnimationFrame(function note(now) {
      globalThis.frames.push(now - last);
      last = now;
      globalThis.noted = requestAnimationFrame(note);
    });
  });
  await scroll(page, devtools);
  return page.evaluate(() => {
    cancelAnimationFrame(globalThis.noted);
    return globalThis.frames;
  });
}

/** The tasks of the main thread of a page that is scrolled, in milliseconds. Tracing slows the page down. */
async function tasks(page, devtools) {
  const events = [];
  devtools.on('Tracing.dataCollected', ({ value }) => events.push(...value));
  await devtools.send('Tracing.start', { categories: 'toplevel,devtools.timeline,disabled-by-default-devtools.timeline' });
  await scroll(page, devtools);
  const ended = new Promise((resolve) => devtools.once('Tracing.tracingComplete', resolve));
  await devtools.send('Tracing.end');
  await ended;
  const main = events.find(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain');
  const found = events.filter(({ name, pid, tid }) => name === 'RunTask' && pid === main.pid && tid === main.tid);
  return found.map(({ dur = 0, tdur = 0 }) => ({ time: dur / 1000, processor: tdur / 1000 }));
}

/** Removes everything that the page shows, but keeps its height. */
function empty(page) {
  return page.evaluate(() => {
    const height = `${document.documentElement.scrollHeight}px`;
    const nothing = document.createElement('div');
    nothing.style.height = height;
    document.body.replaceChildren(nothing);
  });
}

test('speed', { timeout: 600_000 }, async (t) => {
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
  const devtools = await page.context().newCDPSession(page);
  for (let turn = 0; turn < SCROLLS; turn++) say(`frames while ${NOTES} notes are scrolled`, await frames(page, devtools));
  console.log(`scrolled by ${await page.evaluate(() => scrollY)} pixels`);
  const found = await tasks(page, devtools);
  say('tasks', found.map(({ time }) => time));
  say('tasks, processor time', found.map(({ processor }) => processor));
  await empty(page);
  for (let turn = 0; turn < SCROLLS; turn++) say('frames of an empty page', await frames(page, devtools));
});
