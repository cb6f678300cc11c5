import { api, page, type TeamMembership } from './api';
import { session } from './session.svelte';

/** The teams of whoever is logged in, the newest membership first. */
export async function ownTeams(): Promise<TeamMembership[]> {
  if (!session.user) return [];
  const path = { user: String(session.user.id) };
  const teams: TeamMembership[] = [];
  let cursor: string | undefined;
  do {
    const query = { limit: 200, cursor };
    const next = await page(api.GET('/api/users/{user}/teams', { params: { path, query } }));
    teams.push(...next.items);
    cursor = next.cursor;
  } while (cursor);
  return teams;
}
