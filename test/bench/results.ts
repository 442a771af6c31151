import { median } from '../support/quantiles.ts';
import { FIGURES, type FigureName, type Figures } from './figures.ts';

/** All that a run found, as its JSON has it. */
export type Results = {
  readonly date: string;
  readonly quick: boolean;
  readonly machine: { readonly cores: number; readonly cpu: string; readonly memoryGb: number; readonly system: string };
  readonly versions: { readonly node: string; readonly kubernetes: string; readonly etcd: string };
  readonly contenders: readonly ContenderResult[];
  /** Contenders that could not be had. */
  readonly missing: readonly { readonly name: string; readonly why: string }[];
  readonly scenarios: readonly ScenarioResult[];
};

export type ContenderResult = { readonly name: string; readonly version: string; readonly about: string };
export type ScenarioResult = { readonly id: string; readonly title: string; readonly compare: readonly FigureName[]; readonly cases: readonly CaseResult[]; readonly without: readonly { readonly name: string; readonly why: string }[]; /** Of each turn that counts, in order: which part of the cores others on the same host had, 0 to 1. */ readonly stolen: readonly number[] };
export type CaseResult = { readonly name: string; readonly contenders: readonly Summary[] };

export type Summary = {
  readonly contender: string;
  /** As they were measured, one entry for each round. */
  readonly rounds: readonly Figures[];
  readonly median: Figures;
  readonly min: Figures;
  readonly max: Figures;
  /** This contender's median by that of another: twice as fast is 2, half the CPU time is 0.5. */
  readonly ratios: Readonly<Record<string, Figures>>;
};

/** Others are told in proportion to these. */
export const BASES = ['ceiling', 'cert-manager'] as const;

/** Of the rounds of all contenders in one case, in the order in which they are to be told. */
export function summarize(name: string, rounds: ReadonlyMap<string, readonly Figures[]>): CaseResult {
  const medians = new Map([...rounds].map(([contender, each]) => [contender, over(each, median)]));
  const contenders = [...rounds].map(([contender, each]): Summary => {
    const own = medians.get(contender) ?? {};
    const bases = BASES.filter((base) => base !== contender && medians.has(base));
    const ratios = Object.fromEntries(bases.map((base) => [base, ratio(own, medians.get(base) ?? {})]));
    return { contender, rounds: each, median: own, min: over(each, (values) => Math.min(...values)), max: over(each, (values) => Math.max(...values)), ratios };
  });
  return { name, contenders };
}

function over(rounds: readonly Figures[], of: (values: readonly number[]) => number): Figures {
  const figures: Figures = {};
  for (const name of Object.keys(FIGURES) as FigureName[]) {
    const values = rounds.flatMap((round) => round[name] ?? []);
    if (values.length > 0) figures[name] = of(values);
  }
  return figures;
}

function ratio(own: Figures, base: Figures): Figures {
  const figures: Figures = {};
  for (const name of Object.keys(FIGURES) as FigureName[]) {
    const [a, b] = [own[name], base[name]];
    // Nothing by nothing, as with reads, is no proportion.
    if (a !== undefined && b !== undefined && b > 0) figures[name] = a / b;
  }
  return figures;
}
