import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Refusal, Unavailable } from '../../src/control/errors.ts';
import type { Authority, Publication } from '../../src/control/ports.ts';
import { publishLoop } from '../../src/control/publish.ts';
import { bundleFingerprint } from '../../src/core/bundle.ts';
import { testIntermediate, testRoot } from '../support/authority.ts';
import { absentAuthority, authorityOf, rememberingLog, rememberingMeter } from '../support/ports.ts';

const TARGET = 'ConfigMap istio-system/signet-mesh';
const foo = testIntermediate(testRoot({ name: 'foo root' }), { name: 'foo CA' });
const bar = testRoot({ name: 'bar root' });

type Bundles = Parameters<Publication['publish']>[0];

async function publish({ authorities = { foo: authorityOf(foo), bar: authorityOf(bar) }, answer = () => 'written', name = TARGET, signal = new AbortController().signal }: { authorities?: Record<string, Authority>; answer?: () => 'written' | 'unchanged' | 'not seen'; name?: string; signal?: AbortSignal } = {}) {
  const [log, meter] = [rememberingLog(), rememberingMeter()];
  const given: Bundles[] = [];
  const publication: Publication = {
    name: TARGET,
    publish: async (bundles) => {
      given.push(bundles);
      return answer();
    },
  };
  const loop = publishLoop({ publications: [publication], authorities: new Map(Object.entries(authorities)), log, meter });
  return { outcome: await loop(name, signal), given, lines: log.lines, counts: meter.counts };
}

describe('publishing', () => {
  it('gives the target the anchor of every signer, not its issuing CA', async () => {
    const { outcome, given, counts, lines } = await publish();
    assert.equal(outcome, 'done');
    assert.deepEqual([...(given[0] ?? [])].map(([signer, anchors]) => [signer, anchors.map(({ fingerprint }) => fingerprint)]), [['foo', [foo.root.fingerprint]], ['bar', [bar.root.fingerprint]]]);
    assert.deepEqual(counts, [`bundle foo ${bundleFingerprint([foo.root])}`, `bundle bar ${bundleFingerprint([bar.root])}`]);
    assert.deepEqual(lines.map(({ level, message }) => `${level} ${message}`), ['info published the trust bundles']);
  });

  it('says nothing where nothing had to be written', async () => {
    const { outcome, lines, counts } = await publish({ answer: () => 'unchanged' });
    assert.deepEqual([outcome, lines], ['done', []]);
    assert.equal(counts.length, 2);
  });

  it('claims nothing of a target that was not seen yet', async () => {
    const { outcome, lines, counts } = await publish({ answer: () => 'not seen' });
    assert.deepEqual([outcome, lines, counts], ['done', [], []]);
  });

  it('leaves out a signer whose CA is not known, and does not take its absence for an empty bundle', async () => {
    const { given } = await publish({ authorities: { foo: authorityOf(foo), bar: absentAuthority() } });
    assert.deepEqual([...(given[0] ?? [])].map(([signer]) => signer), ['foo']);
  });

  it('does nothing while no CA is known: an empty list would take every root away', async () => {
    const { outcome, given } = await publish({ authorities: { foo: absentAuthority(), bar: absentAuthority() } });
    assert.deepEqual([outcome, given], ['done', []]);
  });

  it('of a target that is not there does nothing', async () => {
    const { outcome, given } = await publish({ name: 'ConfigMap elsewhere/other' });
    assert.deepEqual([outcome, given], ['done', []]);
  });

  it('is retried in passing trouble when it says, and counts no bundle as published', async () => {
    for (const retryAfter of [null, 5]) {
      const { outcome, counts, lines } = await publish({ answer: () => fail(new Unavailable('503', { retryAfter })) });
      assert.deepEqual([outcome, counts], [{ retryAfter }, []]);
      assert.equal(lines[0]?.level, 'warn');
    }
  });

  it('is retried rarely and reported where it may not write: granting it needs no restart', async () => {
    const { outcome, lines, counts } = await publish({ answer: () => fail(new Refusal('403: may not update configmaps')) });
    assert.deepEqual([outcome, counts], [{ retryAfter: 30 }, []]);
    assert.deepEqual(lines.map(({ level, fields }) => [level, fields['why']]), [['error', '403: may not update configmaps']]);
  });

  it('throws what nobody foresaw, and nothing after the end', async () => {
    await assert.rejects(publish({ answer: () => fail(new TypeError('bug')) }), TypeError);
    assert.equal((await publish({ answer: () => fail(new TypeError('socket')), signal: AbortSignal.abort() })).outcome, 'done');
  });
});

function fail(error: Error): never {
  throw error;
}
