import { setTimeout as wait } from 'node:timers/promises';
import type { Bench } from './bench.ts';
import type { RunningContender } from './contender.ts';
import { cpuMs } from './usage.ts';

/** Waits until none of these is busy with what came before, its own start included: JIT compilers, caches, and whatever else a program does once. */
export async function calm({ signal, say }: Bench, running: readonly RunningContender[]): Promise<void> {
  const used = async (): Promise<number[]> => Promise.all(running.map(({ pid }) => cpuMs(pid)));
  let before = await used();
  for (let second = 0; second < PATIENCE_SECONDS; second++) {
    await wait(1_000, undefined, { signal });
    const now = await used();
    const most = Math.max(...now.map((each, index) => each - (before[index] ?? 0)));
    // The first second may be over before they have begun.
    if (second > 1 && most < CALM_MS) return;
    before = now;
  }
  say(`somebody is still busy after ${PATIENCE_SECONDS} s; measured all the same`);
}

/** A process that uses less than this in a second has dealt with all it was told. */
const CALM_MS = 30;
/** Then it is measured as it is. */
const PATIENCE_SECONDS = 60;
