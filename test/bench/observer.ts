import { setMaxListeners } from 'node:events';
import type { LoadClient } from './load-client.ts';

/** What a watcher beside the contender sees of requests: when each was seen approved and when with its certificate. */
export interface Observer {
  /** Forgets everything seen so far. */
  reset(): void;
  /** Moments on performance.now()'s clock. */
  readonly approved: ReadonlyMap<string, number>;
  readonly signed: ReadonlyMap<string, number>;
  /** Returns when so many requests whose names begin like this have a certificate. Rejects when one is refused, or when none came for half a minute. */
  waitFor(count: number, prefix?: string): Promise<void>;
}

const PATIENCE_MS = 30_000;
const REFUSED = /"type":"(Failed|Denied)"/;

/** Begins to watch; `ended` rejects when the watch breaks, which ends a bench. */
export async function observe(client: LoadClient, signal: AbortSignal): Promise<Observer> {
  // Each wait listens for the end; Node takes more than ten listeners for a leak.
  setMaxListeners(0, signal);
  const [approved, signed] = [new Map<string, number>(), new Map<string, number>()];
  const waiting = new Set<() => void>();
  let trouble: Error | null = null;
  let lastNews = performance.now();

  const { ended } = await client.watch((line, at) => {
    if (!line.includes('"type":"Approved"') || line.includes('{"type":"DELETED"')) {
      if (line.includes('{"type":"ERROR"')) fail(new Error(`the watch of the bench ended: ${line.toString().slice(0, 300)}`));
      else if (!line.includes('"type":"Denied"')) return;
    }
    const name = nameOf(line);
    if (!approved.has(name)) approved.set(name, at);
    if (line.includes('"certificate":"') && !signed.has(name)) {
      signed.set(name, at);
      lastNews = at;
      tell();
    } else if (REFUSED.test(line.toString())) {
      fail(new Error(`${name} was refused: ${line.toString().slice(-600)}`));
    }
  }, signal);
  ended.catch(fail);

  function fail(error: unknown): void {
    trouble ??= error instanceof Error ? error : new Error(String(error));
    tell();
  }
  function tell(): void {
    for (const look of waiting) look();
  }
  function count(prefix: string): number {
    if (prefix === '') return signed.size;
    let found = 0;
    for (const name of signed.keys()) if (name.startsWith(prefix)) found += 1;
    return found;
  }
  return {
    approved,
    signed,
    reset: () => {
      approved.clear();
      signed.clear();
    },
    waitFor: (wanted, prefix = '') =>
      new Promise((resolve, reject) => {
        lastNews = performance.now();
        const timer = setInterval(look, 1_000);
        waiting.add(look);
        signal.addEventListener('abort', look);
        look();
        function look(): void {
          const late = performance.now() - lastNews > PATIENCE_MS ? new Error(`${count(prefix)} of ${wanted} requests have a certificate, and no more came for ${PATIENCE_MS / 1000} s`) : null;
          const error = signal.aborted ? signal.reason : (trouble ?? late);
          if (error === null && count(prefix) < wanted) return;
          clearInterval(timer);
          waiting.delete(look);
          signal.removeEventListener('abort', look);
          if (error === null) resolve();
          else reject(error as Error);
        }
      }),
  };
}

/** metadata.name, which the API server writes first of all names; nothing else of the object is parsed. */
function nameOf(line: Buffer): string {
  const from = line.indexOf('"name":"') + 8;
  return line.toString('latin1', from, line.indexOf(34, from));
}
