import { badRequest, expired } from '../failure.ts';
import type { List } from '../http/presentation.ts';
import { isRecord, type KubeObject } from '../objects/object.ts';
import type { Store } from '../objects/store.ts';
import { objectKey } from '../kinds/index.ts';
import { notThereYet, revisionOf, type ListOptions } from './list-options.ts';
import { selects, type Selection } from './selection.ts';

/** One page of a list, or all of it. Throws 400, 410 and 504. */
export function listPage(store: Store, resource: string, selection: Selection, options: ListOptions): List {
  const start = options.token === '' ? firstPage(store, options) : laterPage(store, resource, options);
  const state = (start.revision === undefined ? store.list(resource) : store.at(resource, start.revision)) ?? [];
  const revision = start.revision ?? store.revision();
  const rest = state.filter((object) => keyOf(object) > start.after && selects(selection, object));
  if (options.limit === 0 || rest.length <= options.limit) return { resourceVersion: String(revision), items: rest };
  const items = rest.slice(0, options.limit);
  const token = encodeToken({ revision, after: keyOf(items.at(-1)) });
  // The real server counts what is left in etcd, which a selector would make a wrong number: it leaves it out then.
  const filtered = selection.labels.length + selection.fields.length > 0;
  return { resourceVersion: String(revision), items, continue: token, ...(filtered ? {} : { remaining: rest.length - items.length }) };
}

/** `revision` undefined: the state now. */
type Start = { readonly revision: number | undefined; readonly after: string };

function firstPage(store: Store, { resourceVersion, match }: ListOptions): Start {
  if (resourceVersion === '' || resourceVersion === '0') return { revision: undefined, after: '' };
  const asked = revisionOf(resourceVersion);
  if (asked > store.revision()) throw notThereYet(asked, store.revision());
  if (match !== 'Exact') return { revision: undefined, after: '' };
  if (asked < store.oldest()) throw expired('The resourceVersion for the provided list is too old.');
  return { revision: asked, after: '' };
}

function laterPage(store: Store, resource: string, { resourceVersion, token }: ListOptions): Start {
  if (resourceVersion !== '' && resourceVersion !== '0') throw badRequest('specifying resource version is not allowed when using continue');
  const { revision, after } = decodeToken(token);
  if (revision === ANY_REVISION) return { revision: undefined, after };
  if (store.at(resource, revision) !== undefined) return { revision, after };
  throw expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list.',
    encodeToken({ revision: ANY_REVISION, after }),
  );
}

/** In the token that a 410 hands out: go on from the key in whatever the state is by then. */
const ANY_REVISION = -1;

function encodeToken({ revision, after }: { readonly revision: number; readonly after: string }): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start: `${after}\0` })).toString('base64url');
}

function decodeToken(token: string): { readonly revision: number; readonly after: string } {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (isRecord(value) && typeof value.rv === 'number' && typeof value.start === 'string' && value.start !== '') {
      return { revision: value.rv, after: value.start.replace(/\0$/, '') };
    }
  } catch {
    // Falls through to the same answer: a token is only ever what the server gave out.
  }
  throw badRequest('continue key is not valid');
}

function keyOf(object: KubeObject | undefined): string {
  return object === undefined ? '' : objectKey(object.metadata.namespace ?? '', object.metadata.name);
}
