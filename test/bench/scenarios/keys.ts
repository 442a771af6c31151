import type { KeyKind } from '../../support/keys.ts';
import { served, withRunning } from '../bench.ts';
import { measureLoad, warmUp } from '../load.ts';
import { turns, unlessLimited, type Scenario } from '../scenario.ts';
import { benchSigners } from '../signers.ts';

const KINDS: readonly KeyKind[] = ['P-256', 'RSA-2048', 'RSA-4096'];
const COUNT = 300;

/** (c) CAs of the kinds that people have, one CA each: a signature of an RSA-4096 key takes a hundred times that of a P-256 key. */
export const keys: Scenario = {
  id: 'c',
  title: `CA: ${COUNT} requests at once`,
  rounds: { full: 1, quick: 1 },
  inQuick: false,
  compare: ['signedPerSecond', 'cpuMs'],
  without: unlessLimited,
  open: turns(async (bench, contender) => {
    const figures: Record<string, Awaited<ReturnType<typeof measureLoad>>> = {};
    for (const key of KINDS) {
      const signers = benchSigners({ count: 1, prefix: `ca-${key.toLowerCase()}`, key });
      // A name of its own for each, as a program that follows its CAs would take a new pair for a change of the old.
      const prepared = await bench.prepare(contender, signers, `key-${key.toLowerCase()}`);
      const load = { signers: served(prepared, signers), ...(prepared.usages && { usages: prepared.usages }) };
      figures[key] = await withRunning(prepared, async (running) => {
        await warmUp(bench, load);
        return measureLoad(bench, running, { ...load, count: COUNT });
      });
    }
    return figures;
  }),
};
