import type { Component } from 'svelte';
import AcceptInvitationPage from './pages/AcceptInvitationPage.svelte';
import AccountPage from './pages/AccountPage.svelte';
import AdminPage from './pages/AdminPage.svelte';
import LoginPage from './pages/LoginPage.svelte';
import NewNotePage from './pages/NewNotePage.svelte';
import NotFoundPage from './pages/NotFoundPage.svelte';
import NotePage from './pages/NotePage.svelte';
import NotesPage from './pages/NotesPage.svelte';
import PeoplePage from './pages/PeoplePage.svelte';
import PersonPage from './pages/PersonPage.svelte';
import ReadingListPage from './pages/ReadingListPage.svelte';
import SetupPage from './pages/SetupPage.svelte';
import SignUpPage from './pages/SignUpPage.svelte';
import TeamPage from './pages/TeamPage.svelte';
import TeamsPage from './pages/TeamsPage.svelte';

interface Route {
  page: Component<any>;
  parameters: Record<string, string | number>;
}

const PAGES: Record<string, Component> = {
  '/': NotesPage,
  '/notes/new': NewNotePage,
  '/reading-list': ReadingListPage,
  '/teams': TeamsPage,
  '/people': PeoplePage,
  '/account': AccountPage,
  '/admin': AdminPage,
  '/login': LoginPage,
  '/sign-up': SignUpPage,
  '/accept-invitation': AcceptInvitationPage,
  '/setup': SetupPage,
};

/** The page at a path. */
export function routeOf(path: string): Route {
  const page = PAGES[path];
  if (page) return { page, parameters: {} };
  const [, kind, name] = /^\/(notes|teams|people)\/([^/]+)$/.exec(path) ?? [];
  if (kind === 'people' && name) return { page: PersonPage, parameters: { username: decoded(name) } };
  if (name && /^[1-9][0-9]*$/.test(name) && Number.isSafeInteger(Number(name))) {
    return { page: kind === 'teams' ? TeamPage : NotePage, parameters: { id: Number(name) } };
  }
  return { page: NotFoundPage, parameters: {} };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
