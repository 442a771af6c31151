import { served, withRunning } from '../bench.ts';
import { clear, make } from '../load.ts';
import { startMeter } from '../meter.ts';
import { turns, unlessLimited, type Scenario } from '../scenario.ts';

/** (h) Requests that were approved while no signer ran: after an outage all of a mesh waits for its start. */
export const drain: Scenario = {
  id: 'h',
  title: 'requests wait, approved, when the process starts',
  rounds: { full: 3, quick: 1 },
  inQuick: true,
  compare: ['signedPerSecondFromStart'],
  without: unlessLimited,
  open: turns(async (bench, contender) => {
    const count = bench.quick ? 500 : 3_000;
    const prepared = await bench.prepare(contender, bench.signers);
    await make(bench, { signers: served(prepared, bench.signers), count, ...(prepared.usages && { usages: prepared.usages }) });
    const meter = await startMeter(bench);
    const started = performance.now();
    const usage = await withRunning(prepared, async (running) => {
      await bench.observer.waitFor(count);
      return meter.read(running, count);
    });
    const [firstAt, lastAt] = [Math.min(...bench.observer.signed.values()), Math.max(...bench.observer.signed.values())];
    await clear(bench);
    return { [count]: { signedPerSecondFromStart: (count * 1000) / (lastAt - started), signedPerSecondFromFirst: ((count - 1) * 1000) / (lastAt - firstAt), startMs: firstAt - started, ...usage } };
  }),
};
