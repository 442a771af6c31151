import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { applyConfigMap, watchConfigMap } from '../../src/adapters/kubernetes/configmaps.ts';
import { connect } from '../../src/adapters/kubernetes/connection.ts';
import type { Connection } from '../../src/adapters/kubernetes/connection.ts';
import { watchSecret, writeSecret } from '../../src/adapters/kubernetes/secrets.ts';
import type { SecretSnapshot } from '../../src/adapters/kubernetes/secrets.ts';
import { Unavailable } from '../../src/control/errors.ts';
import { startFakeApiserver, until } from '../support/fake-apiserver.ts';
import type { Exchange, FakeApiserver, FakeWatch } from '../support/fake-apiserver.ts';
import { silentLog } from '../support/ports.ts';

const LABELS = { 'app.kubernetes.io/name': 'signet', 'app.kubernetes.io/managed-by': 'signet' };
const NEVER = new AbortController().signal;
const stops: (() => Promise<void>)[] = [];
after(async () => {
  for (const stop of stops) await stop();
});

test('a Secret is shown decoded when it is known, again when its version changes, and as null when it is deleted', async () => {
  const { connection, watched } = await start();
  const seen: (SecretSnapshot | null)[] = [];
  const watch = await watched((signal) => watchSecret(connection, { namespace: 'foo', name: 'ca', log: silentLog(), signal, onChange: (secret) => void seen.push(secret) }));
  assert.equal(watch.query.get('fieldSelector'), 'metadata.name=ca');
  const secret = (version: string, crt: string): object => ({ metadata: { name: 'ca', namespace: 'foo', uid: 'u', resourceVersion: version, labels: { a: 'b' } }, data: { 'tls.crt': Buffer.from(crt).toString('base64') } });
  watch.send('ADDED', secret('1', 'one'));
  watch.send('BOOKMARK', initialEnd('1'));
  watch.send('MODIFIED', secret('2', 'two'));
  watch.send('MODIFIED', secret('2', 'two'));
  watch.send('DELETED', secret('3', 'two'));
  await until('the deletion is shown', () => seen.length === 3);
  assert.deepEqual(seen, [
    { uid: 'u', resourceVersion: '1', labels: { a: 'b' }, annotations: {}, data: { 'tls.crt': Buffer.from('one') } },
    { uid: 'u', resourceVersion: '2', labels: { a: 'b' }, annotations: {}, data: { 'tls.crt': Buffer.from('two') } },
    null,
  ]);
});

test('a Secret that is not there is told as null once the list is complete, not before', async () => {
  const { connection, watched } = await start();
  const seen: (SecretSnapshot | null)[] = [];
  const watch = await watched((signal) => watchSecret(connection, { namespace: 'foo', name: 'ca', log: silentLog(), signal, onChange: (secret) => void seen.push(secret) }));
  assert.deepEqual(seen, []);
  watch.send('BOOKMARK', initialEnd('1'));
  await until('null is shown', () => seen.length === 1);
  assert.deepEqual(seen, [null]);
});

test('a Secret is made when none was seen, and replaced whole under the version that was seen', async () => {
  const { connection, server, writes } = await start((exchange) => exchange.json({ metadata: {} }));
  const write = { namespace: 'signet-system', name: 'own', labels: { l: '1' }, annotations: { a: '1' } };
  assert.equal(await writeSecret(connection, { ...write, data: { 'tls.crt': Buffer.from('one'), 'ca.crt': undefined }, seen: null }, NEVER), 'written');
  assert.deepEqual(JSON.parse(writes[0]?.body ?? ''), { metadata: { name: 'own', labels: { l: '1' }, annotations: { a: '1' } }, type: 'Opaque', data: { 'tls.crt': 'b25l' } });
  const seen: SecretSnapshot = { uid: 'u', resourceVersion: '7', labels: {}, annotations: {}, data: { 'tls.crt': Buffer.from('zero'), 'old': Buffer.from('x') } };
  assert.equal(await writeSecret(connection, { ...write, data: { 'tls.crt': Buffer.from('one') }, seen }, NEVER), 'written');
  assert.deepEqual(JSON.parse(writes[1]?.body ?? ''), { metadata: { resourceVersion: '7', labels: { l: '1' }, annotations: { a: '1' } }, data: { 'tls.crt': 'b25l', 'old': null } });
  assert.deepEqual(server.calls, ['POST /api/v1/namespaces/signet-system/secrets', 'PATCH /api/v1/namespaces/signet-system/secrets/own']);
});

test('a Secret that somebody else made, changed or deleted since is a conflict', async () => {
  const seen: SecretSnapshot = { uid: 'u', resourceVersion: '7', labels: {}, annotations: {}, data: {} };
  for (const [status, reason, known] of [[409, 'AlreadyExists', null], [409, 'Conflict', seen], [404, 'NotFound', seen]] as const) {
    const { connection } = await start((exchange) => exchange.refuse(status, reason));
    assert.equal(await writeSecret(connection, { namespace: 'a', name: 'b', data: {}, seen: known }, NEVER), 'conflict');
  }
});

test('no failure to write a Secret repeats what was sent; one that may not quote it gives the server\'s words', async () => {
  for (const [status, quoted] of [[422, false], [400, false], [403, true], [503, true]] as const) {
    const { connection } = await start((exchange) => exchange.refuse(status, 'Trouble', 'because of KEY'));
    const data = { 'tls.key': Buffer.from('KEY') };
    await assert.rejects(writeSecret(connection, { namespace: 'a', name: 'b', data, seen: null }, NEVER), (error: unknown) => error instanceof Unavailable && error.message.includes('because of KEY') === quoted && error.message.includes(String(status)));
  }
});

test('a ConfigMap gets its key and labels, under the version it was read at, and keeps everything else', async () => {
  const { connection, writes } = await start((exchange) => {
    if (exchange.method === 'GET') exchange.json({ metadata: { name: 'mesh', resourceVersion: '7', labels: { theirs: 'x' } }, data: { other: 'y', mesh: 'old' } });
    else exchange.json({ metadata: {} });
  });
  assert.equal(await applyConfigMap(connection, { namespace: 'a', name: 'mesh', key: 'mesh', value: () => 'new' }, NEVER), 'written');
  assert.deepEqual(writes.map(({ method, body }) => `${method} ${body}`), [`PATCH ${JSON.stringify({ metadata: { resourceVersion: '7', labels: LABELS }, data: { mesh: 'new' } })}`]);
});

test('a ConfigMap that holds the text and the labels is left alone; without a label it is written', async () => {
  for (const [labels, result] of [[LABELS, 'unchanged'], [{ 'app.kubernetes.io/name': 'signet' }, 'written']] as const) {
    const { connection, writes } = await start((exchange) => exchange.json({ metadata: { resourceVersion: '7', labels }, data: { mesh: 'text' } }));
    assert.equal(await applyConfigMap(connection, { namespace: 'a', name: 'mesh', key: 'mesh', value: () => 'text' }, NEVER), result);
    assert.equal(writes.length, result === 'written' ? 1 : 0);
  }
});

test('a ConfigMap that is missing is made, and one that changes meanwhile is read again', async () => {
  let exists = false;
  const { connection, server } = await start((exchange) => {
    if (exchange.method === 'GET') return exists ? exchange.json({ metadata: { resourceVersion: '7' }, data: {} }) : exchange.refuse(404, 'NotFound');
    if (exchange.method === 'PATCH') return exchange.json({ metadata: {} });
    exists = true;
    exchange.refuse(409, 'AlreadyExists');
  });
  assert.equal(await applyConfigMap(connection, { namespace: 'a', name: 'mesh', key: 'mesh', value: () => 'new' }, NEVER), 'written');
  assert.deepEqual(server.calls.map((call) => call.split(' ')[0]), ['GET', 'POST', 'GET', 'PATCH']);
});

test('a ConfigMap that changes at each attempt, a missing right and a missing namespace are Unavailable with the reason', async () => {
  for (const [status, says] of [[409, 'each of 5 attempts'], [403, '"signet rbac"'], [422, 'cannot be written']] as const) {
    const { connection } = await start((exchange) => (exchange.method === 'GET' ? exchange.json({ metadata: { resourceVersion: '7' } }) : exchange.refuse(status, 'Trouble')));
    await assert.rejects(applyConfigMap(connection, { namespace: 'a', name: 'mesh', key: 'mesh', value: () => 'new' }, NEVER), (error: unknown) => error instanceof Unavailable && error.message.includes(says));
  }
  const { connection } = await start((exchange) => exchange.refuse(404, 'NotFound', 'namespaces "a" not found'));
  await assert.rejects(applyConfigMap(connection, { namespace: 'a', name: 'mesh', key: 'mesh', value: () => 'new' }, NEVER), (error: unknown) => error instanceof Unavailable && error.message.includes('does its namespace exist?'));
});

test('a ConfigMap is watched by its name, and drift is told with the whole data', async () => {
  const { connection, watched } = await start();
  const seen: unknown[] = [];
  const watch = await watched((signal) => watchConfigMap(connection, { namespace: 'a', name: 'mesh', log: silentLog(), signal, onChange: (data) => void seen.push(data) }));
  watch.send('ADDED', { metadata: { name: 'mesh', namespace: 'a', uid: 'u', resourceVersion: '1' } });
  watch.send('BOOKMARK', initialEnd('1'));
  watch.send('MODIFIED', { metadata: { name: 'mesh', namespace: 'a', uid: 'u', resourceVersion: '2' }, data: { mesh: 'drift' } });
  await until('the drift is shown', () => seen.length === 2);
  assert.deepEqual(seen, [{}, { mesh: 'drift' }]);
});

type Scene = {
  readonly connection: Connection;
  readonly server: FakeApiserver;
  readonly writes: Exchange[];
  /** Starts a watcher and resolves with its watch. */
  watched(run: (signal: AbortSignal) => Promise<void>): Promise<FakeWatch>;
};

async function start(answer: (exchange: Exchange) => void = () => undefined): Promise<Scene> {
  let watch: FakeWatch | null = null;
  const writes: Exchange[] = [];
  const server = await startFakeApiserver((exchange) => {
    if (exchange.query.has('watch')) {
      watch = exchange.watch();
      return;
    }
    if (exchange.method !== 'GET') writes.push(exchange);
    answer(exchange);
  });
  const connection = await connect({ kubeconfigText: server.kubeconfig, env: {}, userAgent: 'test', log: silentLog() });
  const abort = new AbortController();
  let running: Promise<void> = Promise.resolve();
  stops.push(async () => {
    abort.abort();
    await running;
    await server.stop();
    await connection.close();
  });
  return {
    connection,
    server,
    writes,
    async watched(run) {
      running = run(abort.signal);
      await until('the watch is open', () => watch !== null);
      return watch as unknown as FakeWatch;
    },
  };
}

function initialEnd(resourceVersion: string): object {
  return { metadata: { resourceVersion, annotations: { 'k8s.io/initial-events-end': 'true' } } };
}
