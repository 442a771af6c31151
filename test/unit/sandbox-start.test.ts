import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { humanDuration } from '../../src/sandbox/age.ts';
import { Failure } from '../../src/sandbox/failure.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { connectTo, type Client } from '../contract/client.ts';
import { at, holds } from '../contract/holds.ts';
import { CSRS, csr, csrBody, ok } from '../contract/kubernetes/world.ts';

const nothing = () => Promise.resolve();
const ADMIN = { user: 'admin', groups: ['system:masters'] };

function connect(sandbox: Sandbox, token = sandbox.token(ADMIN)): Client {
  return connectTo({ url: sandbox.url, ca: sandbox.ca, adminToken: token, forget: nothing, stop: nothing });
}

describe('the sandbox', () => {
  let sandbox: Sandbox;
  let clock = new Date('2030-01-01T00:00:00.500Z');
  const requests: string[] = [];
  before(async () => {
    sandbox = await startSandbox({ now: () => clock, onRequest: ({ method, path, user, status }) => requests.push(`${method} ${path} ${user} ${status}`) });
  });
  after(() => sandbox.stop());

  it('stands on 127.0.0.1 with a certificate that is its own CA, as its kubeconfig says', () => {
    assert.match(sandbox.url, /^https:\/\/127\.0\.0\.1:\d+$/);
    const certificate = new X509Certificate(sandbox.ca);
    assert.ok(certificate.verify(certificate.publicKey));
    assert.deepEqual([certificate.checkIP('127.0.0.1'), certificate.checkHost('localhost'), certificate.ca], ['127.0.0.1', 'localhost', true]);
    holds(parse(sandbox.kubeconfig({ token: 'abc' })), {
      kind: 'Config', clusters: [{ cluster: { server: sandbox.url, 'certificate-authority-data': Buffer.from(sandbox.ca).toString('base64') } }], users: [{ user: { token: 'abc' } }],
    });
  });

  it('knows the users that it made tokens for, by their groups', async () => {
    const config: unknown = parse(sandbox.kubeconfig({ user: 'jo', groups: ['team'] }));
    await using client = connect(sandbox, String(at(config, 'users.0.user.token')));
    holds(await client.call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { body: {} }), { body: { status: { userInfo: { username: 'jo', groups: ['team', 'system:authenticated'] } } } });
  });

  it('goes by the clock it was given', async () => {
    await using client = connect(sandbox);
    const path = await csr(client);
    holds(ok(await client.call('GET', path)), { metadata: { creationTimestamp: '2030-01-01T00:00:00Z' } });
    clock = new Date(clock.getTime() + 3 * 60_000);
    holds(ok(await client.call('GET', path, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' })), { rows: [{ cells: [/./, '3m', /./, /./, /./, 'Pending'] }] });
  });

  it('tells of every request, with who and how it ended', async () => {
    await using client = connect(sandbox);
    requests.length = 0;
    await client.call('GET', CSRS);
    await client.call('GET', '/api/v1/secrets/x');
    await client.call('GET', '/api/v1/secrets', { as: { user: 'jo' } });
    await client.call('GET', '/livez', { token: null });
    assert.deepEqual(requests, [`GET ${CSRS} admin 200`, 'GET /api/v1/secrets/x admin 405', 'GET /api/v1/secrets jo 403', 'GET /livez system:anonymous 200']);
  });

  it('loads manifests by the rules of the API, with nobody asking', () => {
    const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'loaded' }, rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }] };
    sandbox.load([role]);
    assert.equal(sandbox.store.get('clusterroles.rbac.authorization.k8s.io', 'loaded')?.kind, 'ClusterRole');
    const refused = (object: unknown, code: number) => assert.throws(() => sandbox.load([object]), (error) => error instanceof Failure && error.status.code === code);
    refused(role, 409);
    refused({ ...role, metadata: { name: 'other' }, rulez: [] }, 400);
    refused({ ...role, kind: 'Pod' }, 400);
    refused(csrBody({ spec: { usages: [] } }), 422);
  });

  it('refuses a port that is taken, and takes it when it is free', async () => {
    const port = Number(new URL(sandbox.url).port);
    await assert.rejects(startSandbox({ port }), { code: 'EADDRINUSE' });
    const other = await startSandbox();
    await other.stop();
    const again = await startSandbox({ port: Number(new URL(other.url).port) });
    assert.equal(again.url, other.url);
    await again.stop();
  });

  it('ends its watches when it stops', async () => {
    const own = await startSandbox();
    await using client = connect(own);
    const watch = await client.watch(`${CSRS}?watch=true&resourceVersion=${own.store.revision()}`);
    await own.stop();
    assert.equal(await watch.any(), undefined);
    await assert.rejects(client.call('GET', CSRS));
  });

  it('sends bookmarks while nothing happens, and a last one two seconds before the timeout', async () => {
    const own = await startSandbox({ bookmarkSeconds: 60 });
    await using client = connect(own);
    const watch = await client.watch(`${CSRS}?watch=true&allowWatchBookmarks=true&timeoutSeconds=3&resourceVersion=${own.store.revision()}`);
    holds(await watch.any(), { type: 'BOOKMARK', object: { kind: 'CertificateSigningRequest', apiVersion: 'certificates.k8s.io/v1', metadata: { resourceVersion: String(own.store.revision()) } } });
    assert.equal(await watch.any(), undefined);
    await own.stop();
  });
});

describe('a duration for people', () => {
  it('grows coarser with its length', () => {
    const cases: readonly [number, string][] = [
      [-2, '<invalid>'], [-1, '0s'], [0, '0s'], [119, '119s'], [120, '2m'], [125, '2m5s'], [600, '10m'], [7200, '120m'], [10800, '3h'], [12060, '3h21m'], [36000, '10h'],
      [172800, '2d'], [180000, '2d2h'], [691200, '8d'], [63072000, '2y'], [63158400, '2y1d'], [252288000, '8y'],
    ];
    for (const [seconds, text] of cases) assert.equal(humanDuration(seconds), text, String(seconds));
  });
});
