import { beforeEach, expect, test, vi } from 'vitest';
import { dropDraft, emptyDraft, keepDraft, readDraft, type Place } from './drafts';

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
  locks.clear();
});

/** The locks that are held, by name: what the browser does for all of its tabs. */
const locks = new Set<string>();

vi.stubGlobal('navigator', {
  locks: {
    async request(name: string, { signal, ifAvailable }: LockOptions, held: (lock: object | null) => unknown) {
      while (!ifAvailable && locks.has(name)) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        signal?.throwIfAborted();
      }
      if (locks.has(name)) return held(null);
      locks.add(name);
      return held({});
    },
  },
});

/** Where the new note of a user is in a tab that is loaded: its scripts are new. */
async function newNoteInLoadedTab(user: number): Promise<Place> {
  vi.resetModules();
  return (await import('./drafts')).newNoteOf(user);
}

const typed = (content: string) => ({ ...emptyDraft(), content });

test('a draft is kept until it is dropped', () => {
  const draft = typed('half a sentence');
  keepDraft(1, 'new.a', draft);
  expect(readDraft(1, 'new.a')).toEqual(draft);
  dropDraft(1, 'new.a');
  expect(readDraft(1, 'new.a')).toBeUndefined();
});

test('what another tab has typed stays when a draft is saved', () => {
  const saved = typed('of this tab');
  const other = typed('of another tab');
  keepDraft(1, 'new.a', other);
  dropDraft(1, 'new.a', saved);
  expect(readDraft(1, 'new.a')).toEqual(other);
  dropDraft(1, 'new.a', other);
  expect(readDraft(1, 'new.a')).toBeUndefined();
});

test('a draft belongs to one user and one note', () => {
  keepDraft(1, 7, typed('mine'));
  expect(readDraft(2, 7)).toBeUndefined();
  expect(readDraft(1, 8)).toBeUndefined();
});

test('a draft that says what the note says is none', () => {
  keepDraft(1, 7, { ...typed('same'), base: 'same' });
  expect(readDraft(1, 7)).toBeUndefined();
});

test('what is not a draft is ignored', () => {
  localStorage.setItem('teamnotes.draft.1.new', '{"content":');
  expect(readDraft(1, 'new.a')).toBeUndefined();
});

test('a full storage is reported', () => {
  const full = vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError');
  });
  expect(keepDraft(1, 'new.a', typed('much'))).toBe(false);
  full.mockRestore();
});

test('each draft has a key of its own', () => {
  expect(emptyDraft().key).toMatch(/^[0-9a-f]{32}$/);
  expect(emptyDraft().key).not.toBe(emptyDraft().key);
});

test('each tab has a new note of its own', async () => {
  const one = await newNoteInLoadedTab(1);
  keepDraft(1, one, typed('in one tab'));
  sessionStorage.clear();
  const other = await newNoteInLoadedTab(1);
  expect(other).not.toBe(one);
  expect(readDraft(1, other)).toBeUndefined();
});

test('a tab that is loaded again has the new note that it had', async () => {
  keepDraft(1, 'new.0', typed('in a tab that is gone'));
  keepDraft(1, 'new.9', typed('in this tab'));
  sessionStorage.setItem('teamnotes.draft.1.new.', 'teamnotes.draft.1.new.9');
  locks.add('teamnotes.draft.1.new.9');
  const loaded = newNoteInLoadedTab(1);
  setTimeout(() => locks.delete('teamnotes.draft.1.new.9'), 50);
  expect(await loaded).toBe('new.9');
});

test('a new note of a tab that is gone comes back in the next one', async () => {
  const gone = await newNoteInLoadedTab(1);
  keepDraft(1, gone, typed('before the crash'));
  sessionStorage.clear();
  locks.clear();
  expect(await newNoteInLoadedTab(2)).not.toBe(gone);
  expect(await newNoteInLoadedTab(1)).toBe(gone);
});

test('a copy of a tab does not have its new note', async () => {
  const copied = await newNoteInLoadedTab(1);
  keepDraft(1, copied, typed('in the first of both'));
  expect(await newNoteInLoadedTab(1)).not.toBe(copied);
});

test('a tab holds the new notes of all its users, whoever is logged in first', async () => {
  const place = await newNoteInLoadedTab(1);
  keepDraft(1, place, typed('of another user'));
  locks.clear();
  await newNoteInLoadedTab(2);
  expect(locks).toContain(`teamnotes.draft.1.${place}`);
});

test('what a page asks for twice is the same new note', async () => {
  const { newNoteOf } = await import('./drafts');
  expect(await newNoteOf(1)).toBe(await newNoteOf(1));
});
