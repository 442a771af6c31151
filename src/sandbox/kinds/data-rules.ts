import { forbiddenField, invalid, tooLong, type Cause } from '../cause.ts';
import { problemOfDataKey } from '../objects/name.ts';
import { recordAt, sameJson, type Draft, type KubeObject } from '../objects/object.ts';

/** What a Secret or ConfigMap may hold in all. */
const MOST_BYTES = 1024 * 1024;

export function keyCauses(field: string, data: Record<string, unknown>): readonly Cause[] {
  return Object.keys(data).flatMap((key) => {
    const problem = problemOfDataKey(key);
    return problem === undefined ? [] : [invalid(`${field}[${key}]`, key, problem)];
  });
}

export function sizeCauses(field: string, bytes: number): readonly Cause[] {
  return bytes > MOST_BYTES ? [tooLong(field, MOST_BYTES)] : [];
}

/** `immutable: true` can neither be taken back nor be written around. */
export function immutableCauses(draft: Draft, old: KubeObject | undefined, fields: readonly string[]): readonly Cause[] {
  if (old?.immutable !== true) return [];
  const changed = fields.filter((field) => !sameJson(recordAt(draft, field), recordAt(old, field)));
  return [...(draft.immutable === true ? [] : ['immutable']), ...changed].map((field) => forbiddenField(field, 'field is immutable when `immutable` is set'));
}
