import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { looker } from '../../src/adapters/issuers/looker.ts';
import type { DiscoveredAuthority } from '../../src/control/ports.ts';

/** Issuers with broken CAs, all looked at `age` milliseconds ago, and the names of those that are looked at in one tick. */
async function lookedAt(t: TestContext, names: readonly string[], { wanted = [], age = 31_000, hang = false }: { wanted?: readonly string[]; age?: number; hang?: boolean } = {}): Promise<string[]> {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const seen: string[] = [];
  const authorities = new Map(names.map((name): [string, DiscoveredAuthority] => [name, {
    rival: null,
    lookedAt: 100_000 - age,
    state: () => ({ ready: false, reason: 'SecretMissing', message: 'there is none' }),
    issue: () => Promise.reject(new Error('nobody signs here')),
    refresh: () => {
      seen.push(name);
      return hang ? new Promise(() => undefined) : Promise.resolve();
    },
  }]));
  const end = new AbortController();
  const looks = looker({
    due: () => [...authorities].map(([name, authority]) => ({ name, authority, wanted: wanted.includes(name) })),
    find: (name) => authorities.get(name) ?? null,
    looked: () => undefined,
    monotonic: () => 100_000,
    onBug: (error) => assert.fail(String(error)),
  });
  const running = looks.run(end.signal);
  t.mock.timers.tick(1_000);
  await new Promise((resolve) => setImmediate(resolve));
  end.abort();
  await running;
  t.mock.timers.reset();
  return seen;
}

describe('issuers that are wrong', () => {
  const tenant = Array.from({ length: 2_000 }, (_, i) => `tenant-${i}`);

  it('are looked at again, the one that somebody waits for first, however many a tenant has made before it', async (t) => {
    const seen = await lookedAt(t, [...tenant, 'other'], { wanted: ['other'] });
    assert.equal(seen[0], 'other');
    assert.equal(seen.length, 50);
    assert.ok(!(await lookedAt(t, [...tenant, 'other'])).includes('other'), 'which nobody waits for');
  });

  it('are not looked at twice at the same time, nor more than eight', async (t) => {
    assert.deepEqual(await lookedAt(t, tenant, { hang: true }), tenant.slice(0, 8));
  });

  it('are left alone for a while', async (t) => {
    assert.deepEqual(await lookedAt(t, tenant, { age: 29_000 }), []);
  });
});
