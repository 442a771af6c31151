import { describe, it } from 'node:test';
import type { Client } from '../client.ts';
import { at, holds, textOf } from '../holds.ts';
import { create, csr, CSRS, eventually, namespace, ok, RBAC, userWith } from './world.ts';

const REVIEWS = '/apis/authorization.k8s.io/v1';

/** Who one is, and what one may. */
export function accessContract(use: () => Client): void {
  describe('authentication', () => {
    it('an unknown token is 401, no token is the anonymous user', async () => {
      const client = use();
      holds(await client.call('GET', '/api/v1/namespaces', { token: 'nonsense' }), { status: 401, body: { kind: 'Status', reason: 'Unauthorized', message: 'Unauthorized', code: 401 } });
      holds(await client.call('GET', '/api/v1/namespaces', { token: null }), {
        status: 403, body: { reason: 'Forbidden', message: 'namespaces is forbidden: User "system:anonymous" cannot list resource "namespaces" in API group "" at the cluster scope' },
      });
      holds(await client.call('GET', '/version', { token: null }), { status: 200 });
    });

    it('a service account\'s token is that account until the account is gone', async () => {
      const client = use();
      const home = await namespace(client);
      const accounts = `/api/v1/namespaces/${home}/serviceaccounts`;
      const made = await create(client, accounts, { metadata: { name: 'one' } });
      const answer = await create(client, `${accounts}/one/token`, { spec: { expirationSeconds: 3600 } });
      holds(answer, { kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', spec: { expirationSeconds: 3600 }, status: { token: /./, expirationTimestamp: /Z$/ } });
      const token = textOf(answer, 'status.token');
      holds(await whoami(client, token), {
        status: 201,
        body: { status: { userInfo: { username: `system:serviceaccount:${home}:one`, uid: at(made, 'metadata.uid'), groups: ['system:serviceaccounts', `system:serviceaccounts:${home}`, 'system:authenticated'] } } },
      });
      ok(await client.call('DELETE', `${accounts}/one`));
      await eventually(async () => (await whoami(client, token)).status === 401, 20);
    });

    it('a token for another audience logs nobody in, and one for less than ten minutes is refused', async () => {
      const client = use();
      const accounts = `/api/v1/namespaces/${await namespace(client)}/serviceaccounts`;
      await create(client, accounts, { metadata: { name: 'one' } });
      const other = await create(client, `${accounts}/one/token`, { spec: { audiences: ['istio-ca'] } });
      holds(other, { spec: { audiences: ['istio-ca'] } });
      holds(await whoami(client, textOf(other, 'status.token')), { status: 401 });
      holds(await client.call('POST', `${accounts}/one/token`, { body: { spec: { expirationSeconds: 599 } } }), { status: 422, body: { details: { causes: [{ field: 'spec.expirationSeconds' }] } } });
      holds(await client.call('POST', `${accounts}/one/token`, { body: { spec: { expirationSeconds: 600 } } }), { status: 201 });
      holds(await client.call('POST', `${accounts}/none/token`, { body: { spec: {} } }), { status: 404 });
    });

    it('an admin impersonates users, groups and service accounts; anybody else may not', async () => {
      const client = use();
      const review = { method: 'POST', path: '/apis/authentication.k8s.io/v1/selfsubjectreviews' };
      const who = (user: string, groups: readonly string[] = []) => client.call(review.method, review.path, { body: {}, as: { user, groups } });
      holds(await who('jo', ['a', 'b']), { status: 201, body: { status: { userInfo: { username: 'jo', groups: ['a', 'b', 'system:authenticated'] } } } });
      holds(await who('system:serviceaccount:ns:sa'), { status: 201, body: { status: { userInfo: { groups: ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'] } } } });
      const accounts = `/api/v1/namespaces/${await namespace(client)}/serviceaccounts`;
      await create(client, accounts, { metadata: { name: 'one' } });
      const token = textOf(await create(client, `${accounts}/one/token`, { spec: {} }), 'status.token');
      holds(await client.call(review.method, review.path, { body: {}, token, as: { user: 'jo' } }), { status: 403, body: { message: /cannot impersonate/ } });
    });
  });

  describe('authorisation', () => {
    it('names user, verb, resource, group and place in its refusal', async () => {
      const client = use();
      const as = { user: client.unique('nobody') };
      const home = await namespace(client);
      const said = async (method: string, path: string, message: string, details: Record<string, string>) =>
        holds(await client.call(method, path, { as, ...(method === 'GET' ? {} : { body: {} }) }), { status: 403, body: { kind: 'Status', status: 'Failure', reason: 'Forbidden', message, details, code: 403 } });
      const user = `User "${as.user}" cannot`;
      await said('GET', '/api/v1/secrets', `secrets is forbidden: ${user} list resource "secrets" in API group "" at the cluster scope`, { kind: 'secrets' });
      await said('GET', `/api/v1/namespaces/${home}/secrets/x`, `secrets "x" is forbidden: ${user} get resource "secrets" in API group "" in the namespace "${home}"`, { name: 'x', kind: 'secrets' });
      await said('GET', `${CSRS}?watch=true`, `certificatesigningrequests.certificates.k8s.io is forbidden: ${user} watch resource "certificatesigningrequests" in API group "certificates.k8s.io" at the cluster scope`, { group: 'certificates.k8s.io', kind: 'certificatesigningrequests' });
      await said('PATCH', `${CSRS}/x/status`, `certificatesigningrequests.certificates.k8s.io "x" is forbidden: ${user} patch resource "certificatesigningrequests/status" in API group "certificates.k8s.io" at the cluster scope`, { name: 'x' });
      await said('DELETE', '/api/v1/namespaces/x', `namespaces "x" is forbidden: ${user} delete resource "namespaces" in API group "" in the namespace "x"`, { name: 'x', kind: 'namespaces' });
      await said('POST', `/api/v1/namespaces/${home}/events`, `events is forbidden: ${user} create resource "events" in API group "" in the namespace "${home}"`, { kind: 'events' });
      await said('GET', '/metrics', `forbidden: ${user} get path "/metrics"`, {});
    });

    it('is asked before anything is looked for', async () => {
      const client = use();
      const as = { user: client.unique('nobody') };
      holds(await client.call('GET', `${CSRS}/${client.unique('none')}`, { as }), { status: 403 });
      holds(await client.call('GET', '/apis/none.example.com/v1/things', { as }), { status: 403 });
      holds(await client.call('GET', '/apis/none.example.com/v1/things'), { status: 404 });
    });

    it('a rule gives its verbs on its resources and nothing beside', async () => {
      const client = use();
      const path = await csr(client);
      const as = await userWith(client, [{ apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'], verbs: ['get', 'list'] }]);
      holds(await client.call('GET', path, { as }), { status: 200 });
      holds(await client.call('GET', CSRS, { as }), { status: 200 });
      holds(await client.call('DELETE', path, { as }), { status: 403 });
      holds(await client.call('GET', `${path}/status`, { as }), { status: 403 });
      holds(await client.call('GET', '/api/v1/secrets', { as }), { status: 403 });
    });

    it('wildcards cover every verb, resource, group and subresource', async () => {
      const client = use();
      const path = await csr(client);
      const everything = await userWith(client, [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]);
      const subresource = await userWith(client, [{ apiGroups: ['certificates.k8s.io'], resources: ['*/status'], verbs: ['get'] }]);
      holds(await client.call('GET', `${path}/status`, { as: everything }), { status: 200 });
      holds(await client.call('GET', `${path}/status`, { as: subresource }), { status: 200 });
      holds(await client.call('GET', `${path}/approval`, { as: subresource }), { status: 403 });
      holds(await client.call('GET', path, { as: subresource }), { status: 403 });
    });

    it('resourceNames give these objects: to get, and to list and watch with the name as field selector, never to create', async () => {
      const client = use();
      const home = await namespace(client);
      const secrets = `/api/v1/namespaces/${home}/secrets`;
      for (const name of ['mine', 'other']) await create(client, secrets, { metadata: { name } });
      const as = await userWith(client, [{ apiGroups: [''], resources: ['secrets'], resourceNames: ['mine'], verbs: ['*'] }], { namespace: home });
      holds(await client.call('GET', `${secrets}/mine`, { as }), { status: 200 });
      holds(await client.call('GET', `${secrets}/other`, { as }), { status: 403 });
      holds(await client.call('GET', secrets, { as }), { status: 403 });
      holds(await client.call('GET', `${secrets}?fieldSelector=metadata.name%3Dmine`, { as }), { status: 200, body: { items: [{ metadata: { name: 'mine' } }] } });
      holds(await client.call('GET', `${secrets}?fieldSelector=metadata.name%3Dother`, { as }), { status: 403, body: { details: { name: 'other' } } });
      await using watch = await client.watch(`${secrets}?watch=true&fieldSelector=metadata.name%3Dmine`, { as });
      holds(await watch.next(), { type: 'ADDED', object: { metadata: { name: 'mine' } } });
      holds(await client.call('POST', secrets, { as, body: { metadata: { name: 'mine' } } }), { status: 403 });
    });

    it('a role counts in its namespace only, and so does a cluster role bound there', async () => {
      const client = use();
      const [home, away] = [await namespace(client), await namespace(client)];
      const rules = [{ apiGroups: [''], resources: ['secrets'], verbs: ['list'] }];
      const as = await userWith(client, rules, { namespace: home });
      holds(await client.call('GET', `/api/v1/namespaces/${home}/secrets`, { as }), { status: 200 });
      holds(await client.call('GET', `/api/v1/namespaces/${away}/secrets`, { as }), { status: 403 });
      holds(await client.call('GET', '/api/v1/secrets', { as }), { status: 403 });
      const name = client.unique('role');
      await create(client, `${RBAC}/clusterroles`, { metadata: { name }, rules });
      await create(client, `${RBAC}/namespaces/${home}/rolebindings`, { metadata: { name }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name }, subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name }] });
      const member = { user: 'somebody', groups: [name] };
      await eventually(async () => (await client.call('GET', `/api/v1/namespaces/${home}/secrets`, { as: member })).status === 200);
      holds(await client.call('GET', `/api/v1/namespaces/${away}/secrets`, { as: member }), { status: 403 });
    });

    it('a service account is bound by namespace and name', async () => {
      const client = use();
      const home = await namespace(client);
      const name = client.unique('role');
      await create(client, `${RBAC}/namespaces/${home}/roles`, { metadata: { name }, rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['list'] }] });
      await create(client, `${RBAC}/namespaces/${home}/rolebindings`, { metadata: { name }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name }, subjects: [{ kind: 'ServiceAccount', name: 'one', namespace: 'elsewhere' }] });
      const list = (user: string) => client.call('GET', `/api/v1/namespaces/${home}/secrets`, { as: { user } });
      await eventually(async () => (await list('system:serviceaccount:elsewhere:one')).status === 200);
      holds(await list(`system:serviceaccount:${home}:one`), { status: 403 });
    });

    it('answers access reviews about oneself and about others', async () => {
      const client = use();
      const as = await userWith(client, [{ apiGroups: [''], resources: ['secrets'], verbs: ['list'] }]);
      const question = (resource: string) => ({ resourceAttributes: { resource, verb: 'list' } });
      holds(await client.call('POST', `${REVIEWS}/selfsubjectaccessreviews`, { body: { spec: question('secrets') }, as }), { status: 201, body: { kind: 'SelfSubjectAccessReview', status: { allowed: true } } });
      holds(await client.call('POST', `${REVIEWS}/selfsubjectaccessreviews`, { body: { spec: question('pods') }, as }), { status: 201, body: { status: { allowed: false } } });
      holds(await client.call('POST', `${REVIEWS}/subjectaccessreviews`, { body: { spec: { ...question('secrets'), user: as.user } } }), { status: 201, body: { status: { allowed: true } } });
      holds(await client.call('POST', `${REVIEWS}/subjectaccessreviews`, { body: { spec: { ...question('pods'), user: as.user } } }), { status: 201, body: { status: { allowed: false } } });
      holds(await client.call('POST', `${REVIEWS}/subjectaccessreviews`, { body: { spec: { nonResourceAttributes: { path: '/version', verb: 'get' }, user: 'x', groups: ['system:authenticated'] } } }), { status: 201, body: { status: { allowed: true } } });
      holds(await client.call('POST', `${REVIEWS}/subjectaccessreviews`, { body: { spec: question('secrets') }, as }), { status: 403 });
      holds(await client.call('POST', `${REVIEWS}/selfsubjectaccessreviews`, { body: { spec: {} }, as }), { status: 422 });
    });
  });
}

function whoami(client: Client, token: string): ReturnType<Client['call']> {
  return client.call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { body: {}, token });
}
