/** The one of `candidates` that `typed` most likely was meant to be; null when none is near. */
export function suggestion(typed: string, candidates: readonly string[]): string | null {
  const near = candidates
    .map((candidate) => ({ candidate, distance: candidate.startsWith(typed) && typed.length > 1 ? 1 : distance(typed, candidate) }))
    // A third of the letters wrong is a typing mistake; more is another word.
    .filter((each) => each.distance <= Math.max(1, Math.floor(each.candidate.length / 3)))
    .sort((a, b) => a.distance - b.distance);
  return near[0]?.candidate ?? null;
}

/** Levenshtein's distance, with two letters swapped counted as one mistake. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, k) => k)];
  const at = (i: number, k: number) => rows[i]?.[k] ?? Infinity;
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    rows.push(row);
    for (let k = 1; k <= b.length; k += 1) {
      const same = a[i - 1] === b[k - 1];
      const swapped = i > 1 && k > 1 && a[i - 1] === b[k - 2] && a[i - 2] === b[k - 1];
      row.push(Math.min(at(i - 1, k) + 1, at(i, k - 1) + 1, at(i - 1, k - 1) + (same ? 0 : 1), swapped ? at(i - 2, k - 2) + 1 : Infinity));
    }
  }
  return at(a.length, b.length);
}
