import { served, withRunning } from '../bench.ts';
import type { Figures } from '../figures.ts';
import { measureLoad, warmUp } from '../load.ts';
import { turns, type Scenario } from '../scenario.ts';

/** The large burst takes a quarter of a minute and varies less than the small one. */
const LARGE_ROUNDS = 3;

/** (a) One client creates and approves many requests at once, the tenants in turn; a new process each time, which then has the large burst as well. */
export function burst({ small = 500, large = 3_000 }: { small?: number; large?: number } = {}): Scenario {
  return {
    id: 'a',
    title: 'requests created and approved by one client at once',
    rounds: { full: 5, quick: 2 },
    inQuick: true,
    compare: ['signedPerSecond', 'cpuMs'],
    open: turns(async (bench, contender, round) => {
      const prepared = await bench.prepare(contender, bench.signers);
      const load = { signers: served(prepared, bench.signers), ...(prepared.usages && { usages: prepared.usages }) };
      return withRunning(prepared, async (running) => {
        await warmUp(bench, load);
        const figures: Record<string, Figures> = { [small]: await measureLoad(bench, running, { ...load, count: small }) };
        if (!bench.quick && !contender.limited && round < LARGE_ROUNDS) figures[large] = await measureLoad(bench, running, { ...load, count: large });
        return figures;
      });
    }),
  };
}
