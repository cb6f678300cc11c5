import { expect, test } from 'vitest';
import { changes, rebase, type NoteSettings } from './note-settings';

const base: NoteSettings = { date: '2026-03-01T09:30', visibility: 'public', teamIds: [] };

test('only what differs is sent', () => {
  expect(changes(base, { ...base })).toEqual({});
  expect(changes(base, { ...base, visibility: 'private' })).toEqual({ visibility: 'private' });
  expect(changes(base, { ...base, date: '2026-03-02T09:30' })).not.toHaveProperty('visibility');
  expect(changes(base, { ...base, visibility: 'team', teamIds: [7] })).toEqual({ visibility: 'team', team_ids: [7] });
});

test('teams are the same in any order', () => {
  const shared: NoteSettings = { ...base, visibility: 'team', teamIds: [2, 10] };
  expect(changes(shared, { ...shared, teamIds: [10, 2] })).toEqual({});
});

test('what was changed elsewhere stays unless the form changes it too', () => {
  const theirs: NoteSettings = { ...base, visibility: 'private' };
  const mine = { ...base, date: '2026-03-02T09:30' };
  expect(rebase(base, mine, theirs)).toEqual({ settings: { ...theirs, date: mine.date }, clash: false });
});

test('the same set to two things is a clash, and the form keeps its own', () => {
  const mine: NoteSettings = { ...base, visibility: 'private' };
  const theirs: NoteSettings = { ...base, visibility: 'team', teamIds: [7] };
  expect(rebase(base, mine, theirs)).toEqual({ settings: mine, clash: true });
  expect(rebase(base, mine, mine).clash).toBe(false);
});
