/** The current time, as far as what is shown depends on it. */
export const clock = $state({ now: Date.now() });

setInterval(() => {
  clock.now = Date.now();
}, 30_000);
