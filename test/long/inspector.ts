import { WebSocket } from 'undici';
import type { RigProcess } from '../support/rig/process.ts';
import { until } from '../support/rig/until.ts';

/** What is alive in a process after all its garbage was collected. */
export type Alive = {
  /** MB of 1,000,000 bytes. */
  readonly heap: number;
  /** Timers of more than a second that have not fired or been cleared, whether or not they keep the process alive. */
  readonly liveTimers: number;
  /** Listeners for `abort` on all AbortSignals together. */
  readonly abortListeners: number;
  /** Entries of all Maps, Sets and Arrays together. */
  readonly entries: number;
};

export interface Inspector extends Disposable {
  alive(): Promise<Alive>;
}

/** A Node process must be started with these for its inspector to be had at any free port: nothing listens until it is asked to. */
export const INSPECTABLE = ['--inspect-port=127.0.0.1:0'];

/**
 * Opens the inspector of a Node process that runs an unmodified program. Node starts it on SIGUSR1, and its log says where it listens.
 */
export async function openInspector(process: RigProcess): Promise<Inspector> {
  globalThis.process.kill(await process.pid(), 'SIGUSR1');
  const url = await until(() => /^Debugger listening on (ws:\S+)$/m.exec(process.output())?.[1], { what: 'the inspector to listen', process });
  const session = await openSession(url);
  return {
    async alive() {
      // Twice: what the first one finalises, the second one frees.
      for (let i = 0; i < 2; i++) await session.send('HeapProfiler.collectGarbage');
      return {
        liveTimers: await session.reduce(TIMER_PROTOTYPE, 'timers => timers.filter(timer => !timer._destroyed && timer._idleTimeout > 1000).length'),
        abortListeners: await session.reduce('AbortSignal.prototype', `signals => signals.reduce((sum, signal) => sum + process.getBuiltinModule('node:events').getEventListeners(signal, 'abort').length, 0)`),
        entries: (await session.reduce('Map.prototype', SIZES)) + (await session.reduce('Set.prototype', SIZES)) + (await session.reduce('Array.prototype', LENGTHS)),
        heap: (await session.evaluate('process.memoryUsage().heapUsed')) / 1e6,
      };
    },
    [Symbol.dispose]: () => session.close(),
  };
}

/** The prototypes themselves are among what is found, and are no Maps and no Sets. */
const SIZES = `all => all.reduce((sum, each) => { try { return sum + each.size; } catch { return sum; } }, 0)`;
/** Without empty places: each connection of undici has a list of its last 256 calls, with nothing in it when they are done. */
const LENGTHS = 'all => all.reduce((sum, each) => sum + each.filter((entry) => entry != null).length, 0)';

/** There is no name for it. */
const TIMER_PROTOTYPE = '(() => { const timer = setTimeout(() => {}, 0); clearTimeout(timer); return Object.getPrototypeOf(timer); })()';

type Remote = { readonly objectId?: string; readonly value?: unknown };
type Answer = { readonly id?: number; readonly error?: { readonly message: string }; readonly result?: Result };
type Result = { readonly result?: Remote; readonly objects?: Remote; readonly exceptionDetails?: { readonly text: string; readonly exception?: { readonly description?: string } } };

type Session = {
  send(method: string, params?: object): Promise<Result>;
  /** The number that an expression comes to. */
  evaluate(expression: string): Promise<number>;
  /** The number that a function makes of an array of all objects below this prototype. */
  reduce(prototype: string, reducer: string): Promise<number>;
  close(): void;
};

/** The Chrome DevTools protocol, as far as it is needed here. */
async function openSession(url: string): Promise<Session> {
  const socket = new WebSocket(url);
  const waiting = new Map<number, { resolve: (result: Result) => void; reject: (error: Error) => void }>();
  let sent = 0;
  socket.addEventListener('message', ({ data }) => {
    const { id = 0, error, result = {} } = JSON.parse(String(data)) as Answer;
    const { resolve, reject } = waiting.get(id) ?? {};
    waiting.delete(id);
    const thrown = result.exceptionDetails;
    if (error !== undefined) reject?.(new Error(`the inspector says: ${error.message}`));
    else if (thrown !== undefined) reject?.(new Error(`the inspected process says: ${thrown.exception?.description ?? thrown.text}`));
    else resolve?.(result);
  });
  socket.addEventListener('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('the inspector hung up'));
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve());
    socket.addEventListener('error', () => reject(new Error(`cannot connect to the inspector at ${url}`)));
  });

  function send(method: string, params: object = {}): Promise<Result> {
    sent += 1;
    const id = sent;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      socket.send(JSON.stringify({ id, method, params }));
    });
  }

  return {
    send,
    evaluate: async (expression) => Number((await send('Runtime.evaluate', { expression, returnByValue: true })).result?.value),
    async reduce(prototype, reducer) {
      const { result } = await send('Runtime.evaluate', { expression: prototype, objectGroup: 'count' });
      const { objects } = await send('Runtime.queryObjects', { prototypeObjectId: result?.objectId, objectGroup: 'count' });
      const reduced = await send('Runtime.callFunctionOn', { objectId: objects?.objectId, functionDeclaration: `function () { return (${reducer})(this); }`, returnByValue: true });
      // Else the array would keep all of them alive.
      await send('Runtime.releaseObjectGroup', { objectGroup: 'count' });
      return Number(reduced.result?.value);
    },
    close: () => socket.close(),
  };
}
