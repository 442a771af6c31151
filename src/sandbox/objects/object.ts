/** A Kubernetes object as JSON. Whatever the store handed out is never changed: a write makes a new one. */
export type KubeObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly [field: string]: unknown;
};

export type Metadata = {
  readonly name: string;
  readonly namespace?: string;
  readonly generateName?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly [field: string]: unknown;
};

/** An object that is still being made: fields as the client sent them, free to be changed. */
export type Draft = { apiVersion: string; kind: string; metadata: Record<string, unknown>; [field: string]: unknown };

export type JsonRecord = Record<string, unknown>;

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The record at a field, or an empty one that is not attached to anything. */
export function recordAt(value: unknown, field: string): JsonRecord {
  const found = isRecord(value) ? value[field] : undefined;
  return isRecord(found) ? found : {};
}

/** The text at a path of fields; '' where there is none. */
export function textAt(value: unknown, ...path: readonly string[]): string {
  let current = value;
  for (const field of path) current = isRecord(current) ? current[field] : undefined;
  return typeof current === 'string' ? current : '';
}

/** The list at a field; empty where there is none. */
export function listAt(value: unknown, field: string): readonly unknown[] {
  const found = isRecord(value) ? value[field] : undefined;
  return Array.isArray(found) ? found : [];
}

/** A copy that lacks these fields. */
export function without(record: JsonRecord, fields: readonly string[]): JsonRecord {
  return Object.fromEntries(Object.entries(record).filter(([field]) => !fields.includes(field)));
}

/** Equal as JSON: the order of a record's fields does not count, that of a list does. */
export function sameJson(left: unknown, right: unknown): boolean {
  if (Array.isArray(left) || Array.isArray(right)) {
    return Array.isArray(left) && Array.isArray(right) && left.length === right.length && left.every((item, index) => sameJson(item, right[index]));
  }
  if (!isRecord(left) || !isRecord(right)) return left === right;
  const fields = Object.keys(left);
  return fields.length === Object.keys(right).length && fields.every((field) => field in right && sameJson(left[field], right[field]));
}
