import { bitString, nullValue, objectIdentifier, sequence, unsignedInteger } from '../../../../src/core/der-writer.ts';
import { OID } from '../../../../src/core/oid.ts';
import { testKey } from '../../../support/der/keys.ts';
import { bytes, concat, flipped } from '../../../support/der/raw.ts';
import { refused } from './refused.ts';
import type { Refused } from './vector.ts';

const RSA = sequence(objectIdentifier(OID.rsaEncryption), nullValue());
const P256 = sequence(objectIdentifier(OID.ecPublicKey), objectIdentifier(OID.prime256v1));
const ED25519 = sequence(objectIdentifier(OID.ed25519));
const MODULUS = testKey('rsa-2048').spki.subarray(33, 33 + 256);
const EXPONENT = bytes(1, 0, 1);
const POINT = testKey('p256').spki.subarray(-64);

/** Keys that are too weak, too strange, or no keys at all. */
export const keyVectors: readonly Refused[] = [
  key('key-rsa-1024', 'an RSA key of 1024 bits', 'an RSA key of 1024 bits', testKey('rsa-1024').spki),
  key('key-rsa-2047', 'an RSA key one bit short', 'an RSA key of 2047 bits', testKey('rsa-2047').spki),
  key('key-rsa-4104', 'an RSA key over 4096 bits', 'an RSA key of 4104 bits', testKey('rsa-4104').spki, 'rsa-4096'),
  key('key-rsa-even', 'an even modulus', 'an even RSA modulus', rsa(flipped(MODULUS, -1), EXPONENT)),
  key('key-rsa-exponent-1', 'an exponent of 1: every signature is the message', 'the RSA exponent 1', rsa(MODULUS, bytes(1)), 'rsa-exponent-3'),
  key('key-rsa-exponent-2', 'an even exponent', 'the RSA exponent 2', rsa(MODULUS, bytes(2)), 'rsa-exponent-3'),
  key('key-rsa-exponent-0', 'an exponent of zero', 'the RSA exponent 0', rsa(MODULUS, bytes(0)), 'rsa-exponent-3'),
  key('key-rsa-exponent-large', 'an exponent of 33 bits, which Go refuses', 'the RSA exponent of 5 octets', rsa(MODULUS, bytes(1, 0, 0, 0, 1))),
  key('key-rsa-modulus-negative', 'a modulus without its sign octet', 'a negative RSA modulus', sequence(RSA, bitString(sequence(concat(bytes(0x02, 0x82, 0x01, 0x00), MODULUS), unsignedInteger(EXPONENT))))),
  key('key-rsa-modulus-zero', 'a modulus of zero', 'an RSA key of 0 bits', rsa(bytes(0), EXPONENT)),
  key('key-rsa-third-number', 'a third number after the exponent', 'after the last field of the RSA key', sequence(RSA, bitString(sequence(unsignedInteger(MODULUS), unsignedInteger(EXPONENT), unsignedInteger(EXPONENT))))),
  key('key-rsa-not-der', 'an RSA key that is not DER', 'the end of the data', sequence(RSA, bitString(bytes(0x30)))),
  key('key-rsa-trailing', 'a byte after the RSA key', 'after the end of the outermost element', sequence(RSA, bitString(concat(sequence(unsignedInteger(MODULUS), unsignedInteger(EXPONENT)), bytes(0))))),
  key('key-rsa-no-parameters', 'RSA without its NULL', 'RSA key parameters that are not NULL', sequence(sequence(objectIdentifier(OID.rsaEncryption)), bitString(sequence(unsignedInteger(MODULUS), unsignedInteger(EXPONENT))))),
  key('key-rsa-pss', 'a key for RSA-PSS only', 'the algorithm 1.2.840.113549.1.1.10', testKey('rsa-pss').spki),
  key('key-secp256k1', 'a curve that TLS does not use', 'the curve 1.3.132.0.10', testKey('secp256k1').spki, 'ztunnel'),
  key('key-ec-explicit', 'a curve spelled out (CVE-2020-0601)', 'without a named curve', testKey('p256-explicit').spki, 'ztunnel'),
  key('key-ec-no-curve', 'an EC key without parameters', 'without a named curve', sequence(sequence(objectIdentifier(OID.ecPublicKey)), bitString(concat(bytes(4), POINT))), 'ztunnel'),
  key('key-ec-implicit-curve', 'a curve inherited from the CA', 'without a named curve', sequence(sequence(objectIdentifier(OID.ecPublicKey), nullValue()), bitString(concat(bytes(4), POINT))), 'ztunnel'),
  key('key-ec-compressed', 'a compressed point', 'a P-256 point of 33 octets that starts with 0x02', ec(concat(bytes(2), POINT.subarray(0, 32))), 'ztunnel'),
  key('key-ec-hybrid', 'a hybrid point', 'starts with 0x06', ec(concat(bytes(6), POINT)), 'ztunnel'),
  key('key-ec-infinity', 'the point at infinity', 'a P-256 point of 1 octets', ec(bytes(0)), 'ztunnel'),
  key('key-ec-short', 'a point one octet short', 'a P-256 point of 64 octets', ec(concat(bytes(4), POINT.subarray(1))), 'ztunnel'),
  key('key-ec-off-curve', 'a point beside the curve', 'a point that is not on P-256', ec(concat(bytes(4), flipped(POINT, -1))), 'ztunnel'),
  key('key-ec-zero', 'coordinates of zero', 'a point that is not on P-256', ec(concat(bytes(4), new Uint8Array(64))), 'ztunnel'),
  key('key-ed25519-short', 'an Ed25519 key of 31 octets', '(31 octets)', ed25519(testKey('ed25519').spki.subarray(-31))),
  key('key-ed25519-parameters', 'an Ed25519 key with NULL parameters', 'parameters of an Ed25519 key', sequence(sequence(objectIdentifier(OID.ed25519), nullValue()), bitString(testKey('ed25519').spki.subarray(-32)))),
  key('key-ed25519-identity', 'the neutral point: anybody can sign for it', 'no point of large order', ed25519(concat(bytes(1), new Uint8Array(31)))),
  key('key-ed25519-order-8', 'a point of order 8', 'no point of large order', ed25519(Buffer.from('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', 'hex'))),
  key('key-ed25519-not-canonical', 'a coordinate written with the prime added', 'no point of large order', ed25519(Buffer.from(`f0${'ff'.repeat(30)}7f`, 'hex'))),
  key('key-ed448', 'Ed448, which Go cannot verify', 'the algorithm 1.3.101.113', testKey('ed448').spki),
  key('key-x25519', 'a key that cannot sign', 'the algorithm 1.3.101.110', testKey('x25519').spki),
  key('key-unused-bits', 'a key with unused bits', 'key bits with 1 unused bits', sequence(ED25519, bitString(concat(testKey('ed25519').spki.subarray(-32, -1), bytes(0)), 1))),
  key('key-third-field', 'a field after the key bits', 'after the last field of the public key', sequence(ED25519, bitString(testKey('ed25519').spki.subarray(-32)), nullValue())),
  key('key-no-bits', 'an algorithm without key bits', 'nothing for the key bits', sequence(ED25519)),
];

function key(name: string, what: string, reason: string, spki: Uint8Array, twin = name.startsWith('key-rsa') ? 'rsa-2048' : 'ed25519'): Refused {
  return refused(name, what, { field: 'spec.request.publicKey', reason, twin }, { spki });
}

function rsa(modulus: Uint8Array, exponent: Uint8Array): Uint8Array {
  return sequence(RSA, bitString(sequence(unsignedInteger(modulus), unsignedInteger(exponent))));
}

function ec(point: Uint8Array): Uint8Array {
  return sequence(P256, bitString(point));
}

function ed25519(point: Uint8Array): Uint8Array {
  return sequence(ED25519, bitString(point));
}
