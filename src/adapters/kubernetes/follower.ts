import type { KnownObjects } from './known-objects.ts';
import { listAll } from './list.ts';
import type { Transport } from './transport.ts';
import { readWatch } from './watch-stream.ts';
import type { Skipped, WatchEvent } from './watch-stream.ts';
import type { KubernetesObject } from './wire.ts';

export type FollowerOptions<T extends KubernetesObject> = {
  readonly transport: Transport;
  readonly path: string;
  readonly selectors: Readonly<Record<string, string>>;
  readonly known: KnownObjects<T>;
  readonly signal: AbortSignal;
  readonly inactivity: number;
  readonly maxLineBytes: number;
  /** Seconds after which the server is asked to end the watch. */
  readonly watchSeconds: () => number;
  /** A list, an event or a bookmark came. */
  readonly onSeen: () => void;
  readonly onSkipped: (skipped: Skipped) => void;
};

/** Follows one collection; holds the place in its history that has been reached. */
export type Follower = {
  /** Lists if there is no place to go on from, then watches until the watch ends. Resolves and throws as `readWatch`. */
  follow(): Promise<void>;
  /** Events and bookmarks of the last `follow`. */
  events(): number;
  /** Where the last `follow` broke off: before or while the objects were listed, or after. */
  isListed(): boolean;
  /** The place is not to be had any more, or not to be trusted: list anew. */
  forget(): void;
  /** True once: the server will not list within a watch; from now on page by page. */
  listPlainly(): boolean;
};

const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

/**
 * A list arrives as the beginning of a watch where the server can do that (WatchList, on by default since Kubernetes 1.34:
 * object by object, so that one that is too large is skipped alone), page by page elsewhere.
 */
export function follower<T extends KubernetesObject>({ transport, path, selectors, known, signal, inactivity, maxLineBytes, watchSeconds, onSeen, onSkipped }: FollowerOptions<T>): Follower {
  let version: string | null = null;
  let listsInWatch = true;
  let events = 0;

  async function list(): Promise<void> {
    known.begin();
    version = await listAll({ transport, path, query: selectors, signal, onItem: (item) => known.set(item as T) });
    known.complete();
    onSeen();
  }

  function onEvent({ type, object }: WatchEvent): void {
    events++;
    onSeen();
    const reached = object.metadata.resourceVersion;
    switch (type) {
      case 'ADDED':
      case 'MODIFIED':
        known.set(object as T);
        break;
      case 'DELETED':
        known.remove(object.metadata);
        break;
      case 'BOOKMARK':
        if (version !== null || object.metadata.annotations?.[INITIAL_EVENTS_END] !== 'true') break;
        version = reached;
        known.complete();
    }
    // Within a list the versions are in no order, and a list that breaks off is begun anew.
    if (version !== null) version = reached;
  }

  return {
    async follow() {
      events = 0;
      if (version === null && !listsInWatch) await list();
      if (version === null) known.begin();
      const place = version === null ? { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' } : { resourceVersion: version };
      const query = new URLSearchParams({ ...selectors, watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds: String(watchSeconds()), ...place });
      await readWatch({ transport, path: `${path}?${query}`, inactivity, maxLineBytes, signal, onEvent, onSkipped });
    },
    events: () => events,
    isListed: () => version !== null,
    forget() {
      version = null;
    },
    listPlainly() {
      const changed = listsInWatch;
      listsInWatch = false;
      return changed;
    },
  };
}
