import type { Log } from '../../control/ports.ts';
import { ApiFailure, isPassing } from './api-failure.ts';
import { backoff } from './backoff.ts';
import { follower } from './follower.ts';
import type { Follower } from './follower.ts';
import { knownObjects } from './known-objects.ts';
import type { ObjectHandlers } from './known-objects.ts';
import { sleep as realSleep } from './sleep.ts';
import type { Sleep } from './sleep.ts';
import type { Transport } from './transport.ts';
import type { Skipped } from './watch-stream.ts';
import type { KubernetesObject } from './wire.ts';

export type ReflectorOptions<T extends KubernetesObject> = {
  readonly transport: Transport;
  /** The collection: `/api/v1/namespaces/foo/secrets`. */
  readonly path: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  readonly handlers: ObjectHandlers<T>;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Something came: list, event, bookmark. */
  readonly onSeen?: () => void;
  /** An attempt failed and another follows; null when the server answers again. */
  readonly onTrouble?: (failure: ApiFailure | null) => void;
  /** An object was too large or undecodable, and is passed over. */
  readonly onSkipped?: (skipped: Skipped) => void;
  /** A handler threw. */
  readonly onBug?: (error: unknown) => void;
  readonly tuning?: Partial<ReflectorTuning>;
};

/** In milliseconds, unless it says otherwise. */
export type ReflectorTuning = {
  /** Silence after which a watch is taken for dead. The server sends a bookmark about every minute. */
  readonly inactivity: number;
  /** Seconds after which the server is asked to end a watch; up to as many again are added by chance. */
  readonly watchSeconds: number;
  /** A watch ended in good order after this time is opened again at once; a shorter one after a wait. */
  readonly atOnceAfter: number;
  /** A watch that lived this long, or brought an event, ends a row of failures. */
  readonly healthyAfter: number;
  readonly firstWait: number;
  readonly longestWait: number;
  readonly maxLineBytes: number;
  readonly random: () => number;
  readonly sleep: Sleep;
  /** Monotonic. */
  readonly clock: () => number;
};

const TUNING: ReflectorTuning = {
  inactivity: 150_000,
  watchSeconds: 300,
  atOnceAfter: 1_000,
  healthyAfter: 60_000,
  firstWait: 800,
  longestWait: 30_000,
  // etcd takes objects up to 1.5 MiB; base64 and JSON's escapes can more than double that.
  maxLineBytes: 4 * 1024 * 1024,
  random: Math.random,
  sleep: realSleep,
  clock: () => performance.now(),
};

/** A server that asks for more is not obeyed: a watch that sleeps for an hour is an outage. */
const LONGEST_RETRY_AFTER_MS = 120_000;

/** So many refusals in a row, and the place in the history is not trusted any more: etcd may have been restored. */
const REFUSALS_UNTIL_RELIST = 3;

/**
 * Shows a collection to its handlers, object by object, and then whatever changes in it. Objects come as plain JSON and
 * no copy is kept. It resolves when the signal is aborted and ends in no other way: refusals, broken and silent
 * connections, expired versions, a server that is away and handlers that throw are all lived through.
 */
export async function reflect<T extends KubernetesObject>(options: ReflectorOptions<T>): Promise<void> {
  const { signal, path, log } = options;
  const tuning = { ...TUNING, ...options.tuning };
  const waits = backoff({ first: tuning.firstWait, limit: tuning.longestWait, random: tuning.random });
  let troubled = false;
  let refusals = 0;
  let expired = false;

  function onSeen(): void {
    if (troubled) {
      log.info('a watch is well again', { path });
      options.onTrouble?.(null);
    }
    troubled = false;
    refusals = 0;
    options.onSeen?.();
  }

  function onFailure(failure: ApiFailure, wait: number): void {
    log.warn('a watch failed and is tried again', { path, reason: failure.message, milliseconds: Math.round(wait) });
    troubled = true;
    options.onTrouble?.(failure);
  }

  const following = openFollower(options, tuning, onSeen);
  while (!signal.aborted) {
    const started = tuning.clock();
    const failure = await failureOf(following.follow(), signal, path);
    if (signal.aborted) return;
    const lived = tuning.clock() - started;
    if (failure !== null && failure.status !== 0) refusals++;
    if (failure !== null && adjust(following, failure, refusals) === 'at once') continue;
    // A version that is gone is how a restarted API server greets: no reason to wait as long as for the restart itself.
    const newlyExpired = failure?.status === 410 && !expired;
    expired = failure?.status === 410;
    if (following.events() > 0 || lived >= tuning.healthyAfter || newlyExpired) waits.reset();
    if (failure === null && lived >= tuning.atOnceAfter) continue;
    const wait = Math.max(waits.next(), Math.min((failure?.retryAfter ?? 0) * 1000, LONGEST_RETRY_AFTER_MS));
    if (failure !== null) onFailure(failure, wait);
    await tuning.sleep(wait, signal);
  }
}

function openFollower<T extends KubernetesObject>(options: ReflectorOptions<T>, tuning: ReflectorTuning, onSeen: () => void): Follower {
  const { transport, path, log, signal, handlers } = options;
  const known = knownObjects(handlers, (error) => {
    log.error('a watch handler threw: this is a bug', { path, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    options.onBug?.(error);
  });
  return follower({
    transport,
    path,
    selectors: {
      ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
      ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
    },
    known,
    signal,
    inactivity: tuning.inactivity,
    maxLineBytes: tuning.maxLineBytes,
    watchSeconds: () => Math.ceil(tuning.watchSeconds * (1 + tuning.random())),
    onSeen,
    onSkipped(skipped) {
      log.warn('an object was passed over', { path, problem: skipped.problem, name: nameIn(skipped.head) });
      options.onSkipped?.(skipped);
    },
  });
}

/** null: the watch ended in good order. */
async function failureOf(following: Promise<void>, signal: AbortSignal, path: string): Promise<ApiFailure | null> {
  try {
    await following;
    return null;
  } catch (error) {
    if (error instanceof ApiFailure) return error;
    if (signal.aborted) return null;
    return new ApiFailure(`GET ${path}: ${String(error)}`, { status: 0, reason: 'Unexpected', cause: error });
  }
}

/** What a failure says about how to go on: from the same place or with a new list, and with which kind of list. */
function adjust(following: Follower, failure: ApiFailure, refusals: number): 'at once' | 'after a wait' {
  const silent = failure.reason === 'Silence';
  const refused = !isPassing(failure) && failure.status !== 403 && failure.status !== 410;
  // An older server answers 400 or 422 to a list within a watch, or never marks its end.
  if (!following.isListed() && (silent || refused) && following.listPlainly()) return 'at once';
  // Silence: a version from the future (etcd was restored) is waited for without a word.
  if (failure.status === 410 || silent || refusals >= REFUSALS_UNTIL_RELIST) following.forget();
  return 'after a wait';
}

/** The object's name, for the log; metadata comes first in what the API server writes. */
function nameIn(head: string): string {
  return /"name":"([^"\\]{1,253})"/.exec(head)?.[1] ?? 'unknown';
}
