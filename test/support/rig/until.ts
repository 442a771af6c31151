import { setTimeout as wait } from 'node:timers/promises';
import type { RigProcess } from './process.ts';

export interface UntilOptions {
  /** What is waited for, as a sentence would end: "the API server to be ready". */
  readonly what: string;
  readonly seconds?: number;
  /** The wait ends at once, with the last of its log, when this process does. */
  readonly process?: RigProcess;
  /** For the message: what is there instead. */
  readonly otherwise?: () => unknown;
  readonly signal?: AbortSignal;
}

/**
 * Asks `condition` again and again until it gives something other than undefined or false, and returns that. An
 * error it throws counts as "not yet" and ends up in the message when time is up.
 */
export async function until<T>(
  condition: () => Promise<T | undefined | false> | T | undefined | false,
  { what, seconds = 30, process, otherwise, signal }: UntilOptions,
): Promise<T> {
  const deadline = performance.now() + seconds * 1_000;
  let last: unknown;
  // Short at first, for most things are ready at once, then with respect for the two cores.
  for (let pause = 10; ; pause = Math.min(pause * 1.5, 250)) {
    signal?.throwIfAborted();
    try {
      const found = await condition();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      last = error;
    }
    if (process?.running === false) {
      const { code } = await process.exited;
      throw new Error(`waited for ${what}, but ${process.name} ended with ${code}; the end of ${process.log}:\n${process.output(30)}`);
    }
    if (performance.now() > deadline) {
      const seen = otherwise === undefined ? '' : `; there is ${describe(otherwise())}`;
      const why = last === undefined ? '' : `; the last error: ${describe(last)}`;
      const log = process === undefined ? '' : `; the end of ${process.log}:\n${process.output(15)}`;
      throw new Error(`waited ${seconds} s for ${what}${seen}${why}${log}`);
    }
    await wait(pause, undefined, { signal });
  }
}

function describe(value: unknown): string {
  if (value instanceof Error) return value.message;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
