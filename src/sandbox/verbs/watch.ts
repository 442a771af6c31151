import type { ServerResponse } from 'node:http';
import type { Status } from '../failure.ts';
import { cut } from '../http/cut.ts';
import type { Format } from '../http/media-type.ts';
import { presentObject } from '../http/presentation.ts';
import { flag, type ResourceRoute } from '../http/route.ts';
import { apiVersionOf, resourceKey } from '../kinds/index.ts';
import type { Kind } from '../kinds/kind.ts';
import type { KubeObject } from '../objects/object.ts';
import type { Store } from '../objects/store.ts';
import { count, listOptions } from './list-options.ts';
import { selectionOf } from './selection.ts';
import { beginning, eventFor, type WatchEvent } from './watch-events.ts';

/** A running watch, within reach of a test that wants it in trouble. */
export interface OpenWatch {
  readonly resource: string;
  /** Ends it as its timeout would. */
  close(): void;
  /** Nothing is sent any more, and the connection stays: what a half-open socket looks like to a client. */
  silence(): void;
  /** An ERROR event, then the end. */
  fail(status: Status): void;
  /** The connection is cut in the middle. */
  reset(): void;
}

export type WatchOptions = {
  readonly kind: Kind;
  readonly route: ResourceRoute;
  readonly format: Format;
  readonly store: Store;
  readonly response: ServerResponse;
  readonly open: Set<OpenWatch>;
  readonly now: () => Date;
  /** Between two bookmarks; the API server's own is a minute. */
  readonly bookmarkSeconds: number;
};

/** A client this far behind is cut off, as the API server does with a slow one. */
const MOST_BUFFERED = 64 * 1024 * 1024;

/** Two seconds before a watch times out the API server sends a last bookmark, so that the next one starts from there. */
const LAST_BOOKMARK_SECONDS = 2;

/** Answers with a stream of events, one JSON document a line, until the timeout or the client ends it. Throws 400, 422, 500 and 504. */
export function serveWatch({ kind, route, format, store, response, open, now, bookmarkSeconds }: WatchOptions): void {
  const selection = selectionOf(kind, route);
  const resource = resourceKey(kind);
  const start = beginning(store, resource, selection, listOptions(route.query, true));
  const seconds = count(route.query, 'timeoutSeconds') || 1800;
  const bookmarks = flag(route.query, 'allowWatchBookmarks');
  const timers: NodeJS.Timeout[] = [];
  let silent = false;
  let first = true;

  function send(type: string, object: unknown): void {
    if (silent || response.writableEnded) return;
    response.write(`${JSON.stringify({ type, object })}\n`);
    if (response.writableLength > MOST_BUFFERED) response.destroy();
  }
  function sendEvent({ type, object }: WatchEvent): void {
    send(type, presentObject(kind, object, format, route.query, now(), first));
    first = false;
  }
  function sendBookmark(annotations?: Record<string, string>): void {
    if (bookmarks) send('BOOKMARK', presentObject(kind, bookmark(kind, store.revision(), annotations), format, route.query, now(), first));
  }
  const watch: OpenWatch = {
    resource,
    close: () => void response.end(),
    silence: () => void (silent = true),
    fail(status) {
      send('ERROR', status);
      response.end();
    },
    reset: () => cut(response.socket),
  };

  const unsubscribe = store.subscribe(resource, (change) => eventFor(selection, change).forEach(sendEvent));
  response.on('close', () => {
    unsubscribe();
    open.delete(watch);
    timers.forEach(clearTimeout);
  });
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  open.add(watch);
  if (start.failure !== undefined) return watch.fail(start.failure.status);
  start.events.forEach(sendEvent);
  if (start.listed) sendBookmark({ 'k8s.io/initial-events-end': 'true' });
  timers.push(setInterval(sendBookmark, bookmarkSeconds * 1000), setTimeout(watch.close, seconds * 1000));
  if (seconds > LAST_BOOKMARK_SECONDS) timers.push(setTimeout(sendBookmark, (seconds - LAST_BOOKMARK_SECONDS) * 1000));
}

function bookmark(kind: Kind, revision: number, annotations?: Record<string, string>): KubeObject {
  const metadata = { resourceVersion: String(revision), creationTimestamp: null, ...(annotations ? { annotations } : {}) };
  return { kind: kind.kind, apiVersion: apiVersionOf(kind), metadata } as unknown as KubeObject;
}
