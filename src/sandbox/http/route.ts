import { badRequest } from '../failure.ts';
import type { Attributes } from '../access/attributes.ts';

/** A request's path taken apart as the API server does it. '' stands for none. */
export type Route =
  | { readonly kind: 'path'; readonly path: string; readonly verb: string; readonly query: URLSearchParams }
  | {
      readonly kind: 'resource';
      readonly path: string;
      readonly query: URLSearchParams;
      readonly verb: string;
      readonly group: string;
      readonly version: string;
      readonly resource: string;
      readonly subresource: string;
      readonly namespace: string;
      /** Of the path, or of a list or watch whose field selector names one object: RBAC resourceNames see it. */
      readonly name: string;
      /** The path names the object; false for a name that comes from a field selector. */
      readonly named: boolean;
    };

export type ResourceRoute = Extract<Route, { kind: 'resource' }>;

const VERBS: Readonly<Record<string, string>> = { GET: 'get', HEAD: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

/** `/api/v1/…` and `/apis/GROUP/VERSION/…` are resources, everything else is a path of its own. Throws 400. */
export function parseRoute(method: string, target: string): Route {
  const url = parseUrl(target);
  const query = url.searchParams;
  const parts = url.pathname.split('/').filter((part) => part !== '').map(decodeSegment);
  const shape = resourceParts(parts);
  if (shape === undefined) return { kind: 'path', path: url.pathname, verb: method.toLowerCase(), query };
  const { namespace, rest } = scoped(shape.rest);
  const [resource = '', name = '', subresource = ''] = rest;
  const verb = verbOf(method, name, query);
  const selected = name === '' && ['list', 'watch', 'deletecollection'].includes(verb) ? selectedName(query) : '';
  return { kind: 'resource', path: url.pathname, query, verb, group: shape.group, version: shape.version, resource, subresource, namespace, name: name || selected, named: name !== '' };
}

export function attributesOf(route: Route): Attributes {
  return route.kind === 'path' ? { kind: 'path', verb: route.verb, path: route.path } : route;
}

function resourceParts(parts: readonly string[]): { readonly group: string; readonly version: string; readonly rest: readonly string[] } | undefined {
  if (parts[0] === 'api' && parts.length >= 3) return { group: '', version: parts[1] ?? '', rest: parts.slice(2) };
  if (parts[0] === 'apis' && parts.length >= 4) return { group: parts[1] ?? '', version: parts[2] ?? '', rest: parts.slice(3) };
  return undefined;
}

/** `namespaces/NAME` is the namespace itself; `namespaces/NAME/RESOURCE` is a resource in it. Both are authorised in it. */
function scoped(rest: readonly string[]): { readonly namespace: string; readonly rest: readonly string[] } {
  if (rest[0] !== 'namespaces' || rest[1] === undefined) return { namespace: '', rest };
  const itself = rest.length < 3 || ['status', 'finalize'].includes(rest[2] ?? '');
  return { namespace: rest[1], rest: itself ? rest : rest.slice(2) };
}

function verbOf(method: string, name: string, query: URLSearchParams): string {
  const verb = VERBS[method] ?? method.toLowerCase();
  if (name !== '') return verb;
  if (verb === 'delete') return 'deletecollection';
  if (verb !== 'get') return verb;
  return flag(query, 'watch') ? 'watch' : 'list';
}

/** A boolean parameter: present and neither `false` nor `0`. */
export function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value.toLowerCase() !== 'false' && value !== '0';
}

function selectedName(query: URLSearchParams): string {
  return /(?:^|,)metadata\.name==?([^,=!\\/]+)(?:,|$)/.exec(query.get('fieldSelector') ?? '')?.[1] ?? '';
}

function parseUrl(target: string): URL {
  try {
    return new URL(target, 'https://127.0.0.1');
  } catch {
    throw badRequest(`the request target ${JSON.stringify(target)} is no path`);
  }
}

function decodeSegment(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badRequest(`the path segment ${JSON.stringify(text)} has a broken escape`);
  }
}
