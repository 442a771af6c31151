import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Rival } from '../../src/adapters/authorities/conflict.ts';
import { IssuerAuthority } from '../../src/adapters/authorities/issuer.ts';
import { loadPair, type PairFiles } from '../../src/adapters/authorities/pair.ts';
import { Unavailable } from '../../src/control/errors.ts';
import { chainPem, secretFiles, testIntermediate, testRoot, type TestAuthority } from '../support/authority.ts';
import { NOON } from '../support/clock.ts';
import { testKey } from '../support/keys.ts';
import { plan } from '../support/plans.ts';

const NEVER = new AbortController().signal;
const RENEWED = testRoot({ name: 'foo', key: testKey('P-256', 'renewed') });

/** The CA of an issuer, with a Secret and a rival that can be changed. */
async function world(files: PairFiles | null) {
  const scene: { files: PairFiles | null; rival: Rival | null } = { files, rival: null };
  const authority = new IssuerAuthority({ sourceName: 'secret team-a/ca', read: () => Promise.resolve(scene.files), rival: () => scene.rival, now: () => NOON, monotonic: () => 1 });
  await authority.refresh(0, NEVER);
  return { authority, scene };
}

async function problem(files: PairFiles): Promise<string | null> {
  const state = (await world(files)).authority.state();
  return state.ready ? null : state.message;
}

/** A root and so many CAs below it, each below the one before. */
function line(length: number): TestAuthority {
  let last = testRoot({ name: 'line 0' });
  for (let i = 1; i < length; i += 1) last = testIntermediate(last, { name: `line ${i}`, key: testKey('P-256', `line ${i}`) });
  return last;
}

describe('the CA of an issuer, whose Secret a tenant writes', () => {
  const ca = testRoot({ name: 'foo' });

  it('has a path of at most sixteen certificates, as each would be compared with each', async () => {
    assert.equal(await problem(secretFiles(line(17))), null, 'sixteen, and the root beside them');
    assert.match((await problem(secretFiles(line(18)))) ?? '', /tls\.crt has 17 certificates, more than 16/);
  });

  it('takes the first certificate of ca.crt, however many follow, and a signer of the configuration does not take so many', async () => {
    const bundle = { ...secretFiles(ca), 'ca.crt': Buffer.from(chainPem(Array.from({ length: 17 }, (_, i) => (i === 0 ? ca : testRoot({ name: `other ${i}` })).certificate))) };
    assert.equal(await problem(bundle), null);
    const loaded = loadPair(bundle, { anchor: 'root' });
    assert.match(loaded.ok ? '' : loaded.problem, /ca\.crt has 17 certificates/);
  });

  it('has a key file that holds one key: what is longer may have exponents that take seconds to compute with', async () => {
    const key = secretFiles(ca)['tls.key'];
    assert.match((await problem({ ...secretFiles(ca), 'tls.key': Buffer.concat([key, Buffer.alloc(8193 - key.length, '\n')]) })) ?? '', /tls\.key has 8193 bytes, more than 8192/);
    assert.equal(await problem({ ...secretFiles(ca), 'tls.key': Buffer.concat([key, Buffer.alloc(8192 - key.length, '\n')]) }), null);
    assert.equal(await problem(secretFiles(testRoot({ name: 'large', key: 'RSA-4096' }))), null);
  });

  it('has certificates of 32 KiB at most, comments included, where a signer of the configuration may have a megabyte; nothing of them is kept', async () => {
    for (const name of ['tls.crt', 'ca.crt'] as const) {
      const padded = (size: number): PairFiles => ({ ...secretFiles(ca), [name]: Buffer.concat([secretFiles(ca)[name], Buffer.alloc(size - secretFiles(ca)[name].length, '\n')]) });
      assert.equal(await problem(padded(32_768)), null);
      assert.match((await problem(padded(32_769))) ?? '', new RegExp(`${name} has 32769 bytes, more than 32768`));
      assert.ok(loadPair(padded(32_769), { anchor: 'root' }).ok);
    }
  });

  it('is no other door to a signer of the configuration where the root alone is common, and is one with its key', async () => {
    const { authority, scene } = await world(secretFiles(ca));
    for (const [overlap, door] of [['trust', null], ['key', 'example.test/own']] as const) {
      scene.rival = { signer: 'example.test/own', overlap, why: 'it is not apart' };
      assert.equal(authority.rival, door);
      assert.equal(authority.state().ready, false, 'neither is served');
    }
  });

  it('is told what is wrong in a few words, however long its names are', async () => {
    const stray = testRoot({ name: 'x'.repeat(5_000) });
    const told = (await problem({ ...secretFiles(ca), 'ca.crt': secretFiles(stray)['ca.crt'] })) ?? '';
    assert.match(told, /^Failed to parse signing CA keypair from secret team-a\/ca: .*xxx/);
    assert.ok(told.length < 700, `${told.length}`);
  });

  it('does not sign what was planned before its Secret was replaced, and signs what was planned after', async () => {
    const { authority, scene } = await world(secretFiles(ca));
    assert.equal((await authority.issue(plan(ca), NEVER)).length, 2);
    scene.files = secretFiles(RENEWED);
    await authority.refresh(-1, NEVER);
    await assert.rejects(authority.issue(plan(ca), NEVER), Unavailable);
    assert.equal((await authority.issue(plan(RENEWED), NEVER)).length, 2);
  });

  it('does not sign once a signer of the configuration has come to have the same CA, though it was planned before; without that it does', async () => {
    const { authority, scene } = await world(secretFiles(ca));
    scene.rival = { signer: 'example.test/own', overlap: 'key', why: 'it has its key' };
    await assert.rejects(authority.issue(plan(ca), NEVER), (error: Unavailable) => error instanceof Unavailable && !error.message.includes('example.test'));
    scene.rival = null;
    assert.equal((await authority.issue(plan(ca), NEVER)).length, 2);
  });
});
