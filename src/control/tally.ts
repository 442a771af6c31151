/** How many there are of each kind; of what there is none, nothing is kept, as kinds are named by whoever makes requests. */
export class Tally {
  readonly #counts = new Map<string, number>();

  of(kind: string): number {
    return this.#counts.get(kind) ?? 0;
  }

  change(kind: string, by: 1 | -1): void {
    const count = this.of(kind) + by;
    if (count === 0) this.#counts.delete(kind);
    else this.#counts.set(kind, count);
  }
}
