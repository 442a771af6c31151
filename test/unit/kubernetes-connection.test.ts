import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ApiFailure } from '../../src/adapters/kubernetes/api-failure.ts';
import { connect } from '../../src/adapters/kubernetes/connection.ts';
import type { ConnectOptions, Connection } from '../../src/adapters/kubernetes/connection.ts';
import { findKubeconfig } from '../../src/adapters/kubernetes/kubeconfig.ts';
import { Refusal } from '../../src/control/errors.ts';
import { kubeconfigFor, startFakeApiserver } from '../support/fake-apiserver.ts';
import type { Exchange, FakeApiserver } from '../support/fake-apiserver.ts';
import { silentLog } from '../support/ports.ts';

const directory = mkdtempSync(join(tmpdir(), 'signet-kubeconfig-'));
const stops: (() => Promise<void>)[] = [];
after(async () => {
  for (const stop of stops) await stop();
  rmSync(directory, { recursive: true });
});

test('the cluster is found by --kubeconfig, then KUBECONFIG, then the service account, then the home directory', () => {
  const all = { KUBECONFIG: '/one:/two', KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '6443', HOME: '/home/u' };
  const exists = (): boolean => true;
  assert.deepEqual(findKubeconfig({ kubeconfig: '/flag', env: all, exists }), { kind: 'files', files: ['/flag'] });
  assert.deepEqual(findKubeconfig({ env: all, exists }), { kind: 'files', files: ['/one', '/two'] });
  assert.deepEqual(findKubeconfig({ env: { ...all, KUBECONFIG: '' }, exists }), { kind: 'in-cluster', server: 'https://10.0.0.1:6443' });
  assert.deepEqual(findKubeconfig({ env: { ...all, KUBECONFIG: '', KUBERNETES_SERVICE_HOST: 'fd00::1' }, exists }), { kind: 'in-cluster', server: 'https://[fd00::1]:6443' });
  assert.deepEqual(findKubeconfig({ env: { HOME: '/home/u' }, exists }), { kind: 'files', files: ['/home/u/.kube/config'] });
  assert.throws(() => findKubeconfig({ env: { HOME: '/home/u', KUBERNETES_SERVICE_HOST: '10.0.0.1' }, exists: () => false }), (error: unknown) => error instanceof Refusal && error.message.includes('pass --kubeconfig FILE'));
});

test('a service account outside the cluster needs its token: without one the home directory is next', () => {
  const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1', HOME: '/home/u' };
  assert.equal(findKubeconfig({ env, exists: (path) => path.endsWith('/token') }).kind, 'in-cluster');
  assert.deepEqual(findKubeconfig({ env, exists: (path) => !path.endsWith('/token') }), { kind: 'files', files: ['/home/u/.kube/config'] });
});

for (const [what, text, says] of [
  ['no YAML', 'a: [', 'is not valid'],
  ['no current context', JSON.stringify({ ...(JSON.parse(kubeconfigFor('https://x', {})) as object), 'current-context': 'other' }), 'kubectl config use-context'],
  ['plain HTTP to another machine', kubeconfigFor('http://10.0.0.1:8080', {}), 'loopback only'],
  ['a server that is no URL', kubeconfigFor('apiserver', {}), 'must be an https URL'],
  ['a proxy', kubeconfigFor('https://x', {}).replace('"server":', '"proxy-url":"http://p","server":'), 'proxies are not supported'],
] as const) {
  test(`a kubeconfig with ${what} is refused, and the same kind of file without that is not`, async () => {
    await assert.rejects(open({ kubeconfigText: text }), (error: unknown) => error instanceof Refusal && error.message.includes(says));
    await open({ kubeconfigText: kubeconfigFor(what.includes('HTTP') ? 'http://127.0.0.1:8080' : 'https://x', {}) });
  });
}

test('a missing kubeconfig file is refused by name', async () => {
  await assert.rejects(open({ kubeconfig: join(directory, 'missing') }), (error: unknown) => error instanceof Refusal && error.message.includes(join(directory, 'missing')));
});

test('two files of KUBECONFIG are one: the first one\'s context, and clusters of both', async () => {
  const server = await start((exchange) => exchange.json({ ok: exchange.headers.authorization }));
  const whole = JSON.parse(server.kubeconfig) as Record<string, unknown>;
  writeFileSync(join(directory, 'contexts'), JSON.stringify({ ...whole, clusters: [] }));
  writeFileSync(join(directory, 'clusters'), JSON.stringify({ 'clusters': whole['clusters'], 'users': [], 'contexts': [], 'current-context': 'elsewhere' }));
  const connection = await open({ env: { KUBECONFIG: `${join(directory, 'contexts')}:${join(directory, 'clusters')}` } });
  assert.equal(await connection.transport.call({ method: 'GET', path: '/x' }), '{"ok":"Bearer test-token"}');
});

test('calls carry the token and the user agent, and a path in the server URL', async () => {
  const server = await start((exchange) => exchange.json([exchange.path, exchange.headers.authorization, exchange.headers['user-agent']]));
  const connection = await open({ kubeconfigText: kubeconfigFor(`${server.url}/k8s/clusters/c-1`, { token: 'abc' }) });
  assert.equal(await connection.transport.call({ method: 'GET', path: '/version' }), '["/k8s/clusters/c-1/version","Bearer abc","signet/test"]');
  assert.equal(connection.transport.server, `${server.url}/k8s/clusters/c-1`);
});

test('a token file ends with a newline and is read again when the server does not know the token any more', async () => {
  const file = join(directory, 'token');
  let valid = 'first';
  const server = await start((exchange) => (exchange.headers.authorization === `Bearer ${valid}` ? exchange.json('yes') : exchange.refuse(401, 'Unauthorized')));
  writeFileSync(file, 'first\n');
  const connection = await open({ kubeconfigText: kubeconfigFor(server.url, { tokenFile: file }) });
  assert.equal(await connection.transport.call({ method: 'GET', path: '/x' }), '"yes"');
  valid = 'second';
  writeFileSync(file, 'second\n');
  assert.equal(await connection.transport.call({ method: 'GET', path: '/x' }), '"yes"');
  assert.equal(server.calls.length, 3);
});

test('a token that is refused and is the same when read again is tried once, not twice', async () => {
  const server = await start((exchange) => exchange.refuse(401, 'Unauthorized'));
  const connection = await open({ kubeconfigText: server.kubeconfig });
  await assert.rejects(connection.transport.call({ method: 'GET', path: '/x' }), (error: unknown) => error instanceof ApiFailure && error.status === 401);
  assert.equal(server.calls.length, 1);
});

test('a plugin is asked once for many calls, and again after a 401', async () => {
  const counter = join(directory, 'runs');
  const plugin = join(directory, 'plugin.sh');
  writeFileSync(counter, '');
  writeFileSync(plugin, `printf x >> '${counter}'; n=$(wc -c < '${counter}' | tr -d ' '); printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t%s","expirationTimestamp":"2999-01-01T00:00:00Z"}}' "$n"`);
  let valid = 't1';
  const server = await start((exchange) => (exchange.headers.authorization === `Bearer ${valid}` ? exchange.json('yes') : exchange.refuse(401, 'Unauthorized')));
  const connection = await open({ kubeconfigText: kubeconfigFor(server.url, { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: '/bin/sh', args: [plugin] } }) });
  await Promise.all(Array.from({ length: 20 }, () => connection.transport.call({ method: 'GET', path: '/x' })));
  assert.equal(server.calls.length, 20);
  valid = 't2';
  await Promise.all(Array.from({ length: 20 }, () => connection.transport.call({ method: 'GET', path: '/x' })));
});

test('a plugin that fails is told as trouble of the credentials, without a call', async () => {
  const server = await start((exchange) => exchange.json('yes'));
  const connection = await open({ kubeconfigText: kubeconfigFor(server.url, { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: '/bin/false', args: [] } }) });
  await assert.rejects(connection.transport.call({ method: 'GET', path: '/x' }), (error: unknown) => error instanceof ApiFailure && error.status === 0 && error.message.includes('cannot read the credentials'));
  assert.deepEqual(server.calls, []);
});

test('two hundred calls at once share at most 64 connections, and later ones use them again', async () => {
  const server = await start((exchange) => exchange.json('yes'));
  const connection = await open({ kubeconfigText: server.kubeconfig });
  await Promise.all(Array.from({ length: 200 }, () => connection.transport.call({ method: 'GET', path: '/x' })));
  const opened = server.connections();
  assert.ok(opened <= 64, `${opened} connections`);
  await Promise.all(Array.from({ length: opened }, () => connection.transport.call({ method: 'GET', path: '/x' })));
  assert.equal(server.connections(), opened);
});

test('a failure names the call, the object and the server\'s words, and never the token', async () => {
  const server = await start((exchange) => exchange.refuse(503, 'ServiceUnavailable', 'etcd is\nleaderless', { 'retry-after': 'Thu, 01 Jan 2099 00:00:00 GMT' }));
  const connection = await open({ kubeconfigText: server.kubeconfig, now: () => new Date('2098-12-31T23:59:50Z') });
  await assert.rejects(connection.transport.call({ method: 'PUT', path: '/api/v1/secrets/foo?token=query', body: '{}' }), (error: unknown) => {
    assert.ok(error instanceof ApiFailure);
    assert.equal(error.message, 'PUT /api/v1/secrets/foo: 503 ServiceUnavailable: etcd is leaderless');
    assert.equal(error.retryAfter, 10);
    return true;
  });
});

test('a page of HTML from a proxy becomes one short line', async () => {
  const server = await start((exchange) => exchange.json(`<html>\n${'x'.repeat(5_000)}`, 502));
  const connection = await open({ kubeconfigText: server.kubeconfig });
  await assert.rejects(connection.transport.call({ method: 'GET', path: '/x' }), (error: unknown) => error instanceof ApiFailure && error.status === 502 && error.message.length < 1_100 && !error.message.includes('\n'));
});

test('a server that is not there is named with the reason', async () => {
  const server = await startFakeApiserver(() => undefined);
  await server.stop();
  const connection = await open({ kubeconfigText: server.kubeconfig });
  await assert.rejects(connection.transport.call({ method: 'GET', path: '/x' }), (error: unknown) => error instanceof ApiFailure && error.status === 0 && error.message.startsWith(`GET /x: no answer from ${server.url}: ECONNREFUSED`));
});

async function start(answer: (exchange: Exchange) => void): Promise<FakeApiserver> {
  const server = await startFakeApiserver(answer);
  stops.unshift(() => server.stop());
  return server;
}

async function open(options: Partial<ConnectOptions>): Promise<Connection> {
  const connection = await connect({ env: {}, userAgent: 'signet/test', log: silentLog(), ...options });
  stops.push(() => connection.close());
  return connection;
}
