import { badRequest, invalidObject } from '../failure.ts';
import { apiVersionOf } from '../kinds/index.ts';
import type { Kind } from '../kinds/kind.ts';
import { isRecord, textAt, type Draft } from '../objects/object.ts';
import { decode, METADATA, type Shape } from '../objects/shape.ts';

/** What a body is to become: a kind, or the kind of an action such as TokenRequest. */
export type Expected = { readonly group: string; readonly version: string; readonly kind: string; readonly shape: Readonly<Record<string, Shape>> };

/** A decoded body and the warnings that its unknown fields earn. */
export type Incoming = { readonly draft: Draft; readonly warnings: readonly string[] };

/**
 * Decodes a body as the kind that the path stands for; one that does not say what it is, is taken for that. Unknown
 * fields are dropped, warned of or refused, as the parameter fieldValidation says. Throws 400 and 422.
 */
export function incoming(body: unknown, expected: Expected, query: URLSearchParams): Incoming {
  if (!isRecord(body)) throw badRequest(`the object provided is unrecognized (must be of type ${expected.kind}): it is no JSON object`);
  const { apiVersion = '', kind = '', ...fields } = body;
  const wanted = apiVersionOf(expected);
  if (kind !== '' && kind !== expected.kind) throw badRequest(`${String(kind)} in version "${expected.version}" cannot be handled as a ${expected.kind}`);
  if (apiVersion !== '' && apiVersion !== wanted) {
    throw badRequest(`the API version in the data (${String(apiVersion)}) does not match the expected API version (${wanted})`);
  }
  const decoded = decode(fields, { fields: { metadata: METADATA, ...expected.shape } }, expected.kind);
  const value = decoded.value as Partial<Draft>;
  return { draft: { ...value, apiVersion: wanted, kind: expected.kind, metadata: value.metadata ?? {} }, warnings: warningsFor(decoded.unknown, expected, query) };
}

/** Throws 400 when a body's namespace is not that of the path. */
export function placeIn(draft: Draft, kind: Kind, namespace: string): void {
  const own = textAt(draft.metadata, 'namespace');
  const wanted = kind.namespaced ? namespace : '';
  if (own !== '' && own !== wanted) throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  if (wanted !== '') draft.metadata.namespace = wanted;
}

/** `?dryRun=All` asks for everything but the write. Throws 422. */
export function isDryRun(query: URLSearchParams): boolean {
  const values = query.getAll('dryRun').filter((value) => value !== '');
  const bad = values.find((value) => value !== 'All');
  if (bad === undefined) return values.length > 0;
  throw invalidObject({ group: 'meta.k8s.io', kind: 'Options' }, '', [{ reason: 'FieldValueNotSupported', message: `Unsupported value: "${bad}": supported values: "All"`, field: 'dryRun' }]);
}

function warningsFor(unknown: readonly string[], { kind, version }: Expected, query: URLSearchParams): readonly string[] {
  const texts = unknown.map((field) => `unknown field "${field}"`);
  switch (query.get('fieldValidation') ?? 'Warn') {
    case 'Strict':
      if (texts.length > 0) throw badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: strict decoding error: ${texts.join(', ')}`);
      return [];
    case 'Ignore':
      return [];
    default:
      return texts;
  }
}
