import assert from 'node:assert/strict';
import { inspect } from 'node:util';

export type Json = unknown;

/**
 * Asserts that a value holds what is expected: of a record the fields that are named, of a list every item in order, a
 * text that a regular expression matches, everything else exactly. `ABSENT` stands for a field that must not be there.
 */
export function holds(actual: unknown, expected: unknown, path = ''): void {
  if (expected === ABSENT) assert.equal(actual, undefined, `${path}: found ${show(actual)}, wanted nothing`);
  else if (expected instanceof RegExp) assert.match(String(actual), expected, `${path}: found ${show(actual)}, wanted ${String(expected)}`);
  else if (Array.isArray(expected)) {
    assert.ok(Array.isArray(actual) && actual.length === expected.length, `${path}: found ${show(actual)}, wanted a list of ${expected.length}: ${show(expected)}`);
    expected.forEach((item, index) => holds(actual[index], item, `${path}[${index}]`));
  } else if (typeof expected === 'object' && expected !== null) {
    assert.ok(typeof actual === 'object' && actual !== null, `${path}: found ${show(actual)}, wanted ${show(expected)}`);
    for (const [field, value] of Object.entries(expected)) {
      // The whole answer stands in the message where the first level differs: that says most about why.
      const where = path === '' ? `${show(actual)}\n${field}` : `${path}.${field}`;
      holds((actual as Record<string, unknown>)[field], value, where);
    }
  } else assert.equal(actual, expected, `${path}: found ${show(actual)}, wanted ${show(expected)}`);
}

export const ABSENT = Symbol('absent');

/** The value at a path such as `metadata.name` or `items.0.kind`; undefined where there is none. */
export function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((current, field) => (typeof current === 'object' && current !== null ? (current as Record<string, unknown>)[field] : undefined), value);
}

/** As `at`, for a text that must be there. */
export function textOf(value: unknown, path: string): string {
  const found = at(value, path);
  assert.equal(typeof found, 'string', `${path} of ${show(value)}`);
  return found as string;
}

function show(value: unknown): string {
  return inspect(value, { depth: 6, breakLength: 160 });
}
