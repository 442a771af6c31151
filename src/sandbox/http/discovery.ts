import { NoSuchPath } from '../failure.ts';
import { apiVersionOf, KINDS } from '../kinds/index.ts';
import type { Kind } from '../kinds/kind.ts';
import type { JsonRecord } from '../objects/object.ts';

/** The version the sandbox says it is: clients choose features by it, and what is here behaves like this one. */
export const SERVED_VERSION = { major: '1', minor: '37', gitVersion: 'v1.37.2+sandbox', gitTreeState: 'clean', goVersion: '', compiler: 'node', platform: '' };

/** What `/version`, `/api`, `/apis` and the paths below them answer; undefined for any other path. Throws 404. */
export function discovery(path: string): JsonRecord | undefined {
  const parts = path.split('/').filter((part) => part !== '');
  if (path.startsWith('/version')) return { ...SERVED_VERSION };
  if (parts[0] !== 'api' && parts[0] !== 'apis') return undefined;
  if (path === '/api' || path === '/api/') return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  if (parts.length === 1) return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups().map(groupEntry) };
  const group = parts[0] === 'api' ? '' : (parts[1] ?? '');
  const version = parts[0] === 'api' ? parts[1] : parts[2];
  const kinds = KINDS.filter((kind) => kind.group === group && (version === undefined || kind.version === version));
  if (kinds.length === 0) throw new NoSuchPath(path);
  if (version === undefined) return { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(group) };
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersionOf({ group, version }), resources: kinds.flatMap(resourceEntries) };
}

function groups(): readonly string[] {
  return [...new Set(KINDS.map((kind) => kind.group))].filter((group) => group !== '');
}

function groupEntry(group: string): JsonRecord {
  const version = { groupVersion: `${group}/v1`, version: 'v1' };
  return { name: group, versions: [version], preferredVersion: version };
}

function resourceEntries(kind: Kind): readonly JsonRecord[] {
  const entry = { name: kind.plural, singularName: kind.singular, namespaced: kind.namespaced, kind: kind.kind, verbs: kind.verbs, ...(kind.shortNames.length === 0 ? {} : { shortNames: kind.shortNames }) };
  const subresources = kind.subresources.map((name) => ({ name: `${kind.plural}/${name}`, singularName: '', namespaced: kind.namespaced, kind: kind.kind, verbs: ['get', 'patch', 'update'] }));
  const actions = Object.entries(kind.actions ?? {}).map(([name, action]) => ({
    name: `${kind.plural}/${name}`, singularName: '', namespaced: kind.namespaced, group: action.group, version: 'v1', kind: action.kind, verbs: ['create'],
  }));
  return [entry, ...subresources, ...actions];
}
