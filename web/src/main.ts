import './styles/tokens.css';
import './styles/base.css';
import './styles/forms.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { api, done } from './lib/api';
import { explain } from './lib/failure';
import { router } from './lib/router.svelte';
import { session } from './lib/session.svelte';
import { theme } from './lib/theme.svelte';
import { toasts } from './lib/toasts.svelte';

theme.start();
router.start();
void session.start().then(welcome);
mount(App, { target: document.querySelector('#app')! });

/** Leads to where the first admin is made, while there is none. */
async function welcome(): Promise<void> {
  if (session.user || router.path === '/setup') return;
  try {
    const { needed } = await done(api.GET('/api/setup'));
    if (needed) router.go('/setup', { replace: true });
  } catch (error) {
    toasts.warn(explain(error));
  }
}
