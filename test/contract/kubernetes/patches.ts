import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Client } from '../client.ts';
import { ABSENT, at, holds } from '../holds.ts';
import { create, JSON_PATCH, MERGE, namespace, ok, STRATEGIC } from './world.ts';

/** The three kinds of patch. */
export function patchesContract(use: () => Client): void {
  describe('patches', () => {
    it('a merge patch sets, replaces and removes', async () => {
      const client = use();
      const path = await configMap(client, { metadata: { name: 'one', labels: { a: '1', b: '2' } }, data: { x: '1', y: '2' } });
      const patched = ok(await client.call('PATCH', path, { body: { metadata: { labels: { a: null, c: '3' } }, data: { x: '9' } }, type: MERGE }));
      holds(patched, { metadata: { labels: { a: ABSENT, b: '2', c: '3' } }, data: { x: '9', y: '2' } });
    });

    it('a patch with the resourceVersion it read is taken, with an older one it is 409', async () => {
      const client = use();
      const path = await configMap(client, { metadata: { name: 'one' } });
      const first = ok(await client.call('GET', path));
      const body = (n: string) => ({ metadata: { resourceVersion: at(first, 'metadata.resourceVersion') }, data: { n } });
      holds(await client.call('PATCH', path, { body: body('1'), type: MERGE }), { status: 200, body: { data: { n: '1' } } });
      holds(await client.call('PATCH', path, { body: body('2'), type: MERGE }), { status: 409, body: { reason: 'Conflict', message: /the object has been modified/ } });
      holds(await client.call('PATCH', path, { body: { metadata: { uid: 'another' } }, type: MERGE }), { status: 422, body: { details: { causes: [{ field: 'metadata.uid' }] } } });
    });

    it('a JSON patch adds, replaces, removes, moves, copies and tests', async () => {
      const client = use();
      const path = await configMap(client, { metadata: { name: 'one', annotations: { 'example.com/a': '1' } }, data: { x: '1', y: '2' } });
      const operations = [
        { op: 'test', path: '/data/x', value: '1' },
        { op: 'replace', path: '/data/x', value: '9' },
        { op: 'remove', path: '/data/y' },
        { op: 'add', path: '/data/z', value: '3' },
        { op: 'copy', from: '/data/z', path: '/data/copied' },
        { op: 'move', from: '/data/z', path: '/data/moved' },
        { op: 'replace', path: '/metadata/annotations/example.com~1a', value: '2' },
      ];
      const patched = ok(await client.call('PATCH', path, { body: operations, type: JSON_PATCH }));
      assert.deepEqual(at(patched, 'data'), { x: '9', copied: '3', moved: '3' });
      holds(patched, { metadata: { annotations: { 'example.com/a': '2' } } });
    });

    it('a JSON patch whose test fails, or that does not fit, is 422 and changes nothing', async () => {
      const client = use();
      const path = await configMap(client, { metadata: { name: 'one' }, data: { x: '1' } });
      for (const operation of [{ op: 'test', path: '/data/x', value: '2' }, { op: 'remove', path: '/data/none' }, { op: 'add', path: '/none/x', value: '1' }]) {
        const body = [{ op: 'add', path: '/data/y', value: '2' }, operation];
        holds(await client.call('PATCH', path, { body, type: JSON_PATCH }), { status: 422, body: { reason: 'Invalid' } });
      }
      assert.deepEqual(at(ok(await client.call('GET', path)), 'data'), { x: '1' });
    });

    it('a strategic patch merges finalizers as a set, where a merge patch replaces them', async () => {
      const client = use();
      const path = await configMap(client, { metadata: { name: 'one', finalizers: ['example.com/a'] } });
      const body = { metadata: { finalizers: ['example.com/b'] } };
      const merged = ok(await client.call('PATCH', path, { body, type: STRATEGIC }));
      assert.deepEqual([...(at(merged, 'metadata.finalizers') as string[])].sort(), ['example.com/a', 'example.com/b']);
      const removed = ok(await client.call('PATCH', path, { body: { metadata: { '$deleteFromPrimitiveList/finalizers': ['example.com/a'] } }, type: STRATEGIC }));
      assert.deepEqual(at(removed, 'metadata.finalizers'), ['example.com/b']);
      const replaced = ok(await client.call('PATCH', path, { body: { metadata: { finalizers: ['example.com/c'] } }, type: MERGE }));
      assert.deepEqual(at(replaced, 'metadata.finalizers'), ['example.com/c']);
    });

    it('a strategic patch replaces a map when told to', async () => {
      const client = use();
      const path = await configMap(client, { metadata: { name: 'one' }, data: { x: '1', y: '2' } });
      holds(await client.call('PATCH', path, { body: { data: { z: '3' } }, type: STRATEGIC }), { status: 200, body: { data: { x: '1', y: '2', z: '3' } } });
      const replaced = ok(await client.call('PATCH', path, { body: { data: { $patch: 'replace', z: '4' } }, type: STRATEGIC }));
      assert.deepEqual(at(replaced, 'data'), { z: '4' });
    });

    it('a strategic patch merges the secrets of a service account by name', async () => {
      const client = use();
      const home = await namespace(client);
      await create(client, `/api/v1/namespaces/${home}/serviceaccounts`, { metadata: { name: 'one' }, secrets: [{ name: 'a' }] });
      const patched = ok(await client.call('PATCH', `/api/v1/namespaces/${home}/serviceaccounts/one`, { body: { secrets: [{ name: 'b' }] }, type: STRATEGIC }));
      assert.deepEqual((at(patched, 'secrets') as unknown[]).map((secret) => at(secret, 'name')).sort(), ['a', 'b']);
      const removed = ok(await client.call('PATCH', `/api/v1/namespaces/${home}/serviceaccounts/one`, { body: { secrets: [{ name: 'a', $patch: 'delete' }] }, type: STRATEGIC }));
      assert.deepEqual(at(removed, 'secrets'), [{ name: 'b' }]);
    });

    it('a patch of a name that is free is 404, and a broken one 400', async () => {
      const client = use();
      const path = await configMap(client, { metadata: { name: 'one' } });
      holds(await client.call('PATCH', path.replace(/one$/, 'two'), { body: {}, type: MERGE }), { status: 404 });
      holds(await client.call('PATCH', path, { body: '{', type: MERGE }), { status: 400 });
      holds(await client.call('PATCH', path, { body: {}, type: JSON_PATCH }), { status: 400 });
      holds(await client.call('PATCH', path, { body: {}, type: MERGE }), { status: 200 });
    });

    it('a patch of an unknown type is 415', async () => {
      const client = use();
      const path = await configMap(client, { metadata: { name: 'one' } });
      holds(await client.call('PATCH', path, { body: {}, type: 'application/json' }), { status: 415, body: { reason: 'UnsupportedMediaType' } });
    });

    it('a patch that leaves an invalid object is refused, and cannot rename it', async () => {
      const client = use();
      const path = await configMap(client, { metadata: { name: 'one' } });
      holds(await client.call('PATCH', path, { body: { metadata: { labels: { 'a b': 'c' } } }, type: MERGE }), { status: 422 });
      holds(await client.call('PATCH', path, { body: { metadata: { labels: { ab: 'c' } } }, type: MERGE }), { status: 200 });
      const renamed = await client.call('PATCH', path, { body: { metadata: { name: 'two' } }, type: MERGE });
      assert.ok(renamed.status >= 400 && renamed.status < 500, String(renamed.status));
      holds(await client.call('GET', path.replace(/one$/, 'two')), { status: 404 });
    });
  });
}

/** Creates a ConfigMap in a namespace of its own; gives its path. */
async function configMap(client: Client, body: { metadata: { name: string; [field: string]: unknown }; data?: Record<string, string> }): Promise<string> {
  const path = `/api/v1/namespaces/${await namespace(client)}/configmaps`;
  await create(client, path, body);
  return `${path}/${body.metadata.name}`;
}
