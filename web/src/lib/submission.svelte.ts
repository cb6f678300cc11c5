import { explain, violations } from './failure';

/** A form on its way to the service. */
export class Submission {
  isBusy = $state(false);
  #error = $state.raw<unknown>();
  #violations = $derived(violations(this.#error));

  /** Runs what the form does, unless it is running. Returns whether it has worked. */
  async run(action: () => Promise<unknown>): Promise<boolean> {
    if (this.isBusy) return false;
    this.isBusy = true;
    this.#error = undefined;
    try {
      await action();
      return true;
    } catch (error) {
      this.#error = error;
      return false;
    } finally {
      this.isBusy = false;
    }
  }

  /** What is wrong with the member at the pointer. */
  at(pointer: string): string | undefined {
    return this.#violations.get(pointer);
  }

  /** What is wrong apart from the members that have a field of their own. */
  elsewhere(...fields: string[]): string | undefined {
    if (this.#error === undefined) return undefined;
    const others = [...this.#violations].filter(([pointer]) => !fields.includes(pointer));
    if (this.#violations.size > 0 && others.length === 0) return undefined;
    return others.map(([, detail]) => detail).join(' ') || explain(this.#error);
  }
}
