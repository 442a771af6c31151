import type { Bench } from './bench.ts';
import type { Contender } from './contender.ts';
import type { FigureName, Figures } from './figures.ts';

export type Scenario = {
  /** One letter, as `--scenario` takes it. */
  readonly id: string;
  /** Goes on where the name of a case ends: `500` `requests at once`. */
  readonly title: string;
  /** How often each contender takes its turn, in a full and in a quick run. */
  readonly rounds: { readonly full: number; readonly quick: number };
  /** A quick run leaves the others out unless they are named. */
  readonly inQuick: boolean;
  /** What is told in proportion to the ceiling and to cert-manager as well. */
  readonly compare: readonly FigureName[];
  /** Why this contender cannot take part; null: it can. */
  readonly without?: (contender: Contender) => string | null;
  /** Begins the scenario: what all turns share is made here and disposed of with the result. */
  open(bench: Bench, contenders: readonly Contender[]): Promise<Turns>;
};

export type Turns = AsyncDisposable & {
  /** One turn of one contender, in the first round (0) or a later one: the figures of each case, such as `500`. */
  run(contender: Contender, round: number): Promise<Record<string, Figures>>;
};

/** For a scenario whose turns share nothing. */
export function turns(run: (bench: Bench, contender: Contender, round: number) => Promise<Record<string, Figures>>): Scenario['open'] {
  return (bench) => Promise.resolve({ run: (contender, round) => run(bench, contender, round), [Symbol.asyncDispose]: () => Promise.resolve() });
}

/** A contender whose own limits decide shows nothing in more than one burst. */
export function unlessLimited({ limited }: Contender): string | null {
  return limited ? 'its own limits decide, see (a)' : null;
}
