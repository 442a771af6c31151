import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { adoptLoop } from '../../src/control/adopt.ts';
import type { AdoptingAuthority } from '../../src/control/ports.ts';
import type { Outcome } from '../../src/control/queue.ts';
import { Refusal, Unavailable } from '../../src/control/errors.ts';
import { testRoot } from '../support/authority.ts';
import { absentAuthority, authorityOf, rememberingLog, rememberingMeter } from '../support/ports.ts';

const ca = testRoot({ name: 'foo' });

type World = { readonly reconcile?: AdoptingAuthority['reconcile']; readonly tried?: boolean; readonly ready?: boolean; readonly name?: string; readonly signal?: AbortSignal };

/** Looks at the CA of signer foo, one after the other, at what each world makes of it; tells what became of the last. */
async function look(...worlds: readonly World[]) {
  const [log, meter] = [rememberingLog(), rememberingMeter()];
  let [world, changed]: [World, number] = [{}, 0];
  const authority: AdoptingAuthority = {
    get tried() {
      return world.tried ?? true;
    },
    state: () => ((world.ready ?? true) ? authorityOf(ca) : absentAuthority()).state(),
    issue: absentAuthority().issue,
    reconcile: (signal) => world.reconcile?.(signal) ?? Promise.resolve(null),
  };
  const loop = adoptLoop({ authorities: new Map([['foo', authority]]), changed: () => void (changed += 1), log, meter });
  let outcome: Outcome = 'done';
  for (const next of worlds) {
    world = next;
    outcome = await loop(next.name ?? 'foo', next.signal ?? new AbortController().signal);
  }
  return { outcome, changed, lines: log.lines.map(({ level, message }) => `${level} ${message}`), counts: meter.counts };
}

describe('a look at a CA', () => {
  it('measures it, and has everything looked at again that may depend on it', async () => {
    assert.deepEqual(await look({}), { outcome: 'done', changed: 1, lines: ['info CA ready'], counts: ['authority foo ready'] });
    assert.deepEqual(await look({ ready: false }), { outcome: 'done', changed: 1, lines: ['warn CA not ready'], counts: ['authority foo CertificateAuthorityUnavailable'] });
  });

  it('tells only what is new since the last', async () => {
    const { changed, lines, counts } = await look({}, {}, { ready: false }, { ready: false }, {});
    assert.deepEqual(lines, ['info CA ready', 'warn CA not ready', 'info CA ready']);
    assert.equal(changed, 3);
    assert.equal(counts.length, 5, 'it is measured each time');
  });

  it('tells what happened to its pair', async () => {
    assert.deepEqual((await look({ reconcile: async () => 'adopted' })).lines, ['warn news of a CA', 'info CA ready']);
  });

  it('does nothing before it was looked for, and for a signer that is not there', async () => {
    const nothing = { outcome: 'done', changed: 0, lines: [], counts: [] };
    assert.deepEqual(await look({ tried: false }), nothing);
    assert.deepEqual(await look({ name: 'bar' }), nothing);
  });

  it('whose pair cannot be kept now is taken again, and nothing is said to have changed', async () => {
    const failing = async (error: Error) => {
      const { outcome, changed } = await look({ reconcile: () => Promise.reject(error) });
      return [outcome, changed];
    };
    assert.deepEqual(await failing(new Unavailable('503', { retryAfter: 4 })), [{ retryAfter: 4 }, 0]);
    assert.deepEqual(await failing(new Refusal('403')), [{ retryAfter: null }, 0]);
    await assert.rejects(failing(new TypeError('bug')), TypeError);
    assert.equal((await look({ reconcile: () => Promise.reject(new TypeError('socket')), signal: AbortSignal.abort() })).outcome, 'done');
  });
});
