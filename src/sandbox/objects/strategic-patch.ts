import { badRequest } from '../failure.ts';
import { isRecord, without, type JsonRecord } from './object.ts';

/**
 * Lists that a strategic merge patch merges instead of replacing, by field path, with the field that tells their items
 * apart ('' for a set of texts). Taken from the patchStrategy tags of the kinds the sandbox keeps; note that
 * status.conditions of a certificate request is not among them and is replaced whole.
 */
const MERGED_LISTS: Readonly<Record<string, string>> = {
  'metadata.finalizers': '',
  'metadata.ownerReferences': 'uid',
  secrets: 'name',
  imagePullSecrets: 'name',
};

const LIST_ORDER = '$setElementOrder/';
const LIST_REMOVAL = '$deleteFromPrimitiveList/';

/**
 * Strategic merge patch, as kubectl sends it: a merge patch whose records may say `$patch: delete|replace`, with the
 * lists above merged by key. Neither argument is changed. Throws 400 on an unknown directive.
 */
export function strategicPatch(target: unknown, patch: unknown, path = ''): unknown {
  if (!isRecord(patch)) return patch;
  const directive = patch.$patch;
  if (directive === 'delete') return {};
  if (directive === 'replace') return without(patch, ['$patch']);
  if (directive !== undefined && directive !== 'merge') throw badRequest(`Unknown patch type found: ${JSON.stringify(directive)}`);
  const merged: JsonRecord = isRecord(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) mergeField(merged, field, value, path);
  const retained = patch.$retainKeys;
  return Array.isArray(retained) ? Object.fromEntries(Object.entries(merged).filter(([field]) => retained.includes(field))) : merged;
}

function mergeField(merged: JsonRecord, field: string, value: unknown, path: string): void {
  if (field === '$patch' || field === '$retainKeys' || field.startsWith(LIST_ORDER)) return;
  if (field.startsWith(LIST_REMOVAL)) {
    const name = field.slice(LIST_REMOVAL.length);
    const gone: readonly unknown[] = Array.isArray(value) ? value : [];
    if (Array.isArray(merged[name])) merged[name] = merged[name].filter((item) => !gone.includes(item));
    return;
  }
  const at = path === '' ? field : `${path}.${field}`;
  const key = MERGED_LISTS[at];
  if (value === null) delete merged[field];
  else if (key !== undefined && Array.isArray(value)) merged[field] = mergeLists(Array.isArray(merged[field]) ? merged[field] : [], value, key);
  else merged[field] = strategicPatch(merged[field], value, at);
}

function mergeLists(target: readonly unknown[], patch: readonly unknown[], key: string): unknown[] {
  if (key === '') return [...new Set([...target, ...patch])];
  const merged = [...target];
  for (const item of patch) {
    if (!isRecord(item)) throw badRequest(`the items of this list must be objects with the field ${key}`);
    const index = merged.findIndex((candidate) => isRecord(candidate) && candidate[key] === item[key]);
    if (item.$patch === 'delete') merged.splice(index, index < 0 ? 0 : 1);
    else if (index < 0) merged.push(item);
    else merged[index] = strategicPatch(merged[index], item);
  }
  return merged;
}
