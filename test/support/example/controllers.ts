import assert from 'node:assert/strict';
import { secretFiles, testRoot } from '../authority.ts';
import { tlsSecret } from '../ca-secret.ts';
import { parseDuration } from '../../../src/core/duration.ts';
import type { Api, KubernetesObject } from '../rig/api.ts';

type Certificate = {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: { readonly isCA: boolean; readonly commonName: string; readonly secretName: string; readonly duration?: string; readonly privateKey: { readonly algorithm: string; readonly size: number } };
  readonly status?: unknown;
};

const CERT_MANAGER = '/apis/cert-manager.io/v1';

/** What cert-manager does with the Certificates of an example: a self-signed CA in the Secret that each names, then Ready. */
export async function playCertManager({ find, apply, call }: Api): Promise<void> {
  const { items } = (await find<{ items: Certificate[] }>(`${CERT_MANAGER}/certificates`)) ?? { items: [] };
  for (const { metadata, spec } of items.filter(({ status }) => status === undefined)) {
    const { isCA, commonName, duration = '2160h', privateKey } = spec;
    assert.deepEqual([isCA, privateKey.algorithm, privateKey.size], [true, 'ECDSA', 256]);
    const authority = testRoot({ name: commonName, key: 'P-256', notBefore: new Date(), notAfter: new Date(Date.now() + (parseDuration(duration) ?? 0) * 1000) });
    await apply(tlsSecret({ namespace: metadata.namespace, name: spec.secretName, labels: { 'controller.cert-manager.io/fao': 'true' } }, secretFiles(authority)));
    const status = { conditions: [{ type: 'Ready', status: 'True', reason: 'Ready', message: 'Certificate is up to date and has not expired', lastTransitionTime: new Date().toISOString() }] };
    await call('PATCH', `${CERT_MANAGER}/namespaces/${metadata.namespace}/certificates/${metadata.name}/status`, { status }, 'application/merge-patch+json');
  }
}

/** What may be in a namespace of an example. */
const CONTENTS = [
  ...['configmaps', 'secrets', 'serviceaccounts', 'services', 'events'].map((plural) => ({ root: '/api/v1', plural })),
  { root: '/apis/apps/v1', plural: 'deployments' },
  ...['roles', 'rolebindings'].map((plural) => ({ root: '/apis/rbac.authorization.k8s.io/v1', plural })),
  { root: CERT_MANAGER, plural: 'certificates' },
  { root: '/apis/networking.istio.io/v1beta1', plural: 'proxyconfigs' },
];

/** What the namespace controller does: empties a namespace that is being deleted, and lets it go. */
export async function playNamespaces({ list, find, call }: Api): Promise<void> {
  const ending = (await list<KubernetesObject>('/api/v1/namespaces')).filter(({ metadata }) => metadata['deletionTimestamp'] !== undefined);
  for (const namespace of ending) {
    const { name = '' } = namespace.metadata;
    for (const { root, plural } of CONTENTS) {
      const path = `${root}/namespaces/${name}/${plural}`;
      if ((await find(path)) !== undefined) await call('DELETE', path);
    }
    await call('PUT', `/api/v1/namespaces/${name}/finalize`, { ...namespace, spec: { finalizers: [] } });
  }
}

export type Definition = KubernetesObject & { readonly spec: { readonly group: string; readonly names: Readonly<Record<'kind' | 'plural' | 'singular', string>>; readonly versions: readonly [{ readonly name: string; readonly [key: string]: unknown }]; readonly scope: string } };

/** The definition of a namespaced or cluster-wide kind that takes any field and has a status. */
export function openDefinition(group: string, version: string, kind: string, scope: 'Namespaced' | 'Cluster'): Definition {
  const plural = `${kind.toLowerCase()}s`;
  const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: { group, scope, names: { kind, plural, singular: kind.toLowerCase() }, versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema }, subresources: { status: {} } }] },
  };
}
