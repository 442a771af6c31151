import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { parseConfig } from '../../src/config.ts';
import { decide } from '../../src/core/decide.ts';
import { observe } from '../../src/adapters/kubernetes/observe.ts';
import type { WireRequest } from '../../src/adapters/kubernetes/wire.ts';
import { rehearse } from '../../src/rehearsal/rehearsal.ts';
import { CONFIGURATION, scene } from '../../src/rehearsal/script.ts';
import { stage } from '../../src/rehearsal/stage.ts';
import { testRoot } from '../support/authority.ts';
import { until } from '../support/rig/until.ts';

const circumstances = { now: () => new Date(), monotonic: () => performance.now(), randomBytes };

test('a rehearsal makes as many certificates as it is told to, and ends', async () => {
  let random = 0;
  const serials = (size: number): Uint8Array => {
    random += 1;
    return randomBytes(size);
  };
  assert.equal(await rehearse({ ...circumstances, rounds: 7, busy: () => false, randomBytes: serials }, new AbortController().signal), 7);
  // A serial number at each of seven looks, and that of the CA.
  assert.ok(random >= 8, `${random} random numbers`);
});

test('what is rehearsed is allowed by the policy of the rehearsal, with either kind of key: it is issued, not refused', () => {
  const config = parseConfig(CONFIGURATION);
  assert.ok(config.ok);
  const ca = testRoot({ name: 'rehearsal', notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 864e5) });
  for (const number of [0, 1]) {
    const [, approved] = scene(number).before.trim().split('\n').map((line) => (JSON.parse(line) as { object: WireRequest }).object);
    const observed = observe(approved as WireRequest);
    assert.ok(typeof observed === 'object');
    const step = decide({ observed, policy: config.config.policy, authority: { ready: true, chain: ca.chain }, now: new Date(), serial: randomBytes(20) });
    assert.equal(step.do, 'issue', JSON.stringify(step));
  }
});

test('while there is real work the rehearsal waits, and goes on afterwards', async () => {
  let looks = 0;
  const busy = (): boolean => {
    looks += 1;
    return looks < 3;
  };
  assert.equal(await rehearse({ ...circumstances, rounds: 2, busy }, new AbortController().signal), 2);
  assert.equal(looks, 4, 'busy twice, then free for each of two rounds');
});

test('a rehearsal that is called off ends at once, also while it waits', async () => {
  const stop = new AbortController();
  let looked = false;
  const rehearsing = rehearse({ ...circumstances, rounds: 1000, busy: () => (looked = true) }, stop.signal);
  await until(() => looked, { what: 'the rehearsal to begin' });
  stop.abort();
  assert.equal(await rehearsing, 0);
});

test('what goes wrong in it is told to whoever started it', async () => {
  const stop = new AbortController();
  const theatre = stage({ rounds: 1, scene, busy: () => false, signal: stop.signal });
  theatre.fail(new Error('as if signing had thrown'));
  await assert.rejects(theatre.played, /as if signing had thrown/);
  stop.abort();
});
