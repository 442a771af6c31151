import { badRequest, tooLarge, unprocessable } from '../failure.ts';
import { isRecord, sameJson } from './object.ts';

/** The API server's own limit on the operations of one patch. */
const MOST_OPERATIONS = 10_000;

/**
 * JSON Patch (RFC 6902). The target is not changed. Throws 400 when the patch is none, 422 when an operation does not
 * fit the target or a `test` fails.
 */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch) || !patch.every(isRecord)) throw badRequest('json: cannot unmarshal: a JSON patch is an array of operations');
  if (patch.length > MOST_OPERATIONS) throw tooLarge(`The allowed maximum operations in a JSON patch is ${MOST_OPERATIONS}, got ${patch.length}`);
  return patch.reduce<unknown>((document, operation) => apply(document, operation), structuredClone(target));
}

function apply(document: unknown, operation: Record<string, unknown>): unknown {
  const path = pointer(operation.path);
  switch (operation.op) {
    case 'add':
      return write(document, path, operation.value, 'add');
    case 'replace':
      // RFC 6902 wants the target to exist. The API server's library does not ask for that in an object.
      return write(document, path, operation.value, 'replace');
    case 'remove':
      return remove(document, path);
    case 'move': {
      const from = pointer(operation.from);
      const moved = read(document, from);
      return write(remove(document, from), path, moved, 'add');
    }
    case 'copy':
      return write(document, path, structuredClone(read(document, pointer(operation.from))), 'add');
    case 'test':
      if (sameJson(read(document, path), operation.value ?? null)) return document;
      throw unprocessable(`testing value ${String(operation.path)} failed: test failed`);
    default:
      throw unprocessable(`Unexpected kind: ${String(operation.op)}`);
  }
}

function pointer(text: unknown): string[] {
  if (text === '') return [];
  if (typeof text !== 'string' || !text.startsWith('/')) throw unprocessable(`a JSON pointer starts with a slash, found ${JSON.stringify(text ?? null)}`);
  return text.slice(1).split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function read(document: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((current, key) => {
    if (Array.isArray(current)) return current[indexIn(current, key, current.length - 1)];
    if (isRecord(current) && Object.hasOwn(current, key)) return current[key];
    throw unprocessable(`doc is missing key: /${path.join('/')}: missing value`);
  }, document);
}

function write(document: unknown, path: readonly string[], value: unknown, mode: 'add' | 'replace'): unknown {
  const key = path.at(-1);
  if (key === undefined) return value;
  const parent = read(document, path.slice(0, -1));
  if (Array.isArray(parent)) {
    if (mode === 'add') parent.splice(key === '-' ? parent.length : indexIn(parent, key, parent.length), 0, value);
    else parent[indexIn(parent, key, parent.length - 1)] = value;
    return document;
  }
  if (!isRecord(parent)) throw unprocessable(`doc is missing path: /${path.join('/')}: missing value`);
  parent[key] = value;
  return document;
}

function remove(document: unknown, path: readonly string[]): unknown {
  const key = path.at(-1);
  if (key === undefined) throw unprocessable('remove operation does not apply: unable to remove the whole document');
  const parent = read(document, path.slice(0, -1));
  if (Array.isArray(parent)) parent.splice(indexIn(parent, key, parent.length - 1), 1);
  else if (isRecord(parent) && Object.hasOwn(parent, key)) delete parent[key];
  else throw unprocessable(`remove operation does not apply: doc is missing key: /${path.join('/')}: missing value`);
  return document;
}

function indexIn(list: readonly unknown[], key: string, highest: number): number {
  const index = Number(key);
  if (/^(0|[1-9]\d*)$/.test(key) && index <= highest) return index;
  throw unprocessable(`invalid index "${key}" into a list of ${list.length}`);
}
