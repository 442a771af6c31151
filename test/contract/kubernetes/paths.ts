import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Client } from '../client.ts';
import { at, holds } from '../holds.ts';
import { CSRS, ok } from './world.ts';

/** Everything that is served and what clients find out about it. */
export function pathsContract(use: () => Client): void {
  describe('paths', () => {
    it('health and version answer anybody', async () => {
      const client = use();
      for (const path of ['/livez', '/readyz', '/healthz']) holds(await client.call('GET', path, { token: null }), { status: 200, body: 'ok' });
      holds(await client.call('GET', '/version', { token: null }), { status: 200, body: { major: /^\d+$/, minor: /^\d+/, gitVersion: /^v\d/ } });
    });

    it('a path that is not served is 404, a method that a resource has not is 405', async () => {
      const client = use();
      for (const path of ['/none', '/api/v2/things', '/apis/none.example.com', '/apis/none.example.com/v1', '/api/v1/things', `${CSRS}/x/none`]) holds(await client.call('GET', path), { status: 404 });
      holds(await client.call('POST', '/api/v1/secrets', { body: {} }), { status: 405 });
      holds(await client.call('PUT', CSRS, { body: {} }), { status: 405 });
      holds(await client.call('POST', `${CSRS}/x`, { body: {} }), { status: 405 });
      holds(await client.call('DELETE', '/api/v1/namespaces'), { status: 405 });
      holds(await client.call('GET', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'), { status: 405 });
    });

    it('discovery lists groups, resources, verbs, short names and subresources', async () => {
      const client = use();
      holds(ok(await client.call('GET', '/api')), { kind: 'APIVersions', versions: ['v1'] });
      const groups = at(ok(await client.call('GET', '/apis')), 'groups') as unknown[];
      for (const name of ['certificates.k8s.io', 'rbac.authorization.k8s.io', 'authorization.k8s.io', 'authentication.k8s.io']) {
        const group = groups.find((each) => at(each, 'name') === name);
        assert.ok((at(group, 'versions') as unknown[]).some((version) => at(version, 'groupVersion') === `${name}/v1`), name);
        holds(ok(await client.call('GET', `/apis/${name}`)), { kind: 'APIGroup', name });
      }
      const [core, certificates] = [await resources(client, '/api/v1'), await resources(client, '/apis/certificates.k8s.io/v1')];
      const all = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
      holds(certificates.get('certificatesigningrequests'), { kind: 'CertificateSigningRequest', namespaced: false, singularName: 'certificatesigningrequest', shortNames: ['csr'], verbs: all });
      for (const door of ['approval', 'status']) holds(certificates.get(`certificatesigningrequests/${door}`), { kind: 'CertificateSigningRequest', verbs: ['get', 'patch', 'update'] });
      for (const [name, kind, shortNames] of [['secrets', 'Secret'], ['configmaps', 'ConfigMap', ['cm']], ['serviceaccounts', 'ServiceAccount', ['sa']], ['events', 'Event', ['ev']]] as const) {
        holds(core.get(name), { kind, namespaced: true, verbs: all, ...(shortNames ? { shortNames } : {}) });
      }
      holds(core.get('namespaces'), { kind: 'Namespace', namespaced: false, shortNames: ['ns'], verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'] });
      holds(core.get('serviceaccounts/token'), { kind: 'TokenRequest', group: 'authentication.k8s.io', version: 'v1', verbs: ['create'] });
      const rbac = await resources(client, '/apis/rbac.authorization.k8s.io/v1');
      for (const name of ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings']) holds(rbac.get(name), { namespaced: !name.startsWith('cluster'), verbs: all });
    });

    it('OpenAPI says that the server validates fields', async () => {
      const client = use();
      const root = at(ok(await client.call('GET', '/openapi/v3')), 'paths') as Record<string, { serverRelativeURL: string }>;
      const document = ok(await client.call('GET', root['apis/certificates.k8s.io/v1']?.serverRelativeURL ?? ''));
      const { patch } = (at(document, 'paths') as Record<string, { patch: { parameters: unknown[]; [field: string]: unknown } }>)[`${CSRS}/{name}`] ?? { patch: { parameters: [] } };
      holds(patch['x-kubernetes-group-version-kind'], { group: 'certificates.k8s.io', version: 'v1', kind: 'CertificateSigningRequest' });
      assert.ok(patch.parameters.some((parameter) => at(parameter, 'name') === 'fieldValidation'));
    });
  });
}

async function resources(client: Client, path: string): Promise<Map<unknown, unknown>> {
  const list = ok(await client.call('GET', path));
  holds(list, { kind: 'APIResourceList', groupVersion: path.replace(/^\/apis?\//, '') });
  return new Map((at(list, 'resources') as unknown[]).map((resource) => [at(resource, 'name'), resource]));
}
