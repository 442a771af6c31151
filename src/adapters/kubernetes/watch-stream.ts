import { ApiFailure, failureOfEvent } from './api-failure.ts';
import { lineSplitter } from './line-splitter.ts';
import { describeCall } from './transport.ts';
import type { Transport } from './transport.ts';
import type { KubernetesObject, WireStatus } from './wire.ts';

export type WatchEvent = { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; readonly object: KubernetesObject };

/** One line of a watch that could not be used. `head` are its first bytes, where the object's name stands. */
export type Skipped = { readonly problem: string; readonly head: string };

export type WatchStreamOptions = {
  readonly transport: Transport;
  readonly path: string;
  /** Milliseconds without a byte after which the connection is taken for dead. */
  readonly inactivity: number;
  readonly maxLineBytes: number;
  readonly signal: AbortSignal;
  readonly onEvent: (event: WatchEvent) => void;
  readonly onSkipped: (skipped: Skipped) => void;
};

/**
 * Opens one watch and reads it to its end. Resolves when the server ended it in good order. Throws ApiFailure for a
 * refusal, an ERROR event, a broken connection and silence (a half-open connection never says that it is dead), or the
 * signal's reason.
 */
export async function readWatch({ transport, path, inactivity, maxLineBytes, signal, onEvent, onSkipped }: WatchStreamOptions): Promise<void> {
  const call = describeCall({ method: 'GET', path });
  const watch = new AbortController();
  const silence = new ApiFailure(`${call}: nothing came for ${inactivity / 1000} s`, { status: 0, reason: 'Silence' });
  const stop = (): void => watch.abort(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener('abort', stop);
  const timer = setTimeout(() => watch.abort(silence), inactivity);
  const split = lineSplitter({
    maxBytes: maxLineBytes,
    onLine: (line) => readLine(line, call, onEvent, onSkipped),
    onOversized: (head, bytes) => onSkipped({ problem: `it is ${bytes} bytes long, and at most ${maxLineBytes} are read`, head }),
  });
  try {
    for await (const chunk of await transport.stream({ method: 'GET', path, signal: watch.signal })) {
      timer.refresh();
      split(chunk);
    }
  } catch (error) {
    if (watch.signal.aborted) throw watch.signal.reason;
    throw error instanceof ApiFailure ? error : new ApiFailure(`${call}: the connection broke: ${String(error)}`, { status: 0, reason: 'Broken', cause: error });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

function readLine(line: string, call: string, onEvent: (event: WatchEvent) => void, onSkipped: (skipped: Skipped) => void): void {
  const event = parseEvent(line);
  if (event === null) onSkipped({ problem: 'it is no watch event in JSON', head: line.slice(0, 512) });
  else if (event.type === 'ERROR') throw failureOfEvent(call, event.object as WireStatus);
  else onEvent(event as WatchEvent);
}

function parseEvent(line: string): { type: string; object: object } | null {
  try {
    const event = JSON.parse(line) as { type?: unknown; object?: { metadata?: unknown } | null } | null;
    if (typeof event !== 'object' || event === null || typeof event.object !== 'object' || event.object === null) return null;
    if (event.type === 'ERROR') return { type: 'ERROR', object: event.object };
    const known = event.type === 'ADDED' || event.type === 'MODIFIED' || event.type === 'DELETED' || event.type === 'BOOKMARK';
    return known && typeof event.object.metadata === 'object' && event.object.metadata !== null ? { type: event.type as string, object: event.object } : null;
  } catch {
    return null;
  }
}
