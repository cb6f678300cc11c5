import { storage } from './storage';

const KEY = 'teamnotes.theme';
const THEMES = ['system', 'light', 'dark'] as const;

export type Theme = (typeof THEMES)[number];

/** Light or dark: as the system has it, unless chosen otherwise. */
class ThemeChoice {
  current = $state<Theme>('system');

  start(): void {
    const stored = storage.read(KEY);
    this.choose(THEMES.find((theme) => theme === stored) ?? 'system');
  }

  choose(theme: Theme): void {
    this.current = theme;
    storage.write(KEY, theme);
    document.documentElement.dataset.theme = theme;
  }

  next(): void {
    this.choose(THEMES[(THEMES.indexOf(this.current) + 1) % THEMES.length] ?? 'system');
  }
}

export const theme = new ThemeChoice();
