/** The path below which the service is reached, empty for the root: this script is at `{base}/assets/…`. */
export const base = import.meta.env.PROD
  ? new URL(import.meta.url).pathname.replace(/\/assets\/[^/]*$/, '')
  : '';

/** The address of one of the page's own paths. */
export function to(path: string): string {
  return base + path;
}
