/** The token in the address of a link that somebody was given. What follows `#` is not sent to any server. */
export function tokenInHash(): string {
  return new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
}
