import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Client, WatchedEvent, Watching } from '../client.ts';
import { at, holds, textOf } from '../holds.ts';
import { create, csr, CSRS, MERGE, namespace, ok } from './world.ts';

/** Watches: what they begin with, what they send, how they end. */
export function watchesContract(use: () => Client): void {
  describe('watches', () => {
    it('a watch from a version sends what happened since, in order', async () => {
      const client = use();
      const path = await emptyPath(client);
      const version = textOf(ok(await client.call('GET', path)), 'metadata.resourceVersion');
      await create(client, path, { metadata: { name: 'one' } });
      ok(await client.call('PATCH', `${path}/one`, { body: { data: { a: 'Yg==' } }, type: MERGE }));
      await using watch = await client.watch(`${path}?watch=true&resourceVersion=${version}`);
      holds(await watch.next(), { type: 'ADDED', object: { kind: 'Secret', apiVersion: 'v1', metadata: { name: 'one' } } });
      const changed = await watch.next();
      holds(changed, { type: 'MODIFIED', object: { data: { a: 'Yg==' } } });
      ok(await client.call('DELETE', `${path}/one`));
      const deleted = await watch.next();
      holds(deleted, { type: 'DELETED', object: { data: { a: 'Yg==' } } });
      assert.ok(Number(at(deleted.object, 'metadata.resourceVersion')) > Number(at(changed.object, 'metadata.resourceVersion')));
    });

    it('a watch goes on from the version of the last event of another', async () => {
      const client = use();
      const path = await emptyPath(client);
      const version = textOf(ok(await client.call('GET', path)), 'metadata.resourceVersion');
      for (const name of ['a', 'b', 'c']) await create(client, path, { metadata: { name } });
      let seen: WatchedEvent;
      {
        await using first = await client.watch(`${path}?watch=true&resourceVersion=${version}`);
        seen = await first.next();
      }
      holds(seen, { object: { metadata: { name: 'a' } } });
      await using second = await client.watch(`${path}?watch=true&resourceVersion=${textOf(seen.object, 'metadata.resourceVersion')}`);
      holds(await second.next(), { type: 'ADDED', object: { metadata: { name: 'b' } } });
      holds(await second.next(), { type: 'ADDED', object: { metadata: { name: 'c' } } });
    });

    it('a watch without a version, or with 0, begins with what is there', async () => {
      const client = use();
      const path = await emptyPath(client);
      for (const name of ['a', 'b']) await create(client, path, { metadata: { name } });
      for (const query of ['watch=true', 'watch=1&resourceVersion=0']) {
        await using watch = await client.watch(`${path}?${query}`);
        assert.deepEqual([await nameOf(watch), await nameOf(watch)].sort(), ['ADDED a', 'ADDED b']);
      }
    });

    it('a version that is no number is refused, as an error of the server', async () => {
      holds(await use().call('GET', '/api/v1/namespaces?watch=true&resourceVersion=abc&timeoutSeconds=1'), { status: 500, body: { kind: 'Status', message: /resourceVersion: Invalid value: "abc"/ } });
    });

    it('a streamed list sends what is there and then a bookmark that says so', async () => {
      const client = use();
      const path = await emptyPath(client);
      for (const name of ['a', 'b']) await create(client, path, { metadata: { name } });
      await using watch = await client.watch(`${path}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`);
      assert.deepEqual([await nameOf(watch), await nameOf(watch)].sort(), ['ADDED a', 'ADDED b']);
      const end = await watch.any();
      holds(end, { type: 'BOOKMARK', object: { kind: 'Secret', apiVersion: 'v1', metadata: { resourceVersion: /^[1-9]\d*$/, annotations: { 'k8s.io/initial-events-end': 'true' } } } });
      await create(client, path, { metadata: { name: 'c' } });
      assert.equal(await nameOf(watch), 'ADDED c');
      // The bookmark is a version to go on from.
      await using next = await client.watch(`${path}?watch=true&resourceVersion=${textOf(end?.object, 'metadata.resourceVersion')}`);
      assert.equal(await nameOf(next), 'ADDED c');
    });

    it('a streamed list of nothing is the bookmark alone', async () => {
      const client = use();
      await using watch = await client.watch(`${await emptyPath(client)}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`);
      holds(await watch.any(), { type: 'BOOKMARK', object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } } });
    });

    it('a watch without a version that asks for bookmarks is a streamed list as well', async () => {
      const client = use();
      const path = await emptyPath(client);
      await create(client, path, { metadata: { name: 'one' } });
      for (const version of ['', '0']) {
        await using watch = await client.watch(`${path}?watch=true&allowWatchBookmarks=true&resourceVersion=${version}`);
        assert.equal(await nameOf(watch), 'ADDED one');
        holds(await watch.any(), { type: 'BOOKMARK', object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } } });
      }
    });

    it('a watch ends after its timeout, and has no bookmarks when it asked for none', async () => {
      const client = use();
      const path = await emptyPath(client);
      const version = textOf(await create(client, path, { metadata: { name: 'one' } }), 'metadata.resourceVersion');
      await using watch = await client.watch(`${path}?watch=true&resourceVersion=${version}&timeoutSeconds=1`);
      assert.equal(await watch.any(), undefined);
    });

    it('a watch on one name sees that name only, and sees it come and go', async () => {
      const client = use();
      const path = await emptyPath(client);
      await using watch = await client.watch(`${path}?watch=true&fieldSelector=metadata.name%3Dmine`);
      await create(client, path, { metadata: { name: 'other' } });
      await create(client, path, { metadata: { name: 'mine' } });
      ok(await client.call('DELETE', `${path}/mine`));
      assert.deepEqual([await nameOf(watch), await nameOf(watch)], ['ADDED mine', 'DELETED mine']);
    });

    it('an object that leaves a selection is DELETED with its last selected state, one that enters is ADDED', async () => {
      const client = use();
      const path = await emptyPath(client);
      await create(client, path, { metadata: { name: 'one', labels: { app: 'x' } } });
      await using watch = await client.watch(`${path}?watch=true&labelSelector=app%3Dx`);
      assert.equal(await nameOf(watch), 'ADDED one');
      const left = ok(await client.call('PATCH', `${path}/one`, { body: { metadata: { labels: { app: 'y' } } }, type: MERGE }));
      holds(await watch.next(), { type: 'DELETED', object: { metadata: { labels: { app: 'x' }, resourceVersion: at(left, 'metadata.resourceVersion') } } });
      ok(await client.call('PATCH', `${path}/one`, { body: { metadata: { labels: { app: 'x' } } }, type: MERGE }));
      assert.equal(await nameOf(watch), 'ADDED one');
    });

    it('certificate requests are watched by signerName', async () => {
      const client = use();
      const signerName = `${client.unique('x')}.example.com/one`;
      await using watch = await client.watch(`${CSRS}?watch=true&fieldSelector=spec.signerName%3D${encodeURIComponent(signerName)}`);
      await csr(client);
      const path = await csr(client, { signerName });
      assert.equal(await nameOf(watch), `ADDED ${path.split('/').at(-1) ?? ''}`);
    });

    it('a watch over all namespaces sees them all', async () => {
      const client = use();
      const version = textOf(ok(await client.call('GET', '/api/v1/secrets')), 'metadata.resourceVersion');
      await using watch = await client.watch(`/api/v1/secrets?watch=true&resourceVersion=${version}`);
      for (const home of [await namespace(client), await namespace(client)]) {
        await create(client, `/api/v1/namespaces/${home}/secrets`, { metadata: { name: 'one' } });
        holds(await watch.next(), { type: 'ADDED', object: { metadata: { namespace: home } } });
      }
    });

    it('a write that changes nothing is no event', async () => {
      const client = use();
      const path = await emptyPath(client);
      const made = await create(client, path, { metadata: { name: 'one' } });
      await using watch = await client.watch(`${path}?watch=true&resourceVersion=${textOf(made, 'metadata.resourceVersion')}`);
      ok(await client.call('PATCH', `${path}/one`, { body: {}, type: MERGE }));
      await create(client, path, { metadata: { name: 'two' } });
      assert.equal(await nameOf(watch), 'ADDED two');
    });
  });
}

async function emptyPath(client: Client): Promise<string> {
  return `/api/v1/namespaces/${await namespace(client)}/secrets`;
}

async function nameOf(watch: Watching): Promise<string> {
  const { type, object } = await watch.next();
  return `${type} ${textOf(object, 'metadata.name')}`;
}
