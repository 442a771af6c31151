import { expired, Failure } from '../failure.ts';
import type { KubeObject } from '../objects/object.ts';
import type { Change, Store } from '../objects/store.ts';
import { notThereYet, type ListOptions } from './list-options.ts';
import { selects, type Selection } from './selection.ts';

export type WatchEvent = { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubeObject };

/** What a watch sends before it goes live. `failure` is sent as an ERROR event and ends it. */
export type Beginning = {
  readonly events: readonly WatchEvent[];
  /** The initial events of a streamed list end with an annotated bookmark. */
  readonly listed: boolean;
  readonly failure?: Failure;
};

/**
 * With a resourceVersion a watch goes on from there; with sendInitialEvents the state comes first in any case. Throws 500 and 504.
 */
export function beginning(store: Store, resource: string, selection: Selection, options: ListOptions): Beginning {
  const { resourceVersion, sendInitialEvents } = options;
  const asked = watchFrom(resourceVersion);
  if (sendInitialEvents === true) {
    if (asked > store.revision()) throw notThereYet(asked, store.revision());
    return { events: present(store, resource, selection), listed: true };
  }
  if (asked === 0) return { events: [], listed: false };
  const changes = store.since(resource, asked);
  if (changes === undefined) return { events: [], listed: false, failure: expired(`too old resource version: ${asked} (${store.oldest()})`) };
  return { events: changes.flatMap((change) => eventFor(selection, change)), listed: false };
}

/** The API server answers a list with 400 here, and a watch with 500. */
function watchFrom(resourceVersion: string): number {
  if (/^\d{0,15}$/.test(resourceVersion)) return Number(resourceVersion);
  throw new Failure(500, '', `resourceVersion: Invalid value: ${JSON.stringify(resourceVersion)}: strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`);
}

/** A change as a selection sees it: what comes into it is ADDED, what leaves it is DELETED. */
export function eventFor(selection: Selection, { type, object, before }: Change): readonly WatchEvent[] {
  const was = before !== undefined && selects(selection, before);
  const is = type !== 'DELETED' && selects(selection, object);
  if (is) return [{ type: was ? 'MODIFIED' : 'ADDED', object }];
  if (!was) return [];
  // The last state that was selected, under the revision at which it left.
  return [{ type: 'DELETED', object: { ...before, metadata: { ...before.metadata, resourceVersion: object.metadata.resourceVersion } } }];
}

function present(store: Store, resource: string, selection: Selection): readonly WatchEvent[] {
  return store.list(resource).filter((object) => selects(selection, object)).map((object) => ({ type: 'ADDED', object }));
}
