import type { Log } from '../../control/ports.ts';
import { ApiFailure } from './api-failure.ts';
import type { Connection } from './connection.ts';
import { reflect, type ReflectorOptions } from './reflector.ts';
import { servedVersion } from './served-version.ts';
import { sleep as realSleep, type Sleep } from './sleep.ts';
import type { KubernetesObject } from './wire.ts';

export type FollowKindOptions<T extends KubernetesObject> = {
  readonly group: string;
  /** `clusterissuers`. */
  readonly plural: string;
  /** An object as it is now; also called for one that has not changed. */
  readonly onObject: (object: T) => void;
  /** `namespace` is '' for an object without one. */
  readonly onGone: (gone: { readonly namespace: string; readonly name: string }) => void;
  /** The whole collection was shown, or there is no such kind now. Called each time. */
  readonly onSynced: () => void;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly sleep?: Sleep;
} & Pick<ReflectorOptions<T>, 'onBug' | 'tuning'>;

/** A kind that comes is found within this time. It costs two small calls, and only while it is not there. */
const ABSENT_MS = 1_000;
const TROUBLE_MS = 2_000;

/**
 * Follows all objects of a kind that may not be there, or not yet, or not any more, as those of a CustomResourceDefinition, in whatever version the
 * server has. A kind that goes takes its objects along. It resolves when the signal is aborted, and never rejects. It takes the verbs list and watch.
 */
export async function followKind<T extends KubernetesObject>(connection: Connection, options: FollowKindOptions<T>): Promise<void> {
  const { group, plural, onGone, onSynced, log, signal, sleep = realSleep } = options;
  const known = new Map<string, { readonly namespace: string; readonly name: string }>();
  let absent = false;

  function lose(key: string): void {
    const gone = known.get(key);
    known.delete(key);
    if (gone !== undefined) onGone(gone);
  }

  /** Until the signal is aborted, or the server says that it has no such kind in this version. */
  async function follow(version: string): Promise<void> {
    const run = new AbortController();
    const stop = (): void => run.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    const shown = new Set<string>();
    await reflect<T>({
      ...(options.onBug === undefined ? {} : { onBug: options.onBug }),
      ...(options.tuning === undefined ? {} : { tuning: options.tuning }),
      transport: connection.transport,
      path: `/apis/${group}/${version}/${plural}`,
      log,
      signal: run.signal,
      handlers: {
        onObject(object) {
          const { namespace = '', name } = object.metadata;
          shown.add(keyOf(namespace, name));
          known.set(keyOf(namespace, name), { namespace, name });
          options.onObject(object);
          return true;
        },
        onGone({ namespace, name }) {
          shown.delete(keyOf(namespace ?? '', name));
          lose(keyOf(namespace ?? '', name));
        },
        onSynced() {
          // What went while nobody watched.
          for (const key of [...known.keys()]) if (!shown.has(key)) lose(key);
          onSynced();
        },
      },
      onTrouble: (failure) => {
        if (failure?.status === 404) run.abort();
      },
    });
    signal.removeEventListener('abort', stop);
  }

  while (!signal.aborted) {
    const version = await versionOrTrouble(connection, options);
    if (signal.aborted) return;
    if (version === 'trouble') {
      await sleep(TROUBLE_MS, signal);
      continue;
    }
    if (version !== null) {
      if (absent) log.info('a kind is there now', { group, kind: plural, version });
      absent = false;
      await follow(version);
    } else {
      if (!absent) log.warn('a kind is not there, and waited for', { group, kind: plural });
      absent = true;
      for (const key of [...known.keys()]) lose(key);
      onSynced();
    }
    await sleep(ABSENT_MS, signal);
  }
}

async function versionOrTrouble(connection: Connection, { group, plural, log, signal }: Pick<FollowKindOptions<KubernetesObject>, 'group' | 'plural' | 'log' | 'signal'>): Promise<string | null | 'trouble'> {
  try {
    return await servedVersion(connection, { group, plural }, signal);
  } catch (error) {
    if (signal.aborted) return null;
    if (!(error instanceof ApiFailure)) throw error;
    log.warn('cannot ask which kinds there are, and will ask again', { group, reason: error.message });
    return 'trouble';
  }
}

function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}
