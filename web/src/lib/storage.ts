interface Kept {
  isThere(): boolean;
  read(key: string): string | null;
  /** What is kept as JSON, if there is any. */
  readJson<T>(key: string): T | undefined;
  /** Returns whether the browser could keep it. */
  write(key: string, value: string): boolean;
  remove(key: string): void;
  keys(): string[];
}

/** A storage that may be switched off or full: then nothing is kept. */
function keptIn(area: () => Storage): Kept {
  function attempt<T>(action: (storage: Storage) => T, otherwise: T): T {
    try {
      return action(area());
    } catch {
      return otherwise;
    }
  }
  return {
    isThere: () => attempt(Boolean, false),
    read: (key) => attempt((storage) => storage.getItem(key), null),
    readJson: (key) => attempt((storage) => JSON.parse(storage.getItem(key) ?? 'null') ?? undefined, undefined),
    write: (key, value) => attempt((storage) => (storage.setItem(key, value), true), false),
    remove: (key) => attempt((storage) => storage.removeItem(key), undefined),
    keys: () => attempt((storage) => Object.keys(storage), []),
  };
}

/** What the browser keeps for this page. */
export const storage = keptIn(() => localStorage);

/** What the browser keeps for one tab, also when it loads the page again. */
export const tabStorage = keptIn(() => sessionStorage);
