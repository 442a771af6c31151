import { NoSuchPath, Failure } from '../failure.ts';
import type { Answer } from './answer.ts';
import { discovery } from './discovery.ts';
import { openapi } from './openapi.ts';
import type { Route } from './route.ts';

const HEALTH = /^\/(livez|readyz|healthz)(\/|$)/;

/** Paths that are no resource: health, version, discovery, OpenAPI. Throws 404 and 405. */
export function answerPath({ path, verb }: Extract<Route, { kind: 'path' }>): Answer {
  if (verb !== 'get' && verb !== 'head') throw new Failure(405, 'MethodNotAllowed', `the server does not allow this method on the requested resource`);
  if (HEALTH.test(path)) return { code: 200, body: 'ok' };
  const found = discovery(path) ?? openapi(path);
  if (found === undefined) throw new NoSuchPath(path);
  return { code: 200, body: found };
}
