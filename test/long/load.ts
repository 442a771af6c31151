import { setTimeout as wait } from 'node:timers/promises';
import type { Workloads } from '../support/workloads.ts';
import type { Referee } from './referee.ts';

/** Requests at an even pace as long as the machine keeps it, each made, approved, answered and deleted as istiod does it. */
export interface Load {
  readonly made: number;
  /** Each is a certificate that its workload has got. */
  readonly served: number;
  /** The most that were under way at once. */
  readonly peak: number;
  /** What went wrong; empty: nothing. */
  readonly troubles: readonly string[];
  /** Makes requests for so long, or until there is much trouble. Resolves once all are served or in trouble, with the requests a second that were made. */
  run(seconds: number): Promise<number>;
}

export type LoadOptions = {
  readonly workloads: Workloads;
  readonly referee: Referee;
  /** Each signer with the namespace of its workloads; they take turns. */
  readonly signers: Readonly<Record<string, string>>;
  readonly perSecond: number;
};

/** So often it looks whether requests are due; a late look makes up for it. */
const TICK_MS = 10;
/**
 * Under way at once. On a machine that cannot keep the pace for want of cores the requests are made later: they would else pile up until
 * the last ones wait for longer than istiod does.
 */
const AT_ONCE = 64;
/** More of them tell nothing more. */
const TROUBLES = 10;

export function createLoad({ workloads, referee, signers, perSecond }: LoadOptions): Load {
  const turns = Object.entries(signers);
  const underWay = new Set<Promise<void>>();
  const troubles: string[] = [];
  let [made, served, peak] = [0, 0, 0];

  async function one(): Promise<void> {
    const [signer = '', namespace = ''] = turns[made % turns.length] ?? [];
    made += 1;
    try {
      const name = await workloads.ask(signer, namespace);
      await referee.answered(name);
      await workloads.answer(name);
      served += 1;
    } catch (error) {
      troubles.push(String(error));
    }
  }

  function start(): void {
    const request = one().finally(() => underWay.delete(request));
    underWay.add(request);
    peak = Math.max(peak, underWay.size);
  }

  return {
    get made() {
      return made;
    },
    get served() {
      return served;
    },
    get peak() {
      return peak;
    },
    troubles,
    async run(seconds) {
      const [began, before] = [performance.now(), made];
      for (let elapsed = 0; elapsed < seconds && troubles.length < TROUBLES; elapsed = (performance.now() - began) / 1000) {
        while (made - before < elapsed * perSecond && underWay.size < AT_ONCE) start();
        await wait(TICK_MS);
      }
      const pace = (made - before) / seconds;
      await Promise.all(underWay);
      return pace;
    },
  };
}
