import { served, withRunning } from '../bench.ts';
import { measureLoad, warmUp } from '../load.ts';
import { turns, unlessLimited, type Scenario } from '../scenario.ts';

const PER_SECOND = 30;

/** (b) A mesh on an ordinary day: thirty requests a second, and nobody waits for anything but the signer. */
export const steady: Scenario = {
  id: 'b',
  title: 'requests a second, steadily',
  rounds: { full: 2, quick: 1 },
  inQuick: true,
  compare: ['p50', 'p99'],
  without: unlessLimited,
  open: turns(async (bench, contender) => {
    const prepared = await bench.prepare(contender, bench.signers);
    const load = { signers: served(prepared, bench.signers), ...(prepared.usages && { usages: prepared.usages }) };
    return withRunning(prepared, async (running) => {
      await warmUp(bench, load);
      return { [PER_SECOND]: await measureLoad(bench, running, { ...load, count: PER_SECOND * (bench.quick ? 10 : 20), perSecond: PER_SECOND }) };
    });
  }),
};
