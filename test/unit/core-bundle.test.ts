import assert from 'node:assert/strict';
import { X509Certificate, createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { bundleFingerprint, bundlePem, normaliseBundle } from '../../src/core/bundle.ts';
import { issue, testRoot } from '../support/authority.ts';
import { plan } from '../support/plans.ts';

const [a, b, c] = ['a', 'b', 'c'].map((name) => testRoot({ name })) as [ReturnType<typeof testRoot>, ReturnType<typeof testRoot>, ReturnType<typeof testRoot>];
const certificates = [a, b, c].map(({ certificate }) => certificate);

describe('a trust bundle', () => {
  it('is the same bytes for the same anchors, in whatever order and however often', () => {
    const [one, two, three] = certificates as [typeof a.certificate, typeof a.certificate, typeof a.certificate];
    const pem = bundlePem([one, two, three]);
    for (const same of [[three, two, one], [two, one, three, two], [one, one, two, three]]) {
      assert.equal(bundlePem(same), pem);
      assert.equal(bundleFingerprint(same), bundleFingerprint(certificates));
    }
    assert.notEqual(bundleFingerprint([one, two]), bundleFingerprint(certificates));
  });

  it('is PEM that others read, one block for each anchor and a final newline', () => {
    const pem = bundlePem(certificates);
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----\n(?:[A-Za-z0-9+/=]{1,64}\n)+-----END CERTIFICATE-----\n/g) ?? [];
    assert.equal(blocks.join(''), pem);
    assert.deepEqual(blocks.map((block) => new X509Certificate(block).subject).sort(), ['CN=a', 'CN=b', 'CN=c']);
  });

  it('is named by the SHA-256 of its certificates in the order of their own', () => {
    const sorted = normaliseBundle(certificates);
    assert.deepEqual(sorted.map(({ fingerprint }) => fingerprint), certificates.map(({ fingerprint }) => fingerprint).sort());
    assert.equal(bundleFingerprint(certificates), createHash('sha256').update(Buffer.concat(sorted.map(({ der }) => der))).digest('hex'));
  });

  it('never holds a leaf: a leaf as an anchor speaks for itself', () => {
    const [leaf] = issue(plan(a), a);
    assert.ok(leaf);
    assert.throws(() => bundlePem([a.certificate, leaf]), (error) => error instanceof RangeError && error.message.includes(leaf.fingerprint));
    assert.throws(() => bundleFingerprint([testRoot({ name: 'old', ca: null }).certificate]), RangeError);
    assert.doesNotThrow(() => bundlePem([a.certificate]));
  });

  it('of no anchor is empty', () => {
    assert.equal(bundlePem([]), '');
  });
});
