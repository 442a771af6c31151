import { setTimeout as wait } from 'node:timers/promises';
import { startControlPlane, type ControlPlane } from '../support/rig/apiserver.ts';
import { istiodRbac } from '../support/rig/istiod-rbac.ts';
import type { BenchSigner, Contender, ContenderOptions, PreparedContender, RunningContender } from './contender.ts';
import { loadClient, type LoadClient } from './load-client.ts';
import { observe, type Observer } from './observer.ts';
import { benchSigners } from './signers.ts';

/** What every scenario works with: one API server for a whole run, a client that makes the load, and a watch that sees the certificates. */
export interface Bench extends AsyncDisposable {
  readonly controlPlane: ControlPlane;
  readonly client: LoadClient;
  readonly observer: Observer;
  /** What contenders serve where a scenario has no other need. */
  readonly signers: readonly BenchSigner[];
  /** Puts a contender in place for these signers, once in a run. */
  prepare(contender: Contender, signers: readonly BenchSigner[], instance?: string): Promise<PreparedContender>;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  /** Small sizes, for a quick look. */
  readonly quick: boolean;
}

export type BenchOptions = Pick<Bench, 'say' | 'signal' | 'quick'> & { readonly cpuProfile?: string | undefined; readonly tenants?: number };

const REQUESTER = 'istio-system/istiod';

/**
 * One API server for all contenders and rounds: it is as warm for the one as for the other, and they take turns so that whatever
 * drifts in it meets all of them. The requester has istiod's account and rights.
 */
export async function startBench({ say, signal, quick, cpuProfile, tenants = 20 }: BenchOptions): Promise<Bench> {
  const controlPlane = await startControlPlane({ apiserverArgs: ['--delete-collection-workers', '16'] });
  try {
    const signers = benchSigners({ count: tenants });
    const [namespace = '', account = ''] = REQUESTER.split('/');
    await controlPlane.namespaces(namespace);
    await controlPlane.serviceAccounts(REQUESTER);
    await controlPlane.api.apply(...istiodRbac({ certSigners: ['clusterissuers.cert-manager.io/*', 'flood.bench.example/*', 'kubernetes.io/*'] }));
    const token = await controlPlane.serviceAccountToken(namespace, account, { seconds: 24 * 3600 });
    const client = loadClient({ url: controlPlane.url, caPem: controlPlane.caPem, token, adminToken: controlPlane.adminToken });
    const stopping = new AbortController();
    const observer = await observe(client, AbortSignal.any([signal, stopping.signal]));
    return {
      controlPlane,
      client,
      observer,
      signers,
      prepare: preparing({ controlPlane, signal, cpuProfile }),
      say,
      signal,
      quick,
      [Symbol.asyncDispose]: async () => {
        stopping.abort(new Error('the bench is over'));
        await client.close();
        await controlPlane[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await controlPlane[Symbol.asyncDispose]();
    throw error;
  }
}

function preparing(options: Pick<ContenderOptions, 'controlPlane' | 'cpuProfile'> & { readonly signal: AbortSignal }): Bench['prepare'] {
  const made = new Map<string, Promise<PreparedContender>>();
  return (contender, signers, instance = 'main') => {
    const key = [contender.name, instance, ...signers.map(({ name }) => name)].join(' ');
    const known = made.get(key) ?? contender.prepare({ ...options, signers, instance });
    made.set(key, known);
    return unlessAborted(known, options.signal);
  };
}

/** A program may have to be built first, which takes minutes and need not end before the bench can. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop);
  });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', stop));
}

/** The signers that a prepared contender serves, in order. */
export function served({ signers }: PreparedContender, offered: readonly BenchSigner[]): BenchSigner[] {
  return signers.map((name) => {
    const [first] = offered;
    const found = offered.find((each) => each.name === name) ?? (first && { ...first, name });
    if (found === undefined) throw new Error('a contender was offered no signers');
    return found;
  });
}

/** Runs `work` with a new process of the contender, and ends that process whatever happens. Rejects as soon as the process ends by itself. */
export async function withRunning<T>(prepared: PreparedContender, work: (running: RunningContender) => Promise<T>): Promise<T> {
  const running = await prepared.start();
  let over = false;
  const early = running.process.exited.then(({ code }) => {
    if (!over) throw new Error(`${running.process.name} ended by itself with ${code}; the end of its log:\n${running.process.output(20)}`);
    return Promise.reject(new Error('stopped'));
  });
  // Heard in the race; afterwards nobody cares.
  early.catch(() => undefined);
  try {
    return await Promise.race([work(running), early]);
  } catch (error) {
    // Its files in /proc are gone a moment before its end is heard, and the end of its log says more.
    await Promise.race([early, wait(500)]);
    throw error;
  } finally {
    over = true;
    await running.stop();
  }
}

/** So that what a process does just after the last certificate is counted as well. */
export async function settle({ signal }: Bench): Promise<void> {
  await wait(300, undefined, { signal });
}
