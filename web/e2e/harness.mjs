// What the tests share: people with accounts, browsers that they use, and what must not happen in any of these.
// The service is at SERVICE_URL, and its admin is "admin" (scripts/with-service).

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after } from 'node:test';
import { chromium } from 'playwright-core';

export const SERVICE = process.env.SERVICE_URL;
export const PASSWORD = 'walnut-harbour-42';

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const PATIENCE = 15_000;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ARGUMENTS,
});
after(() => browser.close());

/** Somebody with an account. */
export class Person {
  constructor(username, name, password = PASSWORD) {
    Object.assign(this, { username, name, password });
  }

  /** Logs in as the page does. */
  async logIn() {
    const response = await fetch(`${SERVICE}/api/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Sec-Fetch-Site': 'same-origin' },
      body: JSON.stringify({ username: this.username, password: this.password, cookie: true }),
    });
    assert.equal(response.status, 200, await response.text());
    this.cookie = /teamnotes_session=([^;]*)/.exec(response.headers.get('Set-Cookie'))[1];
    return this;
  }

  /** The JSON of a call to the API. */
  async call(method, path, body, headers = {}) {
    if (!this.cookie) await this.logIn();
    const response = await fetch(`${SERVICE}/api${path}`, {
      method,
      headers: {
        Cookie: `teamnotes_session=${this.cookie}`,
        'Content-Type': 'application/json',
        'Sec-Fetch-Site': 'same-origin',
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
    return text && JSON.parse(text);
  }

  write(content, more = {}) {
    return this.call('POST', '/notes', { content, ...more });
  }
}

export const admin = new Person('admin', 'Administrator');

/** Somebody who has just signed up. */
export async function newPerson(name = 'Alice Walker') {
  const first = name.split(' ')[0].normalize('NFD').replace(/[^A-Za-z]/g, '');
  const username = `${first.toLowerCase()}-${randomBytes(4).toString('hex')}`;
  const response = await fetch(`${SERVICE}/api/users`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username, name, password: PASSWORD }),
  });
  assert.equal(response.status, 201, await response.text());
  return new Person(username, name);
}

/**
 * A page in a browser of its own, of a person who is logged in or of a visitor. `fails` are the status codes that the
 * test provokes. The test fails on any other error in the console, and on a request to another host; it reports warnings.
 */
export async function open(test, { as, path = '/', phone = false, theme = 'light', fails = [], scripts = true } = {}) {
  const context = await browser.newContext({
    baseURL: SERVICE,
    colorScheme: theme,
    viewport: phone ? { width: 390, height: 844 } : { width: 1280, height: 800 },
    isMobile: phone,
    hasTouch: phone,
    javaScriptEnabled: scripts,
    permissions: ['clipboard-read', 'clipboard-write'],
    ...(as && { storageState: await storageOf(as) }),
  });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => {
    if (message.type() === 'warning') test.diagnostic(`warning in the console: ${message.text()}`);
    if (message.type() !== 'error') return;
    const status = /the server responded with a status of (\d+)/.exec(message.text())?.[1];
    if (!fails.includes(status ? Number(status) : 'network')) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.stack));
  page.on('request', (request) => {
    if (!request.url().startsWith(`${SERVICE}/`)) complaints.push(`request to ${request.url()}`);
  });
  test.after(async () => {
    await context.close();
    assert.deepEqual(complaints, []);
  });
  await page.goto(path);
  return page;
}

/** Another tab of the same browser. */
export async function tabBeside(page, path = '/') {
  const tab = await page.context().newPage();
  await tab.goto(path);
  return tab;
}

async function storageOf(person) {
  person.id ??= (await person.call('GET', '/sessions/current')).user.id;
  const { hostname, origin } = new URL(SERVICE);
  const cookie = { domain: hostname, path: '/', expires: -1, httpOnly: true, secure: false, sameSite: 'Strict' };
  return {
    cookies: [{ name: 'teamnotes_session', value: person.cookie, ...cookie }],
    origins: [{ origin, localStorage: [{ name: 'teamnotes.logged-in', value: `${person.id} ${person === admin ? 'admin' : 'user'} 0` }] }],
  };
}

/** The heading of the page that is shown. */
export function heading(page, name) {
  return page.getByRole('heading', { level: 1, name });
}

/** The card of a note in a list. */
export function card(page, text) {
  return page.getByRole('article').filter({ hasText: text });
}
