import type { KubernetesObject, ObjectMeta } from './wire.ts';

/** What is left of an object that is gone. */
export type Gone = { readonly namespace: string | null; readonly name: string; readonly uid: string };

export type ObjectHandlers<T extends KubernetesObject> = {
  /**
   * An object as it is now. Returns whether the caller keeps it: only of such objects is the end reported.
   * It is also called for objects that have not changed, after each list.
   */
  readonly onObject: (object: T) => boolean;
  /** A kept object was deleted, or was missing from a new list, or gave way to another of the same name. */
  readonly onGone: (gone: Gone) => void;
  /** The whole collection has been shown once: the first time that is readiness. */
  readonly onSynced?: () => void;
};

export type KnownObjects<T extends KubernetesObject> = {
  /** A list begins: what it does not show is gone. */
  begin(): void;
  set(object: T): void;
  remove(meta: ObjectMeta): void;
  /** The list is complete. */
  complete(): void;
};

/**
 * Remembers name and uid of the objects its caller keeps, and nothing of the others, so that deletions missed between
 * two watches are found. An exception in a handler is the caller's bug: it is passed to `onBug` and stops nothing.
 */
export function knownObjects<T extends KubernetesObject>({ onObject, onGone, onSynced }: ObjectHandlers<T>, onBug: (error: unknown) => void): KnownObjects<T> {
  const kept = new Map<string, Gone>();
  let shown: Set<string> | null = null;

  function guarded<R>(run: () => R, otherwise: R): R {
    try {
      return run();
    } catch (error) {
      onBug(error);
      return otherwise;
    }
  }

  function lose(key: string, gone: Gone): void {
    kept.delete(key);
    guarded(() => onGone(gone), undefined);
  }

  return {
    begin() {
      shown = new Set();
    },
    set(object) {
      const { namespace = null, name, uid } = object.metadata;
      const key = keyOf(object.metadata);
      const before = kept.get(key);
      if (before !== undefined && before.uid !== uid) lose(key, before);
      if (guarded(() => onObject(object), true)) {
        kept.set(key, { namespace, name, uid });
        shown?.add(key);
      } else {
        kept.delete(key);
      }
    },
    remove(meta) {
      const gone = kept.get(keyOf(meta));
      if (gone !== undefined) lose(keyOf(meta), gone);
    },
    complete() {
      for (const [key, gone] of kept) if (shown?.has(key) === false) lose(key, gone);
      shown = null;
      guarded(() => onSynced?.(), undefined);
    },
  };
}

/** Neither a namespace nor a name may hold a slash. */
function keyOf({ namespace, name }: ObjectMeta): string {
  return `${namespace ?? ''}/${name}`;
}
