import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fittingKeyUsage } from '../../src/core/key-usage.ts';
import { DEFAULT_USAGES, USAGES, extendedKeyUsages, isUsage, keyUsageBits, usageNames, type Usage } from '../../src/core/usage.ts';

describe('the usages of Kubernetes', () => {
  it('are those of certificates.k8s.io/v1, each of one kind', () => {
    assert.equal(USAGES.length, 23);
    for (const usage of USAGES) assert.equal(keyUsageBits([usage]).length + extendedKeyUsages([usage]).length, 1, usage);
  });

  it('are none that Kubernetes does not have, whatever an object of the language has by birth', () => {
    assert.deepEqual(['', 'Server Auth', 'server  auth', 'toString', '__proto__', 'constructor', 'hasOwnProperty'].filter(isUsage), []);
    assert.deepEqual(USAGES.filter((usage) => !isUsage(usage)), []);
  });

  it('become bits in ascending order and identifiers in theirs, each once', () => {
    const usages: Usage[] = ['client auth', 'key encipherment', 'server auth', 'signing', 'digital signature', 's/mime', 'email protection'];
    assert.deepEqual(keyUsageBits(usages), [0, 2]);
    assert.deepEqual(extendedKeyUsages(usages), ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.4']);
    assert.deepEqual([keyUsageBits([]), extendedKeyUsages([])], [[], []]);
  });

  it('have names for people, and a number where there is none', () => {
    assert.deepEqual(usageNames([0, 2, 12], ['1.3.6.1.5.5.7.3.1', '1.2.3']), ['digital signature', 'key encipherment', 'bit 12', 'server auth', '1.2.3']);
    assert.deepEqual(usageNames(keyUsageBits(DEFAULT_USAGES), extendedKeyUsages(DEFAULT_USAGES)), DEFAULT_USAGES);
  });
});

describe('the usages of a key', () => {
  it('never include signing certificates or revocation lists', () => {
    const all = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    for (const key of [{ type: 'RSA', bits: 2048 }, { type: 'ECDSA', curve: 'P-256' }, { type: 'Ed25519' }] as const) {
      assert.deepEqual(fittingKeyUsage(key, all, []).filter((bit) => bit === 5 || bit === 6), []);
      assert.deepEqual(fittingKeyUsage(key, [0], []), [0]);
      assert.deepEqual(fittingKeyUsage(key, [], []), []);
    }
  });
});
