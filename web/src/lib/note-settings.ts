import type { components } from './schema';
import { fromLocalInput, toLocalInput } from './time';

type Schemas = components['schemas'];
type Audience = Pick<NoteSettings, 'visibility' | 'teamIds'>;

/** What can be set of a note apart from its content, as a form has it. */
export interface NoteSettings {
  /** A value of an input of type `datetime-local`. */
  date: string;
  visibility: Schemas['Visibility'];
  teamIds: number[];
}

export function settingsOf(note: Pick<Schemas['NoteDetail'], 'date' | 'visibility' | 'teams'>): NoteSettings {
  const teamIds = (note.teams ?? []).map(({ id }) => id);
  return { date: toLocalInput(note.date), visibility: note.visibility, teamIds };
}

/** The body of the request that changes a note from some settings to others: what is the same is left out. */
export function changes(from: NoteSettings, to: NoteSettings) {
  return {
    ...(to.date && to.date !== from.date && { date: fromLocalInput(to.date) }),
    ...(!sameAudience(from, to) && {
      visibility: to.visibility,
      ...(to.visibility === 'team' && { team_ids: to.teamIds }),
    }),
  };
}

/**
 * Puts settings that were changed elsewhere together with those of a form, both made from `base`. What the form has
 * changed stays as it is; `clash` says whether the same was set to something else elsewhere.
 */
export function rebase(base: NoteSettings, mine: NoteSettings, theirs: NoteSettings) {
  const [myDate, theirDate] = [mine.date !== base.date, theirs.date !== base.date];
  const [myAudience, theirAudience] = [!sameAudience(mine, base), !sameAudience(theirs, base)];
  const { visibility, teamIds } = myAudience ? mine : theirs;
  return {
    settings: { date: myDate ? mine.date : theirs.date, visibility, teamIds },
    clash:
      (myDate && theirDate && mine.date !== theirs.date) ||
      (myAudience && theirAudience && !sameAudience(mine, theirs)),
  };
}

/** Whether the same people see the note. */
function sameAudience(a: Audience, b: Audience): boolean {
  if (a.visibility !== b.visibility) return false;
  return a.visibility !== 'team' || [...a.teamIds].sort().join() === [...b.teamIds].sort().join();
}
