import { beforeEach, expect, test, vi } from 'vitest';
import { dropDraft, emptyDraft, keepDraft, readDraft } from './drafts';

beforeEach(() => localStorage.clear());

const typed = (content: string) => ({ ...emptyDraft(), content });

test('a draft is kept until it is dropped', () => {
  const draft = typed('half a sentence');
  keepDraft(1, 'new', draft);
  expect(readDraft(1, 'new')).toEqual(draft);
  dropDraft(1, 'new');
  expect(readDraft(1, 'new')).toBeUndefined();
});

test('what another tab has typed stays when a draft is saved', () => {
  const saved = typed('of this tab');
  const other = typed('of another tab');
  keepDraft(1, 'new', other);
  dropDraft(1, 'new', saved);
  expect(readDraft(1, 'new')).toEqual(other);
  dropDraft(1, 'new', other);
  expect(readDraft(1, 'new')).toBeUndefined();
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
  expect(readDraft(1, 'new')).toBeUndefined();
});

test('a full storage is reported', () => {
  const full = vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError');
  });
  expect(keepDraft(1, 'new', typed('much'))).toBe(false);
  full.mockRestore();
});

test('each draft has a key of its own', () => {
  expect(emptyDraft().key).toMatch(/^[0-9a-f]{32}$/);
  expect(emptyDraft().key).not.toBe(emptyDraft().key);
});
