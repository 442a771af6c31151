import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Identity } from './access/identity.ts';
import { writerFor } from './access/writer.ts';
import type { ApiOptions } from './api.ts';
import { methodNotAllowed, NoSuchPath } from './failure.ts';
import type { Answer } from './http/answer.ts';
import { decodeBody, readBody } from './http/body.ts';
import { encodingOf, mediaType, negotiate } from './http/media-type.ts';
import { presentList, presentObject } from './http/presentation.ts';
import type { ResourceRoute } from './http/route.ts';
import { findKind, objectKey, resourceKey } from './kinds/index.ts';
import type { Kind, Verb } from './kinds/kind.ts';
import type { KubeObject } from './objects/object.ts';
import { METADATA, type Shape } from './objects/shape.ts';
import { deleteObject, type DeleteContext } from './verbs/delete.ts';
import { incoming, isDryRun, type Incoming } from './verbs/incoming.ts';
import { listOptions } from './verbs/list-options.ts';
import { listPage } from './verbs/list.ts';
import { patchOf } from './verbs/patch.ts';
import { selectionOf, selects } from './verbs/selection.ts';
import { serveWatch } from './verbs/watch.ts';
import { createObject, existing, replaceObject, updateObject, type WriteContext } from './verbs/write.ts';

const DELETE_OPTIONS: Readonly<Record<string, Shape>> = {
  gracePeriodSeconds: 'int64', preconditions: { fields: { uid: 'text', resourceVersion: 'text' } }, orphanDependents: 'boolean', propagationPolicy: 'text',
};

/** Does what an authorised request asks of a resource; undefined when the answer is a watch, which goes on by itself. */
export async function answerResource(
  route: ResourceRoute, identity: Identity, request: IncomingMessage, response: ServerResponse, options: ApiOptions,
): Promise<Answer | undefined> {
  const kind = findKind(route.group, route.version, route.resource);
  if (kind === undefined) throw new NoSuchPath(route.path);
  const verb = supported(kind, route);
  const { store, now, randomBytes, randomUuid } = options;
  const context: WriteContext = { kind, route, store, writer: writerFor(identity, options), randomBytes, randomUuid };
  const format = negotiate(request.headers.accept);
  const shown = (code: number, object: KubeObject, warnings: readonly string[] = []): Answer => ({ code, body: presentObject(kind, object, format, route.query, now()), warnings });

  switch (verb) {
    case 'get':
      return shown(200, existing(context));
    case 'list':
      return { code: 200, body: presentList(kind, listPage(store, resourceKey(kind), selectionOf(kind, route), listOptions(route.query, false)), format, route.query, now()) };
    case 'watch':
      serveWatch({ kind, route, format, store, response, open: options.watches, now, bookmarkSeconds: options.bookmarkSeconds });
      return undefined;
    case 'create': {
      if (route.subresource !== '') return act(request, context);
      const { draft, warnings } = incoming(await bodyOf(request, kind.shape), kind, route.query);
      if (kind.review !== undefined) return { code: 201, body: kind.review(draft, context.writer) };
      return shown(201, createObject(draft, context), warnings);
    }
    case 'update': {
      const { draft, warnings } = incoming(await bodyOf(request, kind.shape), kind, route.query);
      const creates = kind.createdByUpdate === true && store.get(resourceKey(kind), objectKey(route.namespace, route.name)) === undefined;
      return creates ? shown(201, createObject(draft, context), warnings) : shown(200, updateObject(draft, context), warnings);
    }
    case 'patch':
      return patch(request, context, shown);
    case 'delete':
    case 'deletecollection': {
      const body = await readBody(request);
      const options = body.length === 0 ? undefined : decodeBody(body, encodingOf(request.headers['content-type']), DELETE_OPTIONS);
      return verb === 'delete' ? deleteOne(context, options, now()) : deleteSelected(context, options, now());
    }
  }
}

async function patch(request: IncomingMessage, context: WriteContext, shown: (code: number, object: KubeObject, warnings: readonly string[]) => Answer): Promise<Answer> {
  const apply = patchOf(mediaType(request.headers['content-type']));
  const body = decodeBody(await readBody(request), 'json');
  const old = existing(context);
  const { draft, warnings }: Incoming = incoming(apply(old, body), context.kind, context.route.query);
  return shown(200, replaceObject(draft, old, context), warnings);
}

function deleteOne(context: WriteContext, options: unknown, now: Date): Answer {
  return { code: 200, body: deleteObject(existing(context), options, deletion(context, now)) };
}

function deleteSelected(context: WriteContext, options: unknown, now: Date): Answer {
  const { kind, route, store } = context;
  const selection = selectionOf(kind, route);
  const gone = store.list(resourceKey(kind)).filter((object) => selects(selection, object));
  gone.forEach((object) => void deleteObject(object, options, deletion(context, now)));
  return { code: 200, body: presentList(kind, { resourceVersion: String(store.revision()), items: gone }, { presentation: 'object', yaml: false }, route.query, now) };
}

function deletion({ kind, route, store }: WriteContext, now: Date): DeleteContext {
  return { kind, store, now, dryRun: isDryRun(route.query) };
}

async function act(request: IncomingMessage, context: WriteContext): Promise<Answer> {
  const action = context.kind.actions?.[context.route.subresource];
  if (action === undefined) throw new NoSuchPath(context.route.path);
  const { draft, warnings } = incoming(await bodyOf(request, action.shape), { ...action, version: 'v1' }, context.route.query);
  return { code: 201, body: action.act(existing(context), draft, context.writer), warnings };
}

/** The verb, if the kind and its subresource have it at this path. Throws 404 and 405. */
function supported(kind: Kind, route: ResourceRoute): Verb {
  const verb = kind.verbs.find((each) => each === route.verb);
  const action = Object.hasOwn(kind.actions ?? {}, route.subresource);
  if (route.subresource !== '' && !action && !kind.subresources.includes(route.subresource)) throw new NoSuchPath(route.path);
  const inSubresource = action ? ['create'] : ['get', 'update', 'patch'];
  const unplaced = kind.namespaced && route.namespace === '' && verb !== 'list' && verb !== 'watch';
  const misnamed = route.subresource === '' && (verb === 'create' ? route.named : !route.named && (verb === 'update' || verb === 'patch'));
  if (verb === undefined || unplaced || misnamed || (route.subresource !== '' && !inSubresource.includes(verb))) throw methodNotAllowed(kind, route.verb);
  return verb;
}

async function bodyOf(request: IncomingMessage, shape: Readonly<Record<string, Shape>>): Promise<unknown> {
  const encoding = encodingOf(request.headers['content-type']);
  return decodeBody(await readBody(request), encoding, { metadata: METADATA, ...shape });
}
