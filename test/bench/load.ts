import { percentile } from '../support/quantiles.ts';
import { settle, type Bench } from './bench.ts';
import { calm } from './calm.ts';
import type { BenchSigner, PreparedContender, RunningContender } from './contender.ts';
import type { Figures } from './figures.ts';
import { startMeter } from './meter.ts';

export type Load = {
  readonly signers: readonly BenchSigner[];
  readonly usages?: PreparedContender['usages'];
  readonly count: number;
  /** Requests a second; by default as fast as they can be made. */
  readonly perSecond?: number;
};

/** Requests under way at once: enough that the API server never waits for the client. */
const UNDER_WAY = 32;

/** Creates and approves requests while the contender runs, waits until all have their certificates, and clears them away. */
export async function measureLoad(bench: Bench, running: RunningContender, load: Load): Promise<Figures> {
  const { observer } = bench;
  await calm(bench, [running]);
  const meter = await startMeter(bench, running);
  const approvals = await make(bench, load);
  await observer.waitFor(load.count);
  const usage = await meter.read(running, load.count);
  const seconds = (Math.max(...observer.signed.values()) - Math.min(...approvals.values())) / 1000;
  const figures = { signedPerSecond: load.count / seconds, ...latencies(bench, approvals), ...usage };
  await clear(bench);
  return figures;
}

/** From the answer to each of these approvals to the event with the certificate. */
export function latencies({ observer }: Bench, approvals: ReadonlyMap<string, number>): Required<Pick<Figures, 'p50' | 'p90' | 'p99'>> {
  // The event may overtake the answer.
  const all = [...approvals].map(([name, at]) => Math.max(0, (observer.signed.get(name) ?? NaN) - at));
  return { p50: percentile(all, 0.5), p90: percentile(all, 0.9), p99: percentile(all, 0.99) };
}

/** Fifty requests before anything is measured: the first ones of a process pay for what is loaded and compiled at its first use. */
export async function warmUp(bench: Bench, { signers, usages }: Omit<Load, 'count'>): Promise<void> {
  await make(bench, { signers, count: 50, ...(usages && { usages }) });
  await bench.observer.waitFor(50);
  await settle(bench);
  await clear(bench);
}

/** Creates and approves, the signers in turn. Returns the moment at which each approval was answered, by the request's name. */
export async function make({ client, signal }: Bench, { signers, usages, count, perSecond }: Load): Promise<Map<string, number>> {
  const prefix = newPrefix('bench');
  const approvals = new Map<string, number>();
  const one = async (index: number): Promise<void> => {
    const signer = signers[index % signers.length];
    if (signer === undefined) throw new Error('there are no signers to ask');
    const name = `${prefix}${index}`;
    approvals.set(name, await client.approve(name, await client.create(name, signer, usages)));
  };
  if (perSecond === undefined) await inParallel(count, UNDER_WAY, one, signal);
  else await inTime(count, perSecond, one, signal);
  return approvals;
}

/** Begins the names of requests of which none has been made before: signers remember names, e.g. how often one has failed. */
export function newPrefix(what: string): string {
  prefixes += 1;
  return `${what}-${prefixes}-`;
}

let prefixes = 0;

/** Calls `one` with 0 to count - 1, so many at a time. */
export async function inParallel(count: number, atOnce: number, one: (index: number) => Promise<void>, signal: AbortSignal): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      signal.throwIfAborted();
      const index = next;
      next += 1;
      await one(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
}

/** Calls `one` at even intervals, however long each takes: a slow answer must not make the load smaller. */
export async function inTime(count: number, perSecond: number, one: (index: number) => Promise<void>, signal: AbortSignal): Promise<void> {
  const started = performance.now();
  const calls: Promise<void>[] = [];
  await new Promise<void>((resolve, reject) => {
    const timer = setInterval(() => {
      if (signal.aborted) return finish(signal.reason as Error);
      while (calls.length < count && calls.length <= ((performance.now() - started) * perSecond) / 1000) {
        const call = one(calls.length);
        // Also heard below; here so that the first trouble ends the wait.
        call.catch(finish);
        calls.push(call);
      }
      if (calls.length === count) finish();
    }, 2);
    function finish(error?: Error): void {
      clearInterval(timer);
      if (error === undefined) resolve();
      else reject(error);
    }
  });
  await Promise.all(calls);
}

/** Requests of one scenario are no burden to the next. */
export async function clear({ client, observer }: Bench): Promise<void> {
  await client.clear();
  observer.reset();
}
