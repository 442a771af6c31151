import { conflict, type Status } from '../failure.ts';
import { KINDS, objectKey, resourceKey } from '../kinds/index.ts';
import type { Kind } from '../kinds/kind.ts';
import { isRecord, textAt, type KubeObject } from '../objects/object.ts';
import type { Store } from '../objects/store.ts';

export type DeleteContext = { readonly kind: Kind; readonly store: Store; readonly now: Date; readonly dryRun: boolean };

/**
 * Deletes an object, or marks it when finalizers hold it. Preconditions in the DeleteOptions guard it. Gives the
 * answer: the object where it still says something, else a Status. Throws 409.
 */
export function deleteObject(object: KubeObject, options: unknown, { kind, store, now, dryRun }: DeleteContext): KubeObject | Status {
  guard(object, options, kind);
  const { name, namespace = '', uid } = object.metadata;
  const key = objectKey(namespace, name);
  const marked = { ...object, metadata: { ...object.metadata, deletionTimestamp: `${now.toISOString().slice(0, 19)}Z`, deletionGracePeriodSeconds: 0 } };
  if ((object.metadata.finalizers ?? []).length > 0) {
    if (dryRun || object.metadata.deletionTimestamp !== undefined) return object;
    return store.put(resourceKey(kind), key, marked);
  }
  if (kind.plural === 'namespaces') return deleteNamespace(marked, store, dryRun);
  if (!dryRun) store.remove(resourceKey(kind), key);
  if (kind.deletionShows === true) return object;
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details: { name, ...(kind.group === '' ? {} : { group: kind.group }), kind: kind.plural, uid }, code: 200 };
}

/** A cluster's namespace controller empties a terminating namespace and lets it go; here that is done at once. */
function deleteNamespace(namespace: KubeObject, store: Store, dryRun: boolean): KubeObject {
  const terminating: KubeObject = { ...namespace, status: { phase: 'Terminating' } };
  if (dryRun) return terminating;
  const { name } = namespace.metadata;
  const stored = store.put('namespaces', name, terminating);
  for (const resource of KINDS.filter((kind) => kind.namespaced).map(resourceKey)) {
    for (const object of store.list(resource)) {
      if (object.metadata.namespace === name) store.remove(resource, objectKey(name, object.metadata.name));
    }
  }
  store.remove('namespaces', name);
  return stored;
}

function guard(object: KubeObject, options: unknown, kind: Kind): void {
  const conditions = isRecord(options) ? options.preconditions : undefined;
  const [uid, version] = [textAt(conditions, 'uid'), textAt(conditions, 'resourceVersion')];
  const { name, uid: ownUid, resourceVersion } = object.metadata;
  if (uid !== '' && uid !== ownUid) {
    throw conflict(kind, name, `the UID in the precondition (${uid}) does not match the UID in record (${ownUid}). The object might have been deleted and then recreated`);
  }
  if (version !== '' && version !== resourceVersion) {
    throw conflict(kind, name, `the ResourceVersion in the precondition (${version}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`);
  }
}
