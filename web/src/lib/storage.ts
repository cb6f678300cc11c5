/** What the browser keeps for this page. It may be switched off or full: then nothing is kept. */
export const storage = {
  isThere(): boolean {
    try {
      return Boolean(localStorage);
    } catch {
      return false;
    }
  },

  read(key: string): string | null {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  },

  /** Returns whether the browser could keep it. */
  write(key: string, value: string): boolean {
    try {
      localStorage.setItem(key, value);
      return true;
    } catch {
      return false;
    }
  },

  remove(key: string): void {
    try {
      localStorage.removeItem(key);
    } catch {
      // Nothing was kept.
    }
  },
};
