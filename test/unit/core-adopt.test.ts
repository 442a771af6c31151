import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { certificatePem } from '../../src/core/certificate.ts';
import { adoption as adoptionAt, type Adoption, type CaPath } from '../../src/core/adopt.ts';
import { issue, testIntermediate, testRoot, type AuthorityShape, type TestAuthority } from '../support/authority.ts';
import { NOON, after } from '../support/clock.ts';
import { testKey } from '../support/keys.ts';
import { opensslVerify, withoutOpenssl } from '../support/openssl.ts';
import { plan } from '../support/plans.ts';

const [K1, K2] = [testKey('P-256', 'first CA key'), testKey('P-256', 'second CA key')];

/** A tenant's own root, as cert-manager's self-signed issuer makes one. */
function ownRoot(shape: AuthorityShape = {}): TestAuthority {
  return testRoot({ name: 'foo CA', key: K1, ...shape });
}

const common = testRoot({ name: 'common root' });
const rival = testRoot({ name: 'rival root' });
const below = (parent: TestAuthority, shape: AuthorityShape = {}): TestAuthority => testIntermediate(parent, { name: 'foo intermediate', key: K1, ...shape });

describe('a pair that appears beside the one in use', () => {
  it('is adopted when it is the first', () => {
    assert.deepEqual(adoption(null, path(ownRoot())), { do: 'adopt', why: 'it is the first' });
  });

  it('changes nothing when it is the one in use', () => {
    const root = ownRoot();
    assert.deepEqual(adoption(path(root), path(root)), { do: 'keep' });
    const intermediate = below(common);
    assert.deepEqual(adoption(path(intermediate), path(intermediate)), { do: 'keep' });
  });

  it('is adopted when a root was renewed with its key', () => {
    assert.deepEqual(adoption(path(ownRoot()), path(ownRoot({ notAfter: after(1e8) }))), { do: 'adopt', why: 'it is the same key' });
  });

  it('is held when a root was renewed with another key, as cert-manager does by default', () => {
    assert.deepEqual(adoption(path(ownRoot()), path(ownRoot({ key: K2 }))), { do: 'hold', why: 'it has another key and does not chain to the published root' });
  });

  it('is held when another key bears the same name and the same key identifier: an identifier proves nothing', () => {
    const subjectKeyId = Buffer.alloc(20, 1);
    assert.equal(adoption(path(ownRoot({ subjectKeyId })), path(ownRoot({ subjectKeyId, key: K2 }))).do, 'hold');
    assert.equal(adoption(path(ownRoot({ subjectKeyId })), path(ownRoot({ subjectKeyId }))).do, 'adopt');
  });

  it('is held when the key is the same and the name is not', () => {
    assert.deepEqual(adoption(path(ownRoot()), path(ownRoot({ name: 'foo CA 2' }))), { do: 'hold', why: 'it has the same key but another subject' });
  });

  it('is held when the key is the same and its identifier is not, as when a newer cert-manager hashes it otherwise', () => {
    assert.deepEqual(adoption(path(ownRoot({ subjectKeyId: Buffer.alloc(20, 1) })), path(ownRoot())), { do: 'hold', why: 'it has the same key but another subject key identifier' });
    assert.equal(adoption(path(ownRoot({ subjectKeyId: Buffer.alloc(20, 1) })), path(ownRoot({ subjectKeyId: Buffer.alloc(20, 1) }))).do, 'adopt');
  });

  it('is adopted when an intermediate was renewed, with its key or another, below the published root', () => {
    assert.deepEqual(adoption(path(below(common)), path(below(common))), { do: 'adopt', why: 'it is the same key' });
    assert.deepEqual(adoption(path(below(common)), path(below(common, { key: K2 }))), { do: 'adopt', why: 'it chains to the published root' });
  });

  it('is held when the same intermediate key was certified by another root', () => {
    assert.deepEqual(adoption(path(below(common)), path(below(rival))), { do: 'hold', why: 'it has the same key but another root' });
  });

  it('is held when an intermediate with another key is below another root', () => {
    assert.equal(adoption(path(below(common)), path(below(rival, { key: K2 }))).do, 'hold');
    assert.equal(adoption(path(below(common)), path(below(common, { key: K2 }))).do, 'adopt');
  });

  it('is held when its root bears the name of the published one but not its key', () => {
    const impostor = testRoot({ name: 'common root', key: K2 });
    assert.equal(adoption(path(below(common)), path(below(impostor))).do, 'hold');
    const renewed = testRoot({ name: 'common root', key: common.key, notAfter: after(1e8) });
    assert.deepEqual(adoption(path(below(common)), path(below(renewed))), { do: 'adopt', why: 'it is the same key' });
  });

  it('is held when the root in use was put below another root: what it issued before does not lead there', () => {
    const root = ownRoot();
    assert.equal(adoption(path(root), path(testIntermediate(rival, { name: 'foo CA', key: K1 }))).do, 'hold');
  });

  it('is held when the published root moves up, and when it moves down', () => {
    const intermediate = below(common);
    const asAnchor: CaPath = { chain: [intermediate.certificate], anchor: intermediate.certificate };
    assert.equal(adoption(asAnchor, path(intermediate)).do, 'hold');
    assert.equal(adoption(path(intermediate), asAnchor).do, 'hold');
    assert.deepEqual(adoption(asAnchor, asAnchor), { do: 'keep' });
  });

  it('is held while it is not valid, even as the first: a restored backup takes the place of nothing', () => {
    const [over, early] = [ownRoot({ notAfter: after(-1) }), ownRoot({ notBefore: after(1) })];
    assert.deepEqual(adoption(null, path(over)), { do: 'hold', why: 'the CA expired at 2026-03-04T11:59:59.000Z' });
    assert.deepEqual(adoption(path(ownRoot()), path(over)), { do: 'hold', why: 'the CA expired at 2026-03-04T11:59:59.000Z' });
    assert.deepEqual(adoption(path(ownRoot()), path(early)), { do: 'hold', why: 'the CA certificate is not valid before 2026-03-04T12:00:01.000Z' });
    assert.equal(adoptionAt(path(ownRoot()), path(early), after(1)).do, 'adopt');
    assert.equal(adoptionAt(path(ownRoot()), path(over), after(-2)).do, 'adopt');
    assert.deepEqual(adoption(path(over), path(over)), { do: 'keep' }, 'what is in use stays so');
  });

  it('is adopted whatever it is when the pair in use is over, which protects nobody any more', () => {
    const offered = path(ownRoot({ key: K2 }));
    assert.deepEqual(adoption(path(ownRoot({ notAfter: after(-1) })), offered), { do: 'adopt', why: 'the pair in use is over' });
    assert.deepEqual(adoption(path(below(testRoot({ name: 'ended', notAfter: after(-1) }))), offered), { do: 'adopt', why: 'the pair in use is over' });
    assert.equal(adoption(path(ownRoot({ notAfter: after(1) })), offered).do, 'hold', 'a second before, it is not');
  });

  it('without a certificate is a bug', () => {
    assert.throws(() => adoption(path(ownRoot()), { chain: [], anchor: common.certificate }), RangeError);
  });
});

describe('a pair that is adopted', () => {
  const pairs: readonly (readonly [string, TestAuthority, TestAuthority])[] = [
    ['a renewed root', ownRoot(), ownRoot({ notAfter: after(1e8) })],
    ['a renewed intermediate', below(common), below(common)],
    ['an intermediate with a new key', below(common), below(common, { key: K2 })],
    ['an intermediate below a renewed root', below(common), below(testRoot({ name: 'common root', key: common.key }))],
    ['an intermediate in place of its root', common, below(common)],
  ];
  for (const [what, old, next] of pairs) {
    it(`breaks no verifier, whichever of the two it knows and whichever it meets: ${what}`, { skip: withoutOpenssl() }, () => {
      assert.equal(adoption(path(old), path(next)).do, 'adopt');
      for (const trusted of [old, next]) for (const met of [old, next]) handshake(met, trusted);
    });
  }

  it('would break one if it were adopted with another key identifier', { skip: withoutOpenssl() }, () => {
    const [old, next] = [ownRoot({ subjectKeyId: Buffer.alloc(20, 1) }), ownRoot()];
    assert.equal(adoption(path(old), path(next)).do, 'hold');
    assert.throws(() => handshake(old, next));
    handshake(next, next);
  });
});

/** The verdict at noon. */
function adoption(inUse: CaPath | null, offered: CaPath): Adoption {
  return adoptionAt(inUse, offered, NOON);
}

/** What one side of a handshake does: it has the anchor of one CA, and is shown a leaf of the other with its path below the anchor. */
function handshake(met: TestAuthority, trusted: TestAuthority): void {
  const [leaf, ...rest] = issue(plan(met), met).map(certificatePem);
  opensslVerify({ leaves: [leaf ?? ''], intermediates: rest.slice(0, -1).join(''), root: certificatePem(trusted.root), at: NOON });
}

function path({ chain, root }: TestAuthority): CaPath {
  return { chain, anchor: root };
}
