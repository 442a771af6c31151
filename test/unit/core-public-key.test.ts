import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { describe, it } from 'node:test';
import { DerError } from '../../src/core/der-error.ts';
import { readDer } from '../../src/core/der-reader.ts';
import { bitString, objectIdentifier, sequence } from '../../src/core/der-writer.ts';
import { isSafeEd25519Point } from '../../src/core/ed25519-point.ts';
import { OID } from '../../src/core/oid.ts';
import { keyName, readPublicKey, type PublicKey } from '../../src/core/public-key.ts';
import { KEY_KINDS, testKey } from '../support/keys.ts';
import { testKey as fixedKey } from '../support/der/keys.ts';

/** y-coordinates of the points of small order, little-endian: orders 1, 2, 4 and (two) 8. */
const SMALL_ORDER = [
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  '00'.repeat(32),
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
];

describe('readPublicKey', () => {
  it('names every kind of key by its size or curve, and keeps its bytes', () => {
    for (const kind of KEY_KINDS) {
      const spki = createPublicKey(testKey(kind).privateKey).export({ type: 'spki', format: 'der' });
      const key = publicKey(spki);
      assert.equal(keyName(key.algorithm), kind);
      assert.deepEqual(Buffer.from(key.spki), spki);
      assert.deepEqual(Buffer.from(spki.subarray(-key.bits.length)), Buffer.from(key.bits));
    }
  });

  it('takes RSA keys up to the size it is given', () => {
    const { spki } = fixedKey('rsa-4104');
    assert.equal(keyName(publicKey(spki, 4104).algorithm), 'RSA-4104');
    assert.throws(() => publicKey(spki, 4103), (error) => error instanceof DerError && error.message.includes('an RSA key of 4104 bits, allowed 2048 to 4103 bits'));
  });

  it('refuses Ed25519 keys for which anybody can sign', () => {
    // R = the neutral point and S = 0 verify for every message under the neutral point as the key.
    const spki = ed25519(Buffer.from(SMALL_ORDER[0] ?? '', 'hex'));
    // OpenSSL 3.0 believes such a signature (seen in Node 20); newer ones do not, and must not be what this rests on.
    assert.throws(() => publicKey(spki), DerError);
    publicKey(fixedKey('ed25519').spki);
  });
});

describe('isSafeEd25519Point', () => {
  it('is false for every point of small order, whatever its sign', () => {
    for (const hex of SMALL_ORDER) {
      const point = Buffer.from(hex, 'hex');
      assert.equal(isSafeEd25519Point(point), false, hex);
      assert.equal(isSafeEd25519Point(withSign(point)), false, `${hex} with the sign bit`);
      const neighbour = Buffer.from(point);
      neighbour[1] = (neighbour[1] ?? 0) ^ 1;
      assert.equal(isSafeEd25519Point(neighbour), true, `the neighbour of ${hex}`);
    }
  });

  it('is false for a coordinate of the prime or more', () => {
    for (const low of [0xed, 0xee, 0xff]) assert.equal(isSafeEd25519Point(Buffer.from(`${low.toString(16)}${'ff'.repeat(30)}7f`, 'hex')), false);
    assert.equal(isSafeEd25519Point(Buffer.from(`eb${'ff'.repeat(30)}7f`, 'hex')), true);
  });

  it('is false for another length than 32 octets', () => {
    assert.equal(isSafeEd25519Point(Buffer.alloc(31, 9)), false);
    assert.equal(isSafeEd25519Point(Buffer.alloc(33, 9)), false);
    assert.equal(isSafeEd25519Point(Buffer.alloc(32, 9)), true);
  });
});

function publicKey(spki: Uint8Array, maxRsaBits = 4096): PublicKey {
  const node = readDer(spki);
  return readPublicKey(node, { maxRsaBits, parent: node });
}

function ed25519(point: Uint8Array): Uint8Array {
  return sequence(sequence(objectIdentifier(OID.ed25519)), bitString(point));
}

function withSign(point: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(point);
  copy[31] = (copy[31] ?? 0) | 0x80;
  return copy;
}
