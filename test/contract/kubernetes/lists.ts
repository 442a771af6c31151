import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Client } from '../client.ts';
import { ABSENT, at, holds, textOf } from '../holds.ts';
import { create, csr, CSRS, namespace, ok } from './world.ts';

/** Lists: order, pages, selectors, resourceVersion. */
export function listsContract(use: () => Client): void {
  describe('lists', () => {
    it('a list holds what is in its namespace, in the order of the names, with the version of the whole', async () => {
      const client = use();
      const { path } = await filled(client, ['b', 'a', 'c']);
      const list = ok(await client.call('GET', path));
      holds(list, { kind: 'SecretList', apiVersion: 'v1', metadata: { resourceVersion: /^\d+$/, continue: ABSENT } });
      assert.deepEqual(names(list), ['a', 'b', 'c']);
      for (const item of at(list, 'items') as unknown[]) holds(item, { kind: ABSENT, apiVersion: ABSENT });
      const newest = Math.max(...(at(list, 'items') as unknown[]).map((item) => Number(at(item, 'metadata.resourceVersion'))));
      assert.ok(Number(at(list, 'metadata.resourceVersion')) >= newest);
    });

    it('a list over all namespaces holds them all', async () => {
      const client = use();
      const [one, two] = [await filled(client, ['x']), await filled(client, ['x'])];
      const found = (at(ok(await client.call('GET', '/api/v1/secrets')), 'items') as unknown[]).map((item) => at(item, 'metadata.namespace'));
      assert.ok(found.includes(one.home) && found.includes(two.home));
    });

    it('limit gives pages that together are the list of the first page, whatever happened since', async () => {
      const client = use();
      const { path } = await filled(client, ['a', 'b', 'c', 'd', 'e']);
      const first = ok(await client.call('GET', `${path}?limit=2`));
      holds(first, { metadata: { continue: /./, remainingItemCount: 3 } });
      await create(client, path, { metadata: { name: 'bb' } });
      ok(await client.call('DELETE', `${path}/d`));
      const second = ok(await client.call('GET', `${path}?limit=2&continue=${textOf(first, 'metadata.continue')}`));
      const third = ok(await client.call('GET', `${path}?limit=2&continue=${textOf(second, 'metadata.continue')}`));
      assert.deepEqual([names(first), names(second), names(third)], [['a', 'b'], ['c', 'd'], ['e']]);
      assert.deepEqual([at(second, 'metadata.resourceVersion'), at(third, 'metadata.resourceVersion')], Array(2).fill(at(first, 'metadata.resourceVersion')));
      holds(third, { metadata: { continue: ABSENT, remainingItemCount: ABSENT } });
    });

    it('pages go with selectors, and do not count what they cannot', async () => {
      const client = use();
      const { path } = await filled(client, ['a', 'b', 'c', 'd'], (name) => ({ odd: String('ac'.includes(name)) }));
      const first = ok(await client.call('GET', `${path}?limit=1&labelSelector=odd%3Dtrue`));
      assert.deepEqual(names(first), ['a']);
      holds(first, { metadata: { remainingItemCount: ABSENT } });
      assert.deepEqual(names(ok(await client.call('GET', `${path}?limit=5&labelSelector=odd%3Dtrue&continue=${textOf(first, 'metadata.continue')}`))), ['c']);
    });

    it('a continue token that is none is 400, and so is one together with a resourceVersion', async () => {
      const client = use();
      const { path } = await filled(client, ['a', 'b']);
      const token = textOf(ok(await client.call('GET', `${path}?limit=1`)), 'metadata.continue');
      holds(await client.call('GET', `${path}?continue=nonsense`), { status: 400, body: { reason: 'BadRequest', message: /continue key is not valid/ } });
      holds(await client.call('GET', `${path}?continue=${token}&resourceVersion=5`), { status: 400, body: { message: /specifying resource version is not allowed when using continue/ } });
      holds(await client.call('GET', `${path}?continue=${token}`), { status: 200 });
    });

    it('label selectors select', async () => {
      const client = use();
      const { path } = await filled(client, ['a', 'b', 'c'], (name) => (name === 'c' ? {} : { app: name, tier: 'web' }));
      const selected = async (selector: string) => names(ok(await client.call('GET', `${path}?labelSelector=${encodeURIComponent(selector)}`)));
      assert.deepEqual(await selected('app=a'), ['a']);
      assert.deepEqual(await selected('app==a'), ['a']);
      assert.deepEqual(await selected('app!=a'), ['b', 'c']);
      assert.deepEqual(await selected('app=a,tier=web'), ['a']);
      assert.deepEqual(await selected('app=a,tier=other'), []);
      assert.deepEqual(await selected('app'), ['a', 'b']);
      assert.deepEqual(await selected('!app'), ['c']);
      assert.deepEqual(await selected('app in (a,b)'), ['a', 'b']);
      assert.deepEqual(await selected('app notin (a)'), ['b', 'c']);
      holds(await client.call('GET', `${path}?labelSelector=${encodeURIComponent('a b')}`), { status: 400 });
    });

    it('field selectors select by name and namespace, and by nothing that the resource does not offer', async () => {
      const client = use();
      const { path, home } = await filled(client, ['a', 'b']);
      assert.deepEqual(names(ok(await client.call('GET', `${path}?fieldSelector=metadata.name%3Da`))), ['a']);
      assert.deepEqual(names(ok(await client.call('GET', `${path}?fieldSelector=metadata.name!%3Da`))), ['b']);
      assert.deepEqual(names(ok(await client.call('GET', `/api/v1/secrets?fieldSelector=metadata.namespace%3D${home}`))), ['a', 'b']);
      assert.deepEqual(names(ok(await client.call('GET', `${path}?fieldSelector=type%3DOpaque,metadata.name%3Db`))), ['b']);
      holds(await client.call('GET', `${path}?fieldSelector=data.x%3D1`), { status: 400, body: { reason: 'BadRequest', message: /field label not supported: data\.x/ } });
    });

    it('certificate requests are selected by signerName, and by no other field of the spec', async () => {
      const client = use();
      const signerName = `${client.unique('x')}.example.com/one`;
      const path = await csr(client, { signerName });
      await csr(client);
      assert.deepEqual(names(ok(await client.call('GET', `${CSRS}?fieldSelector=spec.signerName%3D${encodeURIComponent(signerName)}`))), [path.split('/').at(-1)]);
      assert.ok(!names(ok(await client.call('GET', `${CSRS}?fieldSelector=spec.signerName!%3D${encodeURIComponent(signerName)}`))).includes(path.split('/').at(-1)));
      holds(await client.call('GET', `${CSRS}?fieldSelector=spec.username%3Dadmin`), { status: 400, body: { message: /field label not supported: spec\.username/ } });
    });

    it('a list at a resourceVersion is at least as new, or exactly that one', async () => {
      const client = use();
      const { path } = await filled(client, ['a']);
      const version = textOf(ok(await client.call('GET', path)), 'metadata.resourceVersion');
      await create(client, path, { metadata: { name: 'b' } });
      assert.deepEqual(names(ok(await client.call('GET', `${path}?resourceVersion=${version}&resourceVersionMatch=Exact`))), ['a']);
      holds(ok(await client.call('GET', `${path}?resourceVersion=${version}&resourceVersionMatch=Exact`)), { metadata: { resourceVersion: version } });
      const later = ok(await client.call('GET', `${path}?resourceVersion=${version}&resourceVersionMatch=NotOlderThan`));
      assert.ok(Number(at(later, 'metadata.resourceVersion')) >= Number(version));
      holds(await client.call('GET', `${path}?resourceVersion=abc`), { status: 400 });
    });

    it('a resourceVersion that is not there yet is 504 with the cause ResourceVersionTooLarge', async () => {
      const client = use();
      holds(await client.call('GET', '/api/v1/secrets?resourceVersion=999999999&resourceVersionMatch=NotOlderThan'), {
        status: 504, body: { reason: 'Timeout', message: /Too large resource version: 999999999/, details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } },
      });
    });

    it('parameters that contradict each other are 422', async () => {
      const client = use();
      const refused = async (query: string) => holds(await client.call('GET', `/api/v1/secrets?${query}`), { status: 422, body: { reason: 'Invalid', details: { group: 'meta.k8s.io', kind: 'ListOptions' } } });
      await refused('resourceVersionMatch=Exact');
      await refused('resourceVersion=0&resourceVersionMatch=Exact');
      await refused('resourceVersion=5&resourceVersionMatch=Sometimes');
      await refused('sendInitialEvents=true');
      await refused('watch=true&sendInitialEvents=true');
      await refused('watch=true&resourceVersionMatch=NotOlderThan');
    });
  });
}

export function names(list: unknown): readonly unknown[] {
  return (at(list, 'items') as unknown[]).map((item) => at(item, 'metadata.name'));
}

/** A namespace with Secrets of these names. */
export async function filled(client: Client, all: readonly string[], labels: (name: string) => Record<string, string> = () => ({})): Promise<{ home: string; path: string }> {
  const home = await namespace(client);
  const path = `/api/v1/namespaces/${home}/secrets`;
  for (const name of all) await create(client, path, { metadata: { name, labels: labels(name) } });
  return { home, path };
}
