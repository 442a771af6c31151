/**
 * Whether two patterns of one segment (`*` for any characters, alone for at least one) can match the same text: the shortest such text, or
 * null. What stands between stars that meet is left out, so the text is an example for people and no more.
 */
export function patternOverlap(a: string, b: string): string | null {
  const [starA, starB] = [a.indexOf('*'), b.indexOf('*')];
  if (starA < 0 && starB < 0) return a === b ? a : null;
  // What comes before the first star and after the last is compared as it is: most pairs of a thousand patterns end here.
  const head = Math.min(starA < 0 ? a.length : starA, starB < 0 ? b.length : starB);
  const tail = Math.min(a.length - 1 - a.lastIndexOf('*'), b.length - 1 - b.lastIndexOf('*'));
  if (a.slice(0, head) !== b.slice(0, head) || (tail > 0 && a.slice(-tail) !== b.slice(-tail))) return null;
  const known = new Map<number, string | null>();
  const text = shortest(0, 0);
  // A star alone needs a character.
  return text === '' ? 'a' : text;

  function shortest(i: number, j: number): string | null {
    const key = i * (b.length + 1) + j;
    const before = known.get(key);
    if (before !== undefined) return before;
    const found = [...continuations(i, j)].reduce((best, each) => (each !== null && (best === null || each.length < best.length) ? each : best), null);
    known.set(key, found);
    return found;
  }

  function* continuations(i: number, j: number): Generator<string | null> {
    const [p, q] = [a[i], b[j]];
    if (p === undefined && q === undefined) yield '';
    // A star ends here, or takes one literal of the other pattern.
    if (p === '*') yield shortest(i + 1, j);
    if (q === '*') yield shortest(i, j + 1);
    if (p === '*' && q !== undefined && q !== '*') yield prefixed(q, shortest(i, j + 1));
    if (q === '*' && p !== undefined && p !== '*') yield prefixed(p, shortest(i + 1, j));
    if (p !== undefined && p === q && p !== '*') yield prefixed(p, shortest(i + 1, j + 1));
  }
}

/** Whether two patterns of `namespace/name` can match the same service account. */
export function accountOverlap(a: string, b: string): boolean {
  const [namespaceA = '', nameA = ''] = a.split('/');
  const [namespaceB = '', nameB = ''] = b.split('/');
  return patternOverlap(namespaceA, namespaceB) !== null && patternOverlap(nameA, nameB) !== null;
}

/** Whether a pattern matches every name. */
export function isCatchAll(pattern: string): boolean {
  return /^\*+$/.test(pattern);
}

function prefixed(character: string, rest: string | null): string | null {
  return rest === null ? null : character + rest;
}
