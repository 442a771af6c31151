import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect } from '../../src/adapters/kubernetes/connection.ts';
import { namespaceDirectory } from '../../src/adapters/kubernetes/namespaces.ts';
import { startFakeApiserver, until, type FakeWatch } from '../support/fake-apiserver.ts';
import { silentLog } from '../support/ports.ts';

const stops: (() => Promise<void>)[] = [];
after(async () => {
  for (const stop of stops) await stop();
});

test('nothing is known until the first list is complete, and then the labels that are asked for', async () => {
  const { directory, watch, changes, keys } = await start();
  watch.send('ADDED', namespace('foo', '1', { tenant: 'a', other: 'x' }));
  await until('the first namespace is looked at', () => keys.asked > 0);
  watch.send('ADDED', namespace('bare', '2'));
  assert.equal(directory.labels(), null);
  assert.equal(changes(), 0);
  watch.send('BOOKMARK', initialEnd('2'));
  await until('the list is complete', () => directory.labels() !== null);
  assert.deepEqual([...(directory.labels() ?? [])], [['foo', { tenant: 'a' }], ['bare', {}]]);
  assert.equal(changes(), 1);
});

test('a change is told when a label that is asked for changes, or a namespace comes or goes, and not else', async () => {
  const { directory, watch, changes } = await start();
  watch.send('ADDED', namespace('foo', '1', { tenant: 'a', other: 'x' }));
  watch.send('BOOKMARK', initialEnd('1'));
  await until('the list is complete', () => changes() === 1);
  watch.send('MODIFIED', namespace('foo', '2', { tenant: 'a', other: 'y' }));
  watch.send('MODIFIED', namespace('foo', '3', { tenant: 'b', other: 'y' }));
  await until('the label has changed', () => directory.labels()?.get('foo')?.['tenant'] === 'b');
  assert.equal(changes(), 2, 'not for the other label');
  watch.send('MODIFIED', namespace('foo', '4', { other: 'y' }));
  await until('the label is gone', () => directory.labels()?.get('foo')?.['tenant'] === undefined);
  watch.send('ADDED', namespace('bar', '5', { tenant: 'a' }));
  await until('the new one is there', () => directory.labels()?.has('bar') === true);
  watch.send('DELETED', namespace('foo', '6'));
  await until('the old one is gone', () => directory.labels()?.has('foo') === false);
  assert.equal(changes(), 5);
});

/** Tells how often it was asked. */
class AskedSet extends Set<string> {
  asked = 0;

  override has(key: string): boolean {
    this.asked += 1;
    return super.has(key);
  }
}

async function start() {
  let opened: FakeWatch | undefined;
  const server = await startFakeApiserver((exchange) => {
    assert.equal(exchange.path, '/api/v1/namespaces');
    opened = exchange.watch();
  });
  const log = silentLog();
  const connection = await connect({ kubeconfigText: server.kubeconfig, env: {}, userAgent: 'test', log });
  let count = 0;
  const keys = new AskedSet(['tenant']);
  const directory = namespaceDirectory({ connection, keys, log, onChange: () => (count += 1) });
  const end = new AbortController();
  const running = directory.run(end.signal);
  stops.push(async () => {
    end.abort();
    await running;
    await connection.close();
    await server.stop();
  });
  await until('the watch is open', () => opened !== undefined);
  return { directory, watch: opened as unknown as FakeWatch, changes: () => count, keys };
}

function namespace(name: string, resourceVersion: string, labels?: Record<string, string>): object {
  return { metadata: { name, uid: `uid of ${name}`, resourceVersion, ...(labels === undefined ? {} : { labels }) } };
}

function initialEnd(resourceVersion: string): object {
  return { metadata: { resourceVersion, annotations: { 'k8s.io/initial-events-end': 'true' } } };
}
