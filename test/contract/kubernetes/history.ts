import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Client, Target } from '../client.ts';
import { holds, textOf } from '../holds.ts';
import { filled, names } from './lists.ts';
import { create, ok } from './world.ts';

/** What is left of a version that the server has forgotten. Comes last: forgetting may mean a restart. */
export function historyContract(use: () => Client, target: () => Target): void {
  describe('forgotten versions', () => {
    it('are an ERROR event with 410 to a watch, and 410 with another token to a continue token', async () => {
      const client = use();
      const { path } = await filled(client, ['a', 'b']);
      const first = ok(await client.call('GET', `${path}?limit=1`));
      const [version, token] = [textOf(first, 'metadata.resourceVersion'), textOf(first, 'metadata.continue')];
      holds(await client.call('GET', `${path}?limit=1&continue=${token}`), { status: 200 });
      await create(client, path, { metadata: { name: 'c' } });
      await target().forget();

      await using watch = await client.watch(`${path}?watch=true&resourceVersion=${version}`);
      holds(await watch.next(), { type: 'ERROR', object: { kind: 'Status', status: 'Failure', reason: 'Expired', code: 410, message: /^too old resource version: \d+ \(\d+\)$/ } });
      assert.equal(await watch.any(), undefined);

      const gone = await client.call('GET', `${path}?limit=1&continue=${token}`);
      holds(gone, { status: 410, body: { reason: 'Expired', metadata: { continue: /./ }, message: /The provided continue parameter is too old to display a consistent list result/ } });
      assert.deepEqual(names(ok(await client.call('GET', `${path}?continue=${textOf(gone.body, 'metadata.continue')}`))), ['b', 'c']);
      holds(await client.call('GET', `${path}?resourceVersion=${version}&resourceVersionMatch=Exact`), { status: 410, body: { reason: 'Expired' } });
      holds(await client.call('GET', `${path}?resourceVersion=${version}&resourceVersionMatch=NotOlderThan`), { status: 200 });
    });
  });
}
