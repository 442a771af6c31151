import { recordAt, textAt, type Draft, type KubeObject } from '../objects/object.ts';
import { AGE, NAME } from './column.ts';
import type { Kind } from './kind.ts';

export const NAMESPACE: Kind = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  singular: 'namespace',
  kind: 'Namespace',
  shortNames: ['ns'],
  namespaced: false,
  // No deletecollection: the API server has none for namespaces either.
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  subresources: ['status'],
  nameForm: 'label',
  selectable: { 'metadata.name': 'metadata.name', 'status.phase': 'status.phase' },
  shape: { spec: { fields: { finalizers: { list: 'text' } } }, status: { fields: { phase: 'text', conditions: { list: 'any' } } } },
  columns: [NAME, { name: 'Status', type: 'string', cell: (namespace) => textAt(namespace, 'status', 'phase') }, AGE],
  rules: { fill, prepareCreate, prepareUpdate },
};

/** Made at start in every cluster. */
export const FIRST_NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

/** Selectors of NetworkPolicies and webhooks count on this label. */
function fill(draft: Draft): void {
  const name = textAt(draft, 'metadata', 'name');
  if (name !== '') draft.metadata.labels = { ...recordAt(draft.metadata, 'labels'), 'kubernetes.io/metadata.name': name };
}

function prepareCreate(draft: Draft): void {
  fill(draft);
  draft.spec = { finalizers: ['kubernetes'] };
  draft.status = { phase: 'Active' };
}

function prepareUpdate(draft: Draft, old: KubeObject, subresource: string): void {
  draft.spec = old.spec;
  if (subresource !== 'status') draft.status = old.status;
}
