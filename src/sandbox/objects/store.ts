import { sameJson, type KubeObject } from './object.ts';

/**
 * Objects by resource and key, each write numbered by one counter for everything (as etcd's revision is), with the
 * latest writes kept so that a watch can go on from a resourceVersion it knows.
 */
export interface Store {
  get(resource: string, key: string): KubeObject | undefined;
  /** Sorted by key, which is `namespace/name` or `name`. */
  list(resource: string): readonly KubeObject[];
  /** Makes or replaces; gives the stored object with its new resourceVersion. Equal content writes nothing. */
  put(resource: string, key: string, object: KubeObject): KubeObject;
  remove(resource: string, key: string): KubeObject | undefined;
  /** The counter now. */
  revision(): number;
  /** Changes after `since`, oldest first; undefined when history does not reach back that far. */
  since(resource: string, since: number): readonly Change[] | undefined;
  /** The list as it was at a revision; undefined when history does not reach back that far. */
  at(resource: string, revision: number): readonly KubeObject[] | undefined;
  /** Called at each change, in order, until the returned function is called. */
  subscribe(resource: string, changed: (change: Change) => void): () => void;
  /** Forgets history up to now: older resourceVersions and continue tokens answer 410 from here on. */
  compact(): void;
  /** The oldest revision from which a watch can still start. */
  oldest(): number;
}

export type Change = {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: number;
  readonly resource: string;
  readonly key: string;
  /** For DELETED the last state, under the revision of the deletion. */
  readonly object: KubeObject;
  /** What it was before; undefined for ADDED. A selector needs it to tell an object that left the selection. */
  readonly before: KubeObject | undefined;
};

/**
 * `history` is how many changes are kept. `firstRevision` is where the counter starts: well above 1, so that nobody
 * takes a resourceVersion for a count.
 */
export function createStore({ history = 10_000, firstRevision = 100 }: { history?: number; firstRevision?: number } = {}): Store {
  const shelves = new Map<string, Map<string, KubeObject>>();
  const subscribers = new Map<string, Set<(change: Change) => void>>();
  let changes: Change[] = [];
  let revision = firstRevision;
  let oldest = firstRevision;

  function shelf(resource: string): Map<string, KubeObject> {
    const found = shelves.get(resource) ?? new Map<string, KubeObject>();
    shelves.set(resource, found);
    return found;
  }

  function record(change: Change): void {
    changes.push(change);
    // Trimmed in one go at twice the size: shifting an array at each write would cost its whole length.
    if (changes.length > history * 2) {
      const dropped = changes.length - history;
      oldest = changes[dropped - 1]?.revision ?? oldest;
      changes = changes.slice(dropped);
    }
    for (const changed of [...(subscribers.get(change.resource) ?? [])]) changed(change);
  }

  function since(resource: string, from: number): readonly Change[] | undefined {
    return from < oldest ? undefined : changes.slice(firstAfter(changes, from)).filter((change) => change.resource === resource);
  }

  return {
    get: (resource, key) => shelf(resource).get(key),
    list: (resource) => inOrder(shelf(resource)),
    put(resource, key, object) {
      const before = shelf(resource).get(key);
      if (before !== undefined && sameJson(atRevision(before, 0), atRevision(object, 0))) return before;
      revision += 1;
      const stored = atRevision(object, revision);
      shelf(resource).set(key, stored);
      record({ type: before === undefined ? 'ADDED' : 'MODIFIED', revision, resource, key, object: stored, before });
      return stored;
    },
    remove(resource, key) {
      const before = shelf(resource).get(key);
      if (before === undefined) return undefined;
      shelf(resource).delete(key);
      revision += 1;
      const object = atRevision(before, revision);
      record({ type: 'DELETED', revision, resource, key, object, before });
      return object;
    },
    revision: () => revision,
    since,
    at(resource, from) {
      const later = since(resource, from);
      return later === undefined ? undefined : inOrder(undone(shelf(resource), later));
    },
    subscribe(resource, changed) {
      const set = subscribers.get(resource) ?? new Set();
      subscribers.set(resource, set.add(changed));
      return () => void set.delete(changed);
    },
    compact() {
      changes = [];
      oldest = revision;
    },
    oldest: () => oldest,
  };
}

function inOrder(shelf: ReadonlyMap<string, KubeObject>): readonly KubeObject[] {
  return [...shelf].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, object]) => object);
}

function undone(shelf: ReadonlyMap<string, KubeObject>, changes: readonly Change[]): ReadonlyMap<string, KubeObject> {
  const state = new Map(shelf);
  for (const { key, before } of [...changes].reverse()) {
    if (before === undefined) state.delete(key);
    else state.set(key, before);
  }
  return state;
}

function atRevision(object: KubeObject, revision: number): KubeObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

/** Revisions grow along the list: binary search, since a reconnecting watch asks for the last few of many. */
function firstAfter(changes: readonly Change[], since: number): number {
  let low = 0;
  let high = changes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((changes[middle]?.revision ?? 0) <= since) low = middle + 1;
    else high = middle;
  }
  return low;
}
