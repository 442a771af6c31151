import { setTimeout as sleep } from 'node:timers/promises';
import type { Transport } from '../adapters/kubernetes/transport.ts';

export type StageOptions = {
  readonly rounds: number;
  readonly scene: (number: number) => { readonly before: string; readonly after: string };
  readonly busy: () => boolean;
  readonly signal: AbortSignal;
};

export type Stage = {
  /** In place of the API server's. */
  readonly transport: Transport;
  /** How many scenes were played to their end; rejects with what `fail` was told. */
  readonly played: Promise<number>;
  fail(error: unknown): void;
};

/** While there is real work, it is looked this often whether that is over. */
const PAUSE_MS = 200;
/** A write that does not come within this time never will. */
const PATIENCE_MS = 10_000;

/** Plays the API server: shows one request at a time by a watch, and goes on when its certificate was written. */
export function stage({ rounds, scene, busy, signal }: StageOptions): Stage {
  let written = (): void => undefined;
  let done: (count: number) => void = () => undefined;
  let fail: (error: unknown) => void = () => undefined;
  const played = new Promise<number>((resolve, reject) => {
    done = resolve;
    fail = reject;
  });

  async function* watch(): AsyncGenerator<Uint8Array> {
    yield line({ type: 'BOOKMARK', object: { metadata: { name: '', uid: '', resourceVersion: '1', annotations: { 'k8s.io/initial-events-end': 'true' } } } });
    for (let number = 0; number < rounds && !signal.aborted; number++) {
      while (busy() && !signal.aborted) await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
      const { before, after } = scene(number);
      const write = new Promise<void>((resolve) => (written = resolve));
      const late = setTimeout(() => fail(new Error(`request ${number} of the rehearsal was not signed`)), PATIENCE_MS);
      yield Buffer.from(before);
      await write;
      clearTimeout(late);
      yield Buffer.from(after);
      if (number === rounds - 1) done(rounds);
    }
    await new Promise<void>((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));
  }

  signal.addEventListener('abort', () => {
    written();
    done(0);
  });
  return {
    transport: {
      server: 'https://rehearsal.invalid',
      call: () => {
        written();
        return Promise.resolve('');
      },
      stream: () => Promise.resolve(watch()),
      close: () => Promise.resolve(),
    },
    played,
    fail: (error) => fail(error),
  };
}

function line(event: object): Uint8Array {
  return Buffer.from(`${JSON.stringify(event)}\n`);
}
