import { NoSuchPath } from '../failure.ts';
import { apiVersionOf, KINDS } from '../kinds/index.ts';
import type { Kind } from '../kinds/kind.ts';
import type { JsonRecord } from '../objects/object.ts';
import { METADATA, type Shape } from '../objects/shape.ts';

/**
 * The OpenAPI v3 documents below `/openapi/v3`; undefined for any other path. `kubectl apply` and `create` read from
 * them that the server validates fields itself, and `kubectl explain` the fields. Throws 404.
 */
export function openapi(path: string): JsonRecord | undefined {
  if (!path.startsWith('/openapi/')) return undefined;
  const versions = new Map(KINDS.map((kind) => [rootOf(kind), kind]));
  if (path === '/openapi/v3') {
    return { paths: Object.fromEntries([...versions.keys()].map((root) => [root, { serverRelativeURL: `/openapi/v3/${root}` }])) };
  }
  const kinds = KINDS.filter((kind) => `/openapi/v3/${rootOf(kind)}` === path);
  if (kinds.length === 0) throw new NoSuchPath(path);
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1' },
    paths: Object.fromEntries(kinds.map((kind) => [pathOf(kind), operations(kind)])),
    components: { schemas: Object.fromEntries(kinds.map((kind) => [schemaName(kind), schema(kind)])) },
  };
}

function rootOf(kind: Kind): string {
  return kind.group === '' ? 'api/v1' : `apis/${apiVersionOf(kind)}`;
}

function pathOf(kind: Kind): string {
  return `/${rootOf(kind)}/${kind.namespaced ? 'namespaces/{namespace}/' : ''}${kind.plural}/{name}`;
}

function operations(kind: Kind): JsonRecord {
  const operation = (action: string) => ({
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group: kind.group, version: kind.version, kind: kind.kind },
    parameters: [{ name: 'fieldValidation', in: 'query', schema: { type: 'string' } }, { name: 'dryRun', in: 'query', schema: { type: 'string' } }],
    responses: { 200: { description: 'OK' } },
  });
  return { patch: operation('patch'), put: operation('put'), post: operation('post') };
}

function schemaName(kind: Kind): string {
  return `io.k8s.api.${kind.group === '' ? 'core' : (kind.group.split('.')[0] ?? '')}.${kind.version}.${kind.kind}`;
}

function schema(kind: Kind): JsonRecord {
  const fields: Shape = { fields: { apiVersion: 'text', kind: 'text', metadata: METADATA, ...kind.shape } };
  return { ...schemaOf(fields), 'x-kubernetes-group-version-kind': [{ group: kind.group, version: kind.version, kind: kind.kind }] };
}

function schemaOf(shape: Shape): JsonRecord {
  if (typeof shape === 'object') {
    if ('list' in shape) return { type: 'array', items: schemaOf(shape.list) };
    if ('map' in shape) return { type: 'object', additionalProperties: schemaOf(shape.map) };
    return { type: 'object', properties: Object.fromEntries(Object.entries(shape.fields).map(([field, inner]) => [field, schemaOf(inner)])) };
  }
  switch (shape) {
    case 'any':
      return {};
    case 'text':
      return { type: 'string' };
    case 'time':
      return { type: 'string', format: 'date-time' };
    case 'bytes':
      return { type: 'string', format: 'byte' };
    case 'int32':
    case 'int64':
      return { type: 'integer', format: shape };
    case 'boolean':
      return { type: 'boolean' };
  }
}
