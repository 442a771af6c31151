import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { adoptLoop, type AdoptingAuthority } from '../../src/control/adopt.ts';
import { Refusal, Unavailable } from '../../src/control/errors.ts';
import { testRoot } from '../support/authority.ts';
import { absentAuthority, authorityOf, rememberingLog, rememberingMeter } from '../support/ports.ts';

const ca = testRoot({ name: 'foo' });

async function look({ reconcile = async () => null, tried = true, ready = true, name = 'foo', signal = new AbortController().signal }: { reconcile?: AdoptingAuthority['reconcile']; tried?: boolean; ready?: boolean; name?: string; signal?: AbortSignal } = {}) {
  const [log, meter] = [rememberingLog(), rememberingMeter()];
  const changed: string[] = [];
  const authority: AdoptingAuthority = { ...(ready ? authorityOf(ca) : absentAuthority()), tried, reconcile };
  const loop = adoptLoop({ authorities: new Map([['foo', authority]]), changed: (signer) => changed.push(signer), log, meter });
  return { outcome: await loop(name, signal), changed, lines: log.lines.map(({ level, message }) => `${level} ${message}`), counts: meter.counts };
}

describe('a look at a CA', () => {
  it('measures it and has its requests and the publications looked at again', async () => {
    assert.deepEqual(await look(), { outcome: 'done', changed: ['foo'], lines: [], counts: ['authority foo ready'] });
    assert.deepEqual(await look({ ready: false }), { outcome: 'done', changed: ['foo'], lines: ['warn CA not ready'], counts: ['authority foo CertificateAuthorityUnavailable'] });
  });

  it('tells what happened to its pair', async () => {
    assert.deepEqual((await look({ reconcile: async () => 'adopted' })).lines, ['warn CA changed']);
  });

  it('does nothing before it was looked for, and for a signer that is not there', async () => {
    const nothing = { outcome: 'done', changed: [], lines: [], counts: [] };
    assert.deepEqual(await look({ tried: false }), nothing);
    assert.deepEqual(await look({ name: 'bar' }), nothing);
  });

  it('whose pair cannot be kept now is taken again, and nothing is said to have changed', async () => {
    const failing = async (error: Error) => {
      const { outcome, changed } = await look({ reconcile: () => Promise.reject(error) });
      return [outcome, changed];
    };
    assert.deepEqual(await failing(new Unavailable('503', { retryAfter: 4 })), [{ retryAfter: 4 }, []]);
    assert.deepEqual(await failing(new Refusal('403')), [{ retryAfter: 30 }, []]);
    await assert.rejects(failing(new TypeError('bug')), TypeError);
    assert.equal((await look({ reconcile: () => Promise.reject(new TypeError('socket')), signal: AbortSignal.abort() })).outcome, 'done');
  });
});
