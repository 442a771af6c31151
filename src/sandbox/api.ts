import type { IncomingMessage, ServerResponse } from 'node:http';
import { refusalText, type Attributes } from './access/attributes.ts';
import { authenticate } from './access/authenticate.ts';
import type { Identity } from './access/identity.ts';
import { mayDo } from './access/rbac.ts';
import type { Tokens } from './access/tokens.ts';
import { forbidden } from './failure.ts';
import { mishapStatus, sendAnswer, sendFailure, type Answer } from './http/answer.ts';
import { cut } from './http/cut.ts';
import { negotiate } from './http/media-type.ts';
import { answerPath } from './http/paths.ts';
import { attributesOf, parseRoute, type Route } from './http/route.ts';
import type { Store } from './objects/store.ts';
import { answerResource } from './resource.ts';
import { seen, type Mishap, type SeenRequest, type Troubles } from './trouble.ts';
import type { OpenWatch } from './verbs/watch.ts';

export type ApiOptions = {
  readonly store: Store;
  readonly tokens: Tokens;
  readonly troubles: Troubles;
  readonly watches: Set<OpenWatch>;
  readonly now: () => Date;
  readonly randomBytes: (size: number) => Uint8Array;
  readonly randomUuid: () => string;
  readonly bookmarkSeconds: number;
  /** Told of every request once it is answered; a watch when it starts. */
  readonly onRequest: (request: SeenRequest & { readonly status: number }) => void;
};

/** One request from its first byte to its answer: route, who, trouble, may they, do it. Never rejects. */
export async function handle(request: IncomingMessage, response: ServerResponse, options: ApiOptions): Promise<void> {
  const method = request.method ?? 'GET';
  let met: SeenRequest = { method, path: request.url ?? '', verb: '', resource: '', subresource: '', name: '', user: '' };
  try {
    const route = parseRoute(method, request.url ?? '/');
    met = seen(method, route, '');
    const may = (identity: Identity, wanted: Attributes) => mayDo(options.store, identity, wanted);
    const identity = authenticate(request.headers, options.tokens, options.now(), may);
    met = seen(method, route, identity.username);
    const mishap = options.troubles.meet(met);
    if (cutShort(mishap, request)) return;
    authorise(identity, route, may);
    const format = negotiate(request.headers.accept);
    const answer = await answerRoute(route, identity, request, response, options);
    if (mishap === 'lost') return cut(request.socket);
    if (answer !== undefined) sendAnswer(response, answer, format);
  } catch (error) {
    sendFailure(response, error);
  } finally {
    options.onRequest({ ...met, status: response.statusCode });
  }
}

function answerRoute(route: Route, identity: Identity, request: IncomingMessage, response: ServerResponse, options: ApiOptions): Promise<Answer | undefined> | Answer {
  return route.kind === 'path' ? answerPath(route) : answerResource(route, identity, request, response, options);
}

/** Says whether the mishap leaves nothing more to do; throws the Failure that it answers with. */
function cutShort(mishap: Mishap | undefined, request: IncomingMessage): boolean {
  if (mishap === 'hang') return true;
  if (mishap === 'reset') {
    cut(request.socket);
    return true;
  }
  if (typeof mishap === 'object') throw mishapStatus(mishap.status, mishap.retryAfter);
  return false;
}

function authorise(identity: Identity, route: Route, may: (identity: Identity, wanted: Attributes) => boolean): void {
  const wanted = attributesOf(route);
  if (may(identity, wanted)) return;
  const text = refusalText(identity, wanted);
  throw wanted.kind === 'path' ? forbidden(undefined, '', text) : forbidden({ group: wanted.group, plural: wanted.resource }, wanted.name, text);
}
