import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { connectTo, type Client } from '../contract/client.ts';
import { holds, textOf } from '../contract/holds.ts';
import { create, csr, CSRS, ok } from '../contract/kubernetes/world.ts';

describe('trouble is ordered and then it is there', () => {
  let sandbox: Sandbox;
  let client: Client;
  before(async () => {
    sandbox = await startSandbox({ bookmarkSeconds: 0.05 });
    client = connectTo({ url: sandbox.url, ca: sandbox.ca, adminToken: sandbox.token({ user: 'admin', groups: ['system:masters'] }), forget: () => Promise.resolve(), stop: () => Promise.resolve() });
  });
  beforeEach(() => assert.deepEqual(sandbox.watches(), []));
  after(async () => {
    await client[Symbol.asyncDispose]();
    await sandbox.stop();
  });

  it('the next requests are answered with the status that was ordered, and then no more', async () => {
    const order = sandbox.trouble({ mishap: { status: 429, retryAfter: 3 }, times: 2 });
    for (let time = 0; time < 2; time += 1) {
      holds(await client.call('GET', CSRS), { status: 429, headers: { 'retry-after': '3' }, body: { kind: 'Status', reason: 'TooManyRequests', details: { retryAfterSeconds: 3 } } });
    }
    ok(await client.call('GET', CSRS));
    assert.equal(order.hits(), 2);
  });

  it('only requests that the predicate names meet it', async () => {
    const order = sandbox.trouble({ mishap: { status: 503 }, when: ({ verb, resource, user }) => verb === 'list' && resource === 'secrets' && user === 'admin', times: Infinity });
    ok(await client.call('GET', CSRS));
    for (const status of [503, 503]) holds(await client.call('GET', '/api/v1/secrets'), { status });
    order.stop();
    ok(await client.call('GET', '/api/v1/secrets'));
  });

  it('a reset connection leaves nothing done, a lost answer leaves it all done', async () => {
    const post = (name: string) => client.call('POST', '/api/v1/namespaces', { body: { metadata: { name } } });
    sandbox.trouble({ mishap: 'reset' });
    await assert.rejects(post('reset'), { code: 'ECONNRESET' });
    assert.equal(sandbox.store.get('namespaces', 'reset'), undefined);
    sandbox.trouble({ mishap: 'lost' });
    await assert.rejects(post('lost'), { code: 'ECONNRESET' });
    assert.notEqual(sandbox.store.get('namespaces', 'lost'), undefined);
  });

  it('a hanging request is never answered, and does not keep the sandbox from stopping', async () => {
    const own = await startSandbox();
    const to = connectTo({ url: own.url, ca: own.ca, adminToken: own.token({ user: 'admin', groups: ['system:masters'] }), forget: () => Promise.resolve(), stop: () => Promise.resolve() });
    const order = own.trouble({ mishap: 'hang' });
    const answer = assert.rejects(to.call('GET', CSRS));
    while (order.hits() === 0) await new Promise((resolve) => setImmediate(resolve));
    await own.stop();
    await answer;
    await to[Symbol.asyncDispose]();
  });

  it('a watch is closed, failed or cut, and another goes on from where it was', async () => {
    const version = textOf(ok(await client.call('GET', CSRS)), 'metadata.resourceVersion');
    const path = `${CSRS}?watch=true&resourceVersion=${version}`;
    const first = await csr(client);
    for (const [end, seen] of [['close', undefined], ['fail', 'ERROR'], ['reset', 'ECONNRESET']] as const) {
      const watch = await client.watch(path);
      holds(await watch.next(), { type: 'ADDED', object: { metadata: { name: first.split('/').at(-1) } } });
      const [open] = sandbox.watches();
      assert.equal(open?.resource, 'certificatesigningrequests.certificates.k8s.io');
      if (end === 'fail') open.fail({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'InternalError', message: 'ordered', code: 500 });
      else open[end]();
      const found = await watch.any().then((event) => event?.type, (error: { code?: string }) => error.code);
      assert.equal(found, seen);
      await watch[Symbol.asyncDispose]();
      while (sandbox.watches().length > 0) await new Promise((resolve) => setImmediate(resolve));
    }
  });

  it('a silenced watch stays open and says nothing, not even a bookmark', async () => {
    const version = textOf(ok(await client.call('GET', '/api/v1/secrets')), 'metadata.resourceVersion');
    const path = `/api/v1/secrets?watch=true&allowWatchBookmarks=true&resourceVersion=${version}`;
    const [silent, healthy] = [await client.watch(path), await client.watch(path)];
    sandbox.watches()[0]?.silence();
    await create(client, '/api/v1/namespaces/default/secrets', { metadata: { name: 'one' } });
    holds(await healthy.next(), { type: 'ADDED' });
    holds(await healthy.any(), { type: 'BOOKMARK' });
    holds(await healthy.any(), { type: 'BOOKMARK' });
    // Two bookmarks later the silent one has nothing; the next thing it hears is the end.
    sandbox.watches()[0]?.close();
    assert.equal(await silent.any(), undefined);
    await healthy[Symbol.asyncDispose]();
    while (sandbox.watches().length > 0) await new Promise((resolve) => setImmediate(resolve));
  });
});
