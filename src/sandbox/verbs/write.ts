import { alreadyExists, badRequest, conflict, forbidden, invalidObject, notFound, tooLarge } from '../failure.ts';
import type { ResourceRoute } from '../http/route.ts';
import { objectKey, resourceKey } from '../kinds/index.ts';
import type { Kind, Writer } from '../kinds/kind.ts';
import { generatedName, keptMetadata, metadataCauses, newMetadata } from '../objects/metadata.ts';
import { listAt, textAt, type Draft, type KubeObject } from '../objects/object.ts';
import type { Store } from '../objects/store.ts';
import { isDryRun, placeIn } from './incoming.ts';

/** etcd's limit on one write. */
const MOST_STORED_BYTES = 1.5 * 1024 * 1024;

/** The API server tries as often before it gives up on a generated name. */
const MOST_NAMES = 8;

export type WriteContext = {
  readonly kind: Kind;
  readonly route: ResourceRoute;
  readonly store: Store;
  readonly writer: Writer;
  readonly randomBytes: (size: number) => Uint8Array;
  readonly randomUuid: () => string;
};

/** Stores a new object. Throws 400, 403, 404 (namespace), 409, 413 and 422. */
export function createObject(draft: Draft, context: WriteContext): KubeObject {
  const { kind, route, store, writer } = context;
  placeIn(draft, kind, route.namespace);
  if (textAt(draft.metadata, 'resourceVersion') !== '') throw badRequest('resourceVersion should not be set on objects to be created');
  draft.metadata = newMetadata(draft, { uid: context.randomUuid(), now: writer.now });
  if (kind.namespaced) requireNamespace(context, draft);
  const generated = nameIt(draft, context);
  kind.rules.fill?.(draft);
  kind.rules.prepareCreate?.(draft, writer);
  judge(draft, undefined, context);
  const name = textAt(draft.metadata, 'name');
  const key = objectKey(kind.namespaced ? route.namespace : '', name);
  if (store.get(resourceKey(kind), key) !== undefined) throw alreadyExists(kind, name, generated);
  return commit(key, draft, context);
}

/** Replaces an object, or the part of it that the subresource opens. Throws 400, 403, 404, 409, 413 and 422. */
export function updateObject(draft: Draft, context: WriteContext): KubeObject {
  const { kind, route } = context;
  const name = textAt(draft.metadata, 'name');
  if (name === '') throw badRequest(`the name of the object (${route.name} based on URL) was undeterminable: name must be provided`);
  if (name !== route.name) throw badRequest(`the name of the object (${name}) does not match the name on the URL (${route.name})`);
  placeIn(draft, kind, route.namespace);
  const old = existing(context);
  const uid = textAt(draft.metadata, 'uid');
  // A patch that names another uid is 422 instead: it would change what cannot change.
  if (uid !== '' && uid !== old.metadata.uid) {
    throw conflict(kind, name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`);
  }
  return replaceObject(draft, old, context);
}

/** The second half of an update and of a patch: `draft` is what `old` is to become. */
export function replaceObject(draft: Draft, old: KubeObject, context: WriteContext): KubeObject {
  const { kind, route, writer } = context;
  guard(draft, old, kind);
  draft.metadata = keptMetadata(draft, old);
  kind.rules.fill?.(draft);
  kind.rules.prepareUpdate?.(draft, old, route.subresource, writer);
  judge(draft, old, context);
  const key = objectKey(old.metadata.namespace ?? '', old.metadata.name);
  const stored = commit(key, draft, context);
  // The last finalizer of an object that waits for its deletion is gone: now it goes.
  if (old.metadata.deletionTimestamp !== undefined && listAt(draft.metadata, 'finalizers').length === 0 && !isDryRun(route.query)) context.store.remove(resourceKey(kind), key);
  return stored;
}

/** The object a request names. Throws 404. */
export function existing({ kind, route, store }: Pick<WriteContext, 'kind' | 'route' | 'store'>): KubeObject {
  const found = store.get(resourceKey(kind), objectKey(kind.namespaced ? route.namespace : '', route.name));
  if (found === undefined) throw notFound(kind, route.name);
  return found;
}

/** A resourceVersion in the body is a condition; without one the write is unconditional. */
function guard(draft: Draft, old: KubeObject, kind: Kind): void {
  const version = textAt(draft.metadata, 'resourceVersion');
  if (version !== '' && version !== old.metadata.resourceVersion) {
    throw conflict(kind, old.metadata.name, 'the object has been modified; please apply your changes to the latest version and try again');
  }
}

function requireNamespace({ store, route, kind }: WriteContext, draft: Draft): void {
  const namespace = store.get('namespaces', route.namespace);
  if (namespace === undefined) throw notFound({ group: '', plural: 'namespaces', kind: 'Namespace' }, route.namespace);
  if (namespace.metadata.deletionTimestamp !== undefined) {
    throw forbidden(kind, textAt(draft.metadata, 'name'), `unable to create new content in namespace ${route.namespace} because it is being terminated`);
  }
}

/** Fills in a generated name; says whether it did. */
function nameIt(draft: Draft, { kind, route, store, randomBytes }: WriteContext): boolean {
  const prefix = textAt(draft.metadata, 'generateName');
  if (prefix === '' || textAt(draft.metadata, 'name') !== '') return false;
  for (let attempt = 0; attempt < MOST_NAMES; attempt += 1) {
    draft.metadata.name = generatedName(prefix, randomBytes);
    if (store.get(resourceKey(kind), objectKey(kind.namespaced ? route.namespace : '', String(draft.metadata.name))) === undefined) break;
  }
  return true;
}

function judge(draft: Draft, old: KubeObject | undefined, { kind, route, writer }: WriteContext): void {
  const causes = [...metadataCauses(draft, old, kind.nameForm), ...(kind.rules.validate?.(draft, old, route.subresource) ?? [])];
  if (causes.length > 0) throw invalidObject(kind, textAt(draft.metadata, 'name'), causes);
  kind.rules.admit?.(draft, old, route.subresource, writer);
}

function commit(key: string, draft: Draft, { kind, route, store }: WriteContext): KubeObject {
  const object = draft as unknown as KubeObject;
  if (Buffer.byteLength(JSON.stringify(object)) > MOST_STORED_BYTES) throw tooLarge('etcdserver: request is too large');
  return isDryRun(route.query) ? object : store.put(resourceKey(kind), key, object);
}
