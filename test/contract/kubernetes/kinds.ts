import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Client } from '../client.ts';
import { ABSENT, at, holds } from '../holds.ts';
import { base64, create, csr, MERGE, namespace, ok, RBAC } from './world.ts';

/** The rules of each kind beside certificate requests. */
export function kindsContract(use: () => Client): void {
  describe('secrets', () => {
    it('are Opaque by default, and keep stringData as data', async () => {
      const client = use();
      const made = await create(client, await pathOf(client, 'secrets'), { metadata: { name: 'one' }, data: { a: base64('1') }, stringData: { b: '2' } });
      holds(made, { type: 'Opaque', data: { a: base64('1'), b: base64('2') }, stringData: ABSENT });
    });

    it('of type kubernetes.io/tls need both keys, of other types none', async () => {
      const client = use();
      const path = await pathOf(client, 'secrets');
      const body = (name: string, type: string, ...keys: string[]) => ({ metadata: { name }, type, data: Object.fromEntries(keys.map((key) => [key, base64('x')])) });
      holds(await client.call('POST', path, { body: body('one', 'kubernetes.io/tls', 'tls.crt') }), { status: 422, body: { details: { causes: [{ reason: 'FieldValueRequired', field: 'data[tls.key]' }] } } });
      holds(await client.call('POST', path, { body: body('one', 'kubernetes.io/tls', 'tls.crt', 'tls.key', 'ca.crt') }), { status: 201 });
      holds(await client.call('POST', path, { body: body('two', 'example.com/own', 'tls.crt') }), { status: 201 });
    });

    it('hold base64 under keys that are file names', async () => {
      const client = use();
      const path = await pathOf(client, 'secrets');
      holds(await client.call('POST', path, { body: { metadata: { name: 'one' }, data: { a: 'not base64!' } } }), { status: 400 });
      holds(await client.call('POST', path, { body: { metadata: { name: 'one' }, data: { 'a/b': base64('x') } } }), { status: 422, body: { details: { causes: [{ field: 'data[a/b]' }] } } });
      holds(await client.call('POST', path, { body: { metadata: { name: 'one' }, data: { 'a_b-c.d': base64('x') } } }), { status: 201 });
    });

    it('do not change their type, and nothing at all once immutable', async () => {
      const client = use();
      const path = await pathOf(client, 'secrets');
      await create(client, path, { metadata: { name: 'one' }, data: { a: base64('1') } });
      const patch = (body: unknown) => client.call('PATCH', `${path}/one`, { body, type: MERGE });
      holds(await patch({ type: 'example.com/own' }), { status: 422, body: { details: { causes: [{ field: 'type' }] } } });
      holds(await patch({ data: { a: base64('2') } }), { status: 200 });
      holds(await patch({ immutable: true }), { status: 200 });
      holds(await patch({ data: { a: base64('3') } }), { status: 422, body: { details: { causes: [{ field: 'data' }] } } });
      holds(await patch({ immutable: false }), { status: 422, body: { details: { causes: [{ field: 'immutable' }] } } });
      holds(await patch({ metadata: { labels: { a: 'b' } } }), { status: 200 });
    });
  });

  describe('config maps', () => {
    it('hold text and bytes, under different keys', async () => {
      const client = use();
      const path = await pathOf(client, 'configmaps');
      holds(await client.call('POST', path, { body: { metadata: { name: 'one' }, data: { a: '' }, binaryData: { b: base64('x') } } }), { status: 201, body: { data: { a: '' }, binaryData: { b: base64('x') } } });
      holds(await client.call('POST', path, { body: { metadata: { name: 'two' }, data: { a: 'x' }, binaryData: { a: base64('x') } } }), { status: 422, body: { details: { causes: [{ field: 'data[a]' }] } } });
      holds(await client.call('POST', path, { body: { metadata: { name: 'two' }, data: { 'a b': 'x' } } }), { status: 422, body: { details: { causes: [{ field: 'data[a b]' }] } } });
    });

    it('hold no more than 1 MiB', async () => {
      const client = use();
      const path = await pathOf(client, 'configmaps');
      const body = (size: number) => ({ metadata: { name: 'one' }, data: { a: 'x'.repeat(size) } });
      holds(await client.call('POST', path, { body: body(1024 * 1024 + 1) }), { status: 422, body: { details: { causes: [{ reason: 'FieldValueTooLong' }] } } });
      holds(await client.call('POST', path, { body: body(1024 * 1024) }), { status: 201 });
    });
  });

  describe('namespaces', () => {
    it('are Active, labelled with their name, and named as DNS labels', async () => {
      const client = use();
      const name = client.unique('ns');
      holds(await client.call('POST', '/api/v1/namespaces', { body: { metadata: { name } } }), { status: 201, body: { metadata: { labels: { 'kubernetes.io/metadata.name': name } }, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } } });
      holds(await client.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'a.b' } } }), { status: 422, body: { details: { causes: [{ field: 'metadata.name' }] } } });
      holds(await client.call('GET', '/api/v1/namespaces?fieldSelector=status.phase%3DActive'), { status: 200 });
    });

    it('that are deleted say Terminating', async () => {
      const client = use();
      const name = await namespace(client);
      holds(await client.call('DELETE', `/api/v1/namespaces/${name}`), { status: 200, body: { kind: 'Namespace', metadata: { deletionTimestamp: /Z$/ }, status: { phase: 'Terminating' } } });
    });

    it('that every cluster has are there', async () => {
      for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) holds(await use().call('GET', `/api/v1/namespaces/${name}`), { status: 200 });
    });
  });

  describe('service accounts', () => {
    it('show themselves when deleted', async () => {
      const client = use();
      const path = await pathOf(client, 'serviceaccounts');
      await create(client, path, { metadata: { name: 'one' } });
      holds(await client.call('DELETE', `${path}/one`), { status: 200, body: { kind: 'ServiceAccount', metadata: { name: 'one' } } });
    });
  });

  describe('events', () => {
    const event = (name: string, involvedObject: unknown, more: Record<string, unknown> = {}) => ({ metadata: { name }, involvedObject, reason: 'Because', message: 'so', type: 'Warning', source: { component: 'test' }, ...more });

    it('about a certificate request live in default', async () => {
      const client = use();
      const name = (await csr(client)).split('/').at(-1);
      const about = { kind: 'CertificateSigningRequest', apiVersion: 'certificates.k8s.io/v1', name };
      const home = await namespace(client);
      holds(await client.call('POST', `/api/v1/namespaces/${home}/events`, { body: event(client.unique('e'), about) }), { status: 422, body: { details: { causes: [{ field: 'involvedObject.namespace' }] } } });
      holds(await client.call('POST', '/api/v1/namespaces/default/events', { body: event(client.unique('e'), about) }), { status: 201 });
      const found = ok(await client.call('GET', `/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3D${name ?? ''},reason%3DBecause,type%3DWarning,source%3Dtest`));
      assert.equal((at(found, 'items') as unknown[]).length, 1);
    });

    it('about something in a namespace live in it', async () => {
      const client = use();
      const home = await namespace(client);
      holds(await client.call('POST', `/api/v1/namespaces/${home}/events`, { body: event('one', { kind: 'Secret', name: 'x', namespace: 'default' }) }), { status: 422 });
      holds(await client.call('POST', `/api/v1/namespaces/${home}/events`, { body: event('one', { kind: 'Secret', name: 'x', namespace: home }) }), { status: 201 });
    });

    it('with an eventTime need the fields of the newer API', async () => {
      const client = use();
      const modern = { eventTime: '2026-01-01T00:00:00.000000Z', reportingComponent: 'example.com/test', reportingInstance: 'x', action: 'Test' };
      const post = (more: Record<string, unknown>) => client.call('POST', '/api/v1/namespaces/default/events', { body: event(client.unique('e'), { kind: 'Namespace', name: 'x' }, more) });
      for (const field of ['reportingComponent', 'reportingInstance', 'action']) {
        const answer = await post({ ...modern, [field]: undefined });
        holds(answer, { status: 422 });
        assert.equal(at(answer.body, 'details.causes.0.field'), field);
      }
      holds(await post({ ...modern, message: 'x'.repeat(1025) }), { status: 422 });
      holds(await post({ ...modern, message: 'x'.repeat(1024) }), { status: 201 });
      holds(await post({ message: 'x'.repeat(1025) }), { status: 201 });
    });

    it('are made by an update where there is none, and changed by a patch', async () => {
      const client = use();
      const name = client.unique('e');
      const path = `/api/v1/namespaces/default/events/${name}`;
      holds(await client.call('PUT', path, { body: event(name, { kind: 'Namespace', name: 'x' }) }), { status: 201 });
      holds(await client.call('PATCH', path, { body: { count: 2 }, type: MERGE }), { status: 200, body: { count: 2 } });
    });
  });

  describe('roles and bindings', () => {
    it('a rule needs verbs, groups and resources, or verbs and paths', async () => {
      const client = use();
      const post = (rule: unknown) => client.call('POST', `${RBAC}/clusterroles`, { body: { metadata: { name: client.unique('role') }, rules: [rule] } });
      holds(await post({ apiGroups: [''], resources: ['secrets'] }), { status: 422, body: { details: { causes: [{ field: 'rules[0].verbs' }] } } });
      holds(await post({ verbs: ['get'], resources: ['secrets'] }), { status: 422, body: { details: { causes: [{ field: 'rules[0].apiGroups' }] } } });
      holds(await post({ verbs: ['get'], apiGroups: [''] }), { status: 422, body: { details: { causes: [{ field: 'rules[0].resources' }] } } });
      holds(await post({ verbs: ['get'], nonResourceURLs: ['/x'], apiGroups: [''], resources: ['secrets'] }), { status: 422, body: { details: { causes: [{ field: 'rules[0].nonResourceURLs' }] } } });
      holds(await post({ verbs: ['get'], nonResourceURLs: ['/x'] }), { status: 201 });
      holds(await post({ verbs: ['get'], apiGroups: [''], resources: ['secrets'] }), { status: 201 });
      const local = { metadata: { name: 'one' }, rules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }] };
      holds(await client.call('POST', `${RBAC}/namespaces/default/roles`, { body: local }), { status: 422 });
    });

    it('a binding names a role for good, and subjects that are some', async () => {
      const client = use();
      const name = client.unique('binding');
      const path = `${RBAC}/namespaces/default/rolebindings`;
      const body = (roleRef: Record<string, string>, subject: Record<string, string>) => ({ metadata: { name }, roleRef, subjects: [subject] });
      const user = { kind: 'User', name: 'jo' };
      holds(await client.call('POST', path, { body: body({ kind: 'Pod', name: 'x' }, user) }), { status: 422, body: { details: { causes: [{ field: 'roleRef.kind' }] } } });
      holds(await client.call('POST', path, { body: body({ kind: 'Role', name: 'x' }, { kind: 'Robot', name: 'jo' }) }), { status: 422, body: { details: { causes: [{ field: 'subjects[0].kind' }] } } });
      holds(await client.call('POST', path, { body: body({ kind: 'Role', name: 'x' }, user) }), { status: 201, body: { roleRef: { apiGroup: 'rbac.authorization.k8s.io' }, subjects: [{ apiGroup: 'rbac.authorization.k8s.io' }] } });
      holds(await client.call('PATCH', `${path}/${name}`, { body: { roleRef: { name: 'y' } }, type: MERGE }), { status: 422, body: { details: { causes: [{ field: 'roleRef' }] } } });
      holds(await client.call('PATCH', `${path}/${name}`, { body: { subjects: [{ kind: 'Group', name: 'a', apiGroup: 'rbac.authorization.k8s.io' }] }, type: MERGE }), { status: 200 });
      const cluster = (roleRef: Record<string, string>) => client.call('POST', `${RBAC}/clusterrolebindings`, { body: { metadata: { name }, roleRef, subjects: [{ kind: 'ServiceAccount', name: 'a', namespace: 'b' }] } });
      holds(await cluster({ kind: 'Role', name: 'x' }), { status: 422, body: { details: { causes: [{ field: 'roleRef.kind' }] } } });
      holds(await cluster({ kind: 'ClusterRole', name: 'x' }), { status: 201 });
    });
  });
}

async function pathOf(client: Client, resource: string): Promise<string> {
  return `/api/v1/namespaces/${await namespace(client)}/${resource}`;
}
