import type { Component } from 'svelte';
import LoginPage from './pages/LoginPage.svelte';
import NewNotePage from './pages/NewNotePage.svelte';
import NotFoundPage from './pages/NotFoundPage.svelte';
import NotePage from './pages/NotePage.svelte';
import NotesPage from './pages/NotesPage.svelte';

interface Route {
  page: Component<any>;
  parameters: Record<string, string | number>;
}

const PAGES: Record<string, Component> = {
  '/': NotesPage,
  '/notes/new': NewNotePage,
  '/login': LoginPage,
};

/** The page at a path. */
export function routeOf(path: string): Route {
  const page = PAGES[path];
  if (page) return { page, parameters: {} };
  const id = /^\/notes\/([1-9][0-9]*)$/.exec(path)?.[1];
  if (id) return { page: NotePage, parameters: { id: Number(id) } };
  return { page: NotFoundPage, parameters: {} };
}
