import { invalid, notSupported, required, type Cause } from '../cause.ts';
import type { Shape } from '../objects/shape.ts';
import { isRecord, listAt, recordAt, sameJson, textAt, type Draft, type KubeObject } from '../objects/object.ts';
import { AGE, NAME } from './column.ts';
import { STORED_VERBS, type Column, type Kind } from './kind.ts';

const GROUP = 'rbac.authorization.k8s.io';
const TEXTS: Shape = { list: 'text' };
const ROLE_SHAPE: Readonly<Record<string, Shape>> = {
  rules: { list: { fields: { verbs: TEXTS, apiGroups: TEXTS, resources: TEXTS, resourceNames: TEXTS, nonResourceURLs: TEXTS } } },
  aggregationRule: 'any',
};
const BINDING_SHAPE: Readonly<Record<string, Shape>> = {
  subjects: { list: { fields: { kind: 'text', apiGroup: 'text', name: 'text', namespace: 'text' } } },
  roleRef: { fields: { apiGroup: 'text', kind: 'text', name: 'text' } },
};
const CREATED: Column = { name: 'Created At', type: 'string', cell: (role) => role.metadata.creationTimestamp };
const ROLE_REF: Column = { name: 'Role', type: 'string', cell: (binding) => `${textAt(binding, 'roleRef', 'kind')}/${textAt(binding, 'roleRef', 'name')}` };

/** Roles and bindings: stored, and evaluated by access/rbac.ts, so that manifests grant here what they grant in a cluster. */
export const RBAC_KINDS: readonly Kind[] = [
  roleKind('ClusterRole', 'clusterroles', false),
  roleKind('Role', 'roles', true),
  bindingKind('ClusterRoleBinding', 'clusterrolebindings', false),
  bindingKind('RoleBinding', 'rolebindings', true),
];

function roleKind(kind: string, plural: string, namespaced: boolean): Kind {
  return { ...common(kind, plural, namespaced), shape: ROLE_SHAPE, columns: [NAME, CREATED], rules: { validate: (draft) => ruleCauses(draft, namespaced) } };
}

function bindingKind(kind: string, plural: string, namespaced: boolean): Kind {
  return {
    ...common(kind, plural, namespaced),
    shape: BINDING_SHAPE,
    columns: [NAME, ROLE_REF, AGE, subjectColumn('Users', 'User'), subjectColumn('Groups', 'Group'), subjectColumn('ServiceAccounts', 'ServiceAccount')],
    rules: { fill, validate: (draft, old) => bindingCauses(draft, old, namespaced) },
  };
}

function common(kind: string, plural: string, namespaced: boolean): Omit<Kind, 'shape' | 'columns' | 'rules'> {
  return {
    group: GROUP, version: 'v1', plural, singular: kind.toLowerCase(), kind, shortNames: [], namespaced, verbs: STORED_VERBS, subresources: [],
    nameForm: 'path-segment', createdByUpdate: true, selectable: { 'metadata.name': 'metadata.name', ...(namespaced ? { 'metadata.namespace': 'metadata.namespace' } : {}) },
  };
}

/** Users and groups belong to the RBAC group, service accounts to the core one. */
function fill(draft: Draft): void {
  if (isRecord(draft.roleRef)) draft.roleRef.apiGroup ??= GROUP;
  for (const subject of listAt(draft, 'subjects').filter(isRecord)) if (subject.kind !== 'ServiceAccount') subject.apiGroup ??= GROUP;
}

function ruleCauses(draft: Draft, namespaced: boolean): readonly Cause[] {
  return listAt(draft, 'rules').flatMap((rule, index) => {
    const at = `rules[${index}]`;
    const causes = listAt(rule, 'verbs').length === 0 ? [required(`${at}.verbs`, 'verbs must contain at least one value')] : [];
    const paths = listAt(rule, 'nonResourceURLs');
    const [groups, resources] = [listAt(rule, 'apiGroups'), listAt(rule, 'resources')];
    if (paths.length > 0) {
      if (namespaced) causes.push(invalid(`${at}.nonResourceURLs`, paths, 'namespaced rules cannot apply to non-resource URLs'));
      if (groups.length + resources.length > 0) causes.push(invalid(`${at}.nonResourceURLs`, paths, 'rules cannot apply to both regular resources and non-resource URLs'));
      return causes;
    }
    if (groups.length === 0) causes.push(required(`${at}.apiGroups`, 'resource rules must supply at least one api group'));
    if (resources.length === 0) causes.push(required(`${at}.resources`, 'resource rules must supply at least one resource'));
    return causes;
  });
}

function bindingCauses(draft: Draft, old: KubeObject | undefined, namespaced: boolean): readonly Cause[] {
  const ref = recordAt(draft, 'roleRef');
  const kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
  const causes: Cause[] = [];
  if (ref.apiGroup !== GROUP) causes.push(notSupported('roleRef.apiGroup', ref.apiGroup ?? '', [GROUP]));
  if (!kinds.includes(textAt(ref, 'kind'))) causes.push(notSupported('roleRef.kind', ref.kind ?? '', kinds));
  if (textAt(ref, 'name') === '') causes.push(required('roleRef.name'));
  if (old !== undefined && !sameJson(old.roleRef, draft.roleRef)) causes.push(invalid('roleRef', ref, 'field is immutable'));
  return [...causes, ...listAt(draft, 'subjects').flatMap((subject, index) => subjectCauses(subject, `subjects[${index}]`, namespaced))];
}

function subjectCauses(subject: unknown, at: string, namespaced: boolean): readonly Cause[] {
  const causes = textAt(subject, 'name') === '' ? [required(`${at}.name`)] : [];
  const kind = textAt(subject, 'kind');
  if (!['ServiceAccount', 'User', 'Group'].includes(kind)) return [...causes, notSupported(`${at}.kind`, kind, ['ServiceAccount', 'User', 'Group'])];
  const group = kind === 'ServiceAccount' ? '' : GROUP;
  if (textAt(subject, 'apiGroup') !== group) causes.push(notSupported(`${at}.apiGroup`, textAt(subject, 'apiGroup'), [group]));
  if (kind === 'ServiceAccount' && !namespaced && textAt(subject, 'namespace') === '') causes.push(required(`${at}.namespace`));
  return causes;
}

function subjectColumn(name: string, kind: string): Column {
  return {
    name, type: 'string', priority: 1,
    cell: (binding) =>
      listAt(binding, 'subjects')
        .filter((subject) => textAt(subject, 'kind') === kind)
        .map((subject) => (kind === 'ServiceAccount' ? `${textAt(subject, 'namespace')}/${textAt(subject, 'name')}` : textAt(subject, 'name')))
        .join(', '),
  };
}
