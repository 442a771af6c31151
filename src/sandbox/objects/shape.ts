import { badRequest } from '../failure.ts';
import { isRecord, type JsonRecord } from './object.ts';

/**
 * What a field may hold, for the kinds the sandbox knows. The API server decodes into Go structs: an unknown field is
 * dropped, a wrong type is 400, and null and empty values vanish where the struct says omitempty. The fields stand in the
 * order of their protobuf numbers, from 1 on: http/protobuf.ts counts on it.
 */
export type Shape =
  | 'any' | 'text' | 'time' | 'bytes' | 'int32' | 'int64' | 'boolean'
  | { readonly list: Shape }
  | { readonly map: Shape }
  | { readonly fields: Readonly<Record<string, Shape>> };

export const METADATA: Shape = {
  fields: {
    name: 'text', generateName: 'text', namespace: 'text', selfLink: 'text', uid: 'text', resourceVersion: 'text', generation: 'int64',
    creationTimestamp: 'time', deletionTimestamp: 'time', deletionGracePeriodSeconds: 'int64', labels: { map: 'text' }, annotations: { map: 'text' },
    ownerReferences: { list: 'any' }, finalizers: { list: 'text' }, managedFields: { list: 'any' },
  },
};

/** The value as the API server would keep it, and the path of each field it does not know. Throws 400 on a wrong type. */
export function decode(value: unknown, shape: Shape, kind: string): { readonly value: unknown; readonly unknown: readonly string[] } {
  const unknown: string[] = [];
  return { value: decodeAt(value, shape, '', { kind, unknown }), unknown };
}

type Context = { readonly kind: string; readonly unknown: string[] };

function decodeAt(value: unknown, shape: Shape, path: string, context: Context): unknown {
  if (shape === 'any') return value;
  if (typeof shape === 'string') return scalar(value, shape, path, context);
  if ('list' in shape) {
    if (!Array.isArray(value)) throw mistyped(path, 'an array', value, context);
    return value.map((item, index) => decodeAt(item, shape.list, `${path}[${index}]`, context));
  }
  if (!isRecord(value)) throw mistyped(path, 'an object', value, context);
  return 'map' in shape ? decodeMap(value, shape.map, path, context) : decodeFields(value, shape.fields, path, context);
}

function decodeMap(value: JsonRecord, shape: Shape, path: string, context: Context): JsonRecord {
  // A null in a map becomes the zero value of its type, where a null field is left out.
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, item === null ? '' : decodeAt(item, shape, join(path, key), context)]));
}

function decodeFields(value: JsonRecord, fields: Readonly<Record<string, Shape>>, path: string, context: Context): JsonRecord {
  const kept: JsonRecord = {};
  for (const [field, item] of Object.entries(value)) {
    const shape = Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (shape === undefined) context.unknown.push(join(path, field));
    else if (item !== null) {
      const decoded = decodeAt(item, shape, join(path, field), context);
      if (!isEmpty(decoded)) kept[field] = decoded;
    }
  }
  return kept;
}

function scalar(value: unknown, shape: Exclude<Shape, object | 'any'>, path: string, context: Context): unknown {
  switch (shape) {
    case 'text':
      if (typeof value === 'string') return value;
      throw mistyped(path, 'a string', value, context);
    case 'time':
      if (typeof value === 'string' && (value === '' || !Number.isNaN(Date.parse(value)))) return value;
      throw mistyped(path, 'a time such as 2006-01-02T15:04:05Z', value, context);
    case 'bytes':
      // Go's decoder takes line breaks inside, and padding is not optional.
      if (typeof value === 'string' && /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value.replace(/[\r\n]/g, ''))) return value.replace(/[\r\n]/g, '');
      throw mistyped(path, 'base64', value, context);
    case 'int32':
      if (Number.isInteger(value) && Math.abs(value as number) < 2 ** 31) return value;
      throw mistyped(path, 'a 32-bit integer', value, context);
    case 'int64':
      if (Number.isInteger(value)) return value;
      throw mistyped(path, 'an integer', value, context);
    case 'boolean':
      if (typeof value === 'boolean') return value;
      throw mistyped(path, 'true or false', value, context);
  }
}

/** Empty text, lists and maps vanish; false and 0 stay, because their fields are pointers wherever it matters here. */
function isEmpty(value: unknown): boolean {
  return value === '' || (Array.isArray(value) && value.length === 0) || (isRecord(value) && Object.keys(value).length === 0);
}

function mistyped(path: string, wanted: string, found: unknown, { kind }: Context): Error {
  const what = found === null ? 'null' : Array.isArray(found) ? 'array' : typeof found;
  return badRequest(`${kind} in version "v1" cannot be handled as a ${kind}: json: cannot unmarshal ${what} into field .${path}: must be ${wanted}`);
}

function join(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`;
}
