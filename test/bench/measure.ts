import { cpus, release, totalmem, type } from 'node:os';
import { locate } from '../controlplane/build.ts';
import { served, startBench, withRunning, type Bench } from './bench.ts';
import type { Contender } from './contender.ts';
import type { Figures } from './figures.ts';
import { clear, make } from './load.ts';
import { summarize, type ContenderResult, type Results, type ScenarioResult } from './results.ts';
import type { Scenario, Turns } from './scenario.ts';
import { watchStolen } from './stolen.ts';

export type MeasureOptions = {
  readonly scenarios: readonly Scenario[];
  readonly contenders: readonly Contender[];
  readonly quick: boolean;
  /** For every scenario; by default each has its own number. */
  readonly rounds?: number | undefined;
  readonly cpuProfile?: string | undefined;
  readonly stolen?: typeof watchStolen;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  readonly now?: () => Date;
};

/** Runs the scenarios one after the other, the contenders of each in turns, and returns everything that was found. */
export async function measure({ scenarios, contenders, quick, rounds, cpuProfile, stolen = watchStolen, say, signal, now = () => new Date() }: MeasureOptions): Promise<Results> {
  const date = now().toISOString();
  const started = performance.now();
  const tell = (line: string): void => say(`${clock(performance.now() - started)}  ${line}`);
  await using bench = await startBench({ say: tell, signal, quick, cpuProfile });
  const { present, missing, told } = await prepared(bench, contenders);
  if (present.length === 0) throw new Error(`no contender could be had: ${missing.map(({ name, why }) => `${name}: ${why}`).join('; ')}`);
  await warmApiServer(bench, present);
  const found: ScenarioResult[] = [];
  for (const scenario of scenarios) found.push(await runScenario(bench, scenario, present, rounds ?? (quick ? scenario.rounds.quick : scenario.rounds.full), stolen));
  return { date, quick, machine: machine(), versions: await versions(bench), contenders: told, missing, scenarios: found };
}

/** Those that can be had on this machine, and why the others cannot. */
async function prepared(bench: Bench, contenders: readonly Contender[]): Promise<{ present: Contender[]; missing: Results['missing']; told: ContenderResult[] }> {
  const present: Contender[] = [];
  const missing: { name: string; why: string }[] = [];
  const told: ContenderResult[] = [];
  for (const contender of contenders) {
    bench.signal.throwIfAborted();
    try {
      const { version } = await bench.prepare(contender, bench.signers);
      present.push(contender);
      told.push({ name: contender.name, version, about: contender.about });
      bench.say(`${contender.name} ${version}`);
    } catch (error) {
      bench.signal.throwIfAborted();
      missing.push({ name: contender.name, why: (error as Error).message });
      bench.say(`without ${contender.name}: ${(error as Error).message}`);
    }
  }
  return { present, missing, told };
}

/** An API server that has just started is slower; nobody's first turn is to pay for that. */
async function warmApiServer(bench: Bench, [contender]: readonly Contender[]): Promise<void> {
  if (contender === undefined) return;
  bench.say('warming up the API server: a burst that is not measured');
  const ready = await bench.prepare(contender, bench.signers);
  await withRunning(ready, async () => {
    await make(bench, { signers: served(ready, bench.signers), count: 300, ...(ready.usages && { usages: ready.usages }) });
    await bench.observer.waitFor(300);
  });
  await clear(bench);
}

async function runScenario(bench: Bench, scenario: Scenario, contenders: readonly Contender[], rounds: number, watch: typeof watchStolen): Promise<ScenarioResult> {
  const excluded = contenders.map((contender) => ({ name: contender.name, why: scenario.without?.(contender) ?? null }));
  const without = excluded.flatMap(({ name, why }) => (why === null ? [] : [{ name, why }]));
  const taking = contenders.filter(({ name }) => !without.some((each) => each.name === name));
  /** By case, then by contender. */
  const found = new Map<string, Map<string, Figures[]>>();
  const stolen: number[] = [];
  await using turns = await scenario.open(bench, taking);
  for (let round = 0; round < rounds; round++) {
    for (const contender of taking) {
      bench.signal.throwIfAborted();
      const { cases, part } = await undisturbed(bench, watch, () => turns.run(contender, round)).catch((error: unknown) => {
        throw bench.signal.aborted ? bench.signal.reason : new Error(`(${scenario.id}) ${contender.name}: ${(error as Error).message}`, { cause: error });
      });
      stolen.push(part);
      for (const [name, figures] of Object.entries(cases)) {
        bench.say(`(${scenario.id}) round ${round + 1} of ${rounds}, ${contender.name}, ${name}: ${brief(figures)}`);
        const ofCase = found.get(name) ?? new Map<string, Figures[]>();
        found.set(name, ofCase);
        ofCase.set(contender.name, [...(ofCase.get(contender.name) ?? []), figures]);
      }
    }
  }
  return { id: scenario.id, title: scenario.title, compare: scenario.compare, cases: [...found].map(([name, ofCase]) => summarize(name, ofCase)), without, stolen };
}

/**
 * On a virtual machine the host may give the cores to others meanwhile, which is in every figure and nobody's doing. Such a turn is done again, whatever came of
 * it: what decides is the host's share alone. Of turns that were all disturbed the last one counts, and its share is told with the results.
 */
async function undisturbed(bench: Bench, watch: typeof watchStolen, turn: () => ReturnType<Turns['run']>): Promise<{ cases: Record<string, Figures>; part: number }> {
  for (let attempt = 1; ; attempt++) {
    const stolen = watch();
    const cases = await turn();
    const part = stolen();
    if (part <= MAX_STOLEN || attempt === ATTEMPTS) return { cases, part };
    bench.say(`other machines on this host took ${(part * 100).toFixed(0)} % of the cores: this turn is done again`);
    bench.signal.throwIfAborted();
  }
}

/** A twentieth: about what two rounds differ by anyway. */
const MAX_STOLEN = 0.05;
const ATTEMPTS = 3;

function brief(figures: Figures): string {
  return Object.entries(figures).map(([name, value]) => `${name} ${value.toFixed(value < 10 ? 2 : 0)}`).join(', ');
}

function clock(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2)}:${String(seconds % 60).padStart(2, '0')}`;
}

function machine(): Results['machine'] {
  const all = cpus();
  return { cores: all.length, cpu: all[0]?.model.trim() ?? 'unknown', memoryGb: Math.round(totalmem() / 2 ** 30), system: `${type()} ${release()}` };
}

async function versions({ controlPlane }: Bench): Promise<Results['versions']> {
  const { etcd } = await locate({ only: ['etcd'] });
  return { node: process.version, kubernetes: controlPlane.version, etcd: etcd.version };
}
