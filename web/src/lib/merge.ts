/** What two people have made of the same text. */
export interface Merge {
  text: string;
  /** How many places both have changed differently; each is marked in the text. */
  conflicts: number;
}

/** Puts both changes of `base` together, line by line. */
export function merge(base: string, mine: string, theirs: string): Merge {
  const [b, m, t] = [base, mine, theirs].map((text) => text.split('\n')) as [string[], string[], string[]];
  const inMine = matches(b, m);
  const inTheirs = matches(b, t);
  const out: string[] = [];
  let conflicts = 0;
  let [i, j, k] = [0, 0, 0];
  while (i < b.length || j < m.length || k < t.length) {
    if (i < b.length && inMine.get(i) === j && inTheirs.get(i) === k) {
      out.push(b[i]!);
      [i, j, k] = [i + 1, j + 1, k + 1];
      continue;
    }
    let next = i;
    while (next < b.length && !(inMine.has(next) && inTheirs.has(next))) next++;
    const [endMine, endTheirs] = [inMine.get(next) ?? m.length, inTheirs.get(next) ?? t.length];
    const [old, ours, other] = [b.slice(i, next), m.slice(j, endMine), t.slice(k, endTheirs)];
    if (same(ours, other) || same(old, other)) out.push(...ours);
    else if (same(old, ours)) out.push(...other);
    else {
      conflicts++;
      out.push('<<<<<<< yours', ...ours, '=======', ...other, '>>>>>>> theirs');
    }
    [i, j, k] = [next, endMine, endTheirs];
  }
  return { text: out.join('\n'), conflicts };
}

function same(a: string[], b: string[]): boolean {
  return a.length === b.length && a.every((line, index) => line === b[index]);
}

/** The lines of `base` that are kept in `text`, as positions in either: a longest common subsequence. */
function matches(base: string[], text: string[]): Map<number, number> {
  const lengths = Array.from({ length: base.length + 1 }, () => new Uint16Array(text.length + 1));
  for (let i = base.length - 1; i >= 0; i--) {
    for (let j = text.length - 1; j >= 0; j--) {
      lengths[i]![j] =
        base[i] === text[j] ? lengths[i + 1]![j + 1]! + 1 : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
    }
  }
  const kept = new Map<number, number>();
  for (let i = 0, j = 0; i < base.length && j < text.length; ) {
    if (base[i] === text[j]) kept.set(i++, j++);
    else if (lengths[i + 1]![j]! >= lengths[i]![j + 1]!) i++;
    else j++;
  }
  return kept;
}
