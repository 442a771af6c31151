import { served, withRunning } from '../bench.ts';
import { clear, make } from '../load.ts';
import { turns, type Scenario } from '../scenario.ts';

/** (g) How long nobody gets a certificate when the signer is started again. */
export const first: Scenario = {
  id: 'g',
  title: 'request waits, approved, when the process starts',
  rounds: { full: 5, quick: 2 },
  inQuick: true,
  compare: ['startMs'],
  open: turns(async (bench, contender) => {
    const prepared = await bench.prepare(contender, bench.signers);
    await make(bench, { signers: served(prepared, bench.signers), count: 1, ...(prepared.usages && { usages: prepared.usages }) });
    const started = performance.now();
    await withRunning(prepared, () => bench.observer.waitFor(1));
    const startMs = Math.min(...bench.observer.signed.values()) - started;
    await clear(bench);
    return { 1: { startMs } };
  }),
};
