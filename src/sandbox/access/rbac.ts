import { listAt, textAt, type KubeObject } from '../objects/object.ts';
import type { Store } from '../objects/store.ts';
import type { Attributes } from './attributes.ts';
import { MASTERS, serviceAccountOf, type Identity } from './identity.ts';

const GROUP = 'rbac.authorization.k8s.io';

/** Whether the roles and bindings in the store let somebody do something: the API server's RBAC authoriser. */
export function mayDo(store: Store, identity: Identity, wanted: Attributes): boolean {
  if (identity.groups.includes(MASTERS)) return true;
  const cluster = store.list(`clusterrolebindings.${GROUP}`);
  if (cluster.some((binding) => grants(store, binding, identity, wanted))) return true;
  if (wanted.kind === 'path' || wanted.namespace === '') return false;
  const local = store.list(`rolebindings.${GROUP}`).filter((binding) => binding.metadata.namespace === wanted.namespace);
  return local.some((binding) => grants(store, binding, identity, wanted));
}

function grants(store: Store, binding: KubeObject, identity: Identity, wanted: Attributes): boolean {
  if (!listAt(binding, 'subjects').some((subject) => isSubject(subject, binding.metadata.namespace ?? '', identity))) return false;
  const name = textAt(binding, 'roleRef', 'name');
  const role =
    textAt(binding, 'roleRef', 'kind') === 'ClusterRole'
      ? store.get(`clusterroles.${GROUP}`, name)
      : store.get(`roles.${GROUP}`, `${binding.metadata.namespace ?? ''}/${name}`);
  return listAt(role, 'rules').some((rule) => allows(rule, wanted));
}

function isSubject(subject: unknown, bindingNamespace: string, identity: Identity): boolean {
  const name = textAt(subject, 'name');
  switch (textAt(subject, 'kind')) {
    case 'User':
      return name === identity.username;
    case 'Group':
      return identity.groups.includes(name);
    case 'ServiceAccount': {
      const account = serviceAccountOf(identity.username);
      return account?.name === name && account.namespace === (textAt(subject, 'namespace') || bindingNamespace);
    }
    default:
      return false;
  }
}

function allows(rule: unknown, wanted: Attributes): boolean {
  if (!includes(rule, 'verbs', wanted.verb)) return false;
  if (wanted.kind === 'path') return listAt(rule, 'nonResourceURLs').some((pattern) => pathMatches(String(pattern), wanted.path));
  const names = listAt(rule, 'resourceNames');
  return includes(rule, 'apiGroups', wanted.group) && resourceMatches(rule, wanted.resource, wanted.subresource) && (names.length === 0 || names.includes(wanted.name));
}

function includes(rule: unknown, field: string, value: string): boolean {
  const list = listAt(rule, field);
  return list.includes('*') || list.includes(value);
}

// Patterns are: any, `pods`, `pods/status`, and any resource's `status`. A resource alone does not cover its subresources.
function resourceMatches(rule: unknown, resource: string, subresource: string): boolean {
  const resources = listAt(rule, 'resources');
  if (resources.includes('*')) return true;
  return subresource === '' ? resources.includes(resource) : resources.includes(`${resource}/${subresource}`) || resources.includes(`*/${subresource}`);
}

function pathMatches(pattern: string, path: string): boolean {
  return pattern === '*' || pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1)));
}
