import type { Gate } from './gate.ts';
import type { Backlog } from './ports.ts';
import type { Queue } from './queue.ts';

export type BacklogOptions = {
  readonly queue: Pick<Queue, 'waiting'>;
  readonly gate: Pick<Gate, 'waiting' | 'paused'>;
  /** Unfinished requests of a signer, whatever they wait for. */
  readonly unfinished: (signer: string) => number;
  /** Whether there is a CA to ask. */
  readonly ready: (signer: string) => boolean;
};

/** How many requests of a signer wait, and for what. */
export function backlogOf(signer: string, { queue, gate, unfinished, ready }: BacklogOptions): Backlog {
  const { turn, running, retry } = queue.waiting(signer);
  const aside = gate.waiting(signer);
  const paused = gate.paused(signer);
  const known = turn + running + retry + aside.rate + aside.concurrency + aside.ca;
  // A retry without a CA waits for that.
  const forCa = paused || !ready(signer) ? retry : 0;
  // What neither queue nor gate knows of was looked at, and nothing was to be done: somebody else is to approve it.
  return { signer, paused, waiting: { turn, rate: aside.rate, concurrency: aside.concurrency, ca: aside.ca + forCa, retry: retry - forCa, approval: Math.max(0, unfinished(signer) - known) } };
}
