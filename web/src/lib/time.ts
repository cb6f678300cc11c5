const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365 * 24 * 3600],
  ['month', 30 * 24 * 3600],
  ['week', 7 * 24 * 3600],
  ['day', 24 * 3600],
  ['hour', 3600],
  ['minute', 60],
];

const relativeFormat = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const exactFormat = new Intl.DateTimeFormat('en', { dateStyle: 'full', timeStyle: 'short' });

/** How long ago a time is, or how far ahead. */
export function relative(time: string, now: number): string {
  const seconds = (Date.parse(time) - now) / 1000;
  const unit = UNITS.find(([, length]) => Math.abs(seconds) >= length);
  return unit ? relativeFormat.format(Math.trunc(seconds / unit[1]), unit[0]) : 'just now';
}

/** A time in full, in the time zone of the browser. */
export function exact(time: string): string {
  return exactFormat.format(new Date(time));
}

/** A time as the value of an input of type `datetime-local`. */
export function toLocalInput(time: string): string {
  const date = new Date(time);
  return new Date(date.getTime() - 60_000 * date.getTimezoneOffset()).toISOString().slice(0, 16);
}

/** The time that is in an input of type `datetime-local`. */
export function fromLocalInput(value: string): string {
  return new Date(value).toISOString();
}
