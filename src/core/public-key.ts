import { type AlgorithmIdentifier, hasParameters, readAlgorithmIdentifier } from './algorithm-identifier.ts';
import { DerError } from './der-error.ts';
import { type DerNode, readDer } from './der-reader.ts';
import { TAG, expectEnd, expectNode, oidValue, unsignedMagnitude, wholeOctets } from './der-value.ts';
import { isOnCurve } from './ec-point.ts';
import { isSafeEd25519Point } from './ed25519-point.ts';
import { OID } from './oid.ts';

/** What kind of key it is, as far as policy and profile need to know. */
export type KeyAlgorithm =
  | { readonly type: 'RSA'; readonly bits: number }
  | { readonly type: 'ECDSA'; readonly curve: 'P-256' | 'P-384' | 'P-521' }
  | { readonly type: 'Ed25519' };

/** A public key with its SubjectPublicKeyInfo kept byte for byte, so that what was proven is what is certified. */
export type PublicKey = {
  /** DER of the SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** Content of the subjectPublicKey BIT STRING: what RFC 5280 §4.2.1.2 hashes for the key identifier. */
  readonly bits: Uint8Array;
  readonly algorithm: KeyAlgorithm;
};

/** `RSA-2048`, `P-256`, `Ed25519`: the spelling of the configuration's `keys` and of every message. */
export function keyName(algorithm: KeyAlgorithm): string {
  switch (algorithm.type) {
    case 'RSA':
      return `RSA-${algorithm.bits}`;
    case 'ECDSA':
      return algorithm.curve;
    case 'Ed25519':
      return 'Ed25519';
  }
}

/** Below 2048 bits RSA is weak (NIST SP 800-131A). */
const MIN_RSA_BITS = 2048;

/** Go reads public exponents into 31 bits and refuses the rest, so no peer written in Go could use such a key. */
const MAX_RSA_EXPONENT = 0x7fff_ffff;

/**
 * Reads a SubjectPublicKeyInfo: RSA (RFC 3279 §2.3.1) of 2048 to `maxRsaBits` bits, EC on a named curve P-256, P-384
 * or P-521 with an uncompressed point (RFC 5480), Ed25519 (RFC 8410). Throws DerError for every other key and for
 * one that cannot be a key of its kind: an even modulus, an exponent of 1, a point off its curve or of small order.
 */
export function readPublicKey(field: DerNode | undefined, { maxRsaBits, parent }: { maxRsaBits: number; parent: DerNode }): PublicKey {
  const spki = expectNode(field, TAG.sequence, 'the public key', parent);
  const algorithm = readAlgorithmIdentifier(spki.children[0], 'the key algorithm', spki);
  const bitString = expectNode(spki.children[1], TAG.bitString, 'the key bits', spki);
  expectEnd(spki, 2, 'the public key');
  const bits = wholeOctets(bitString, 'key bits');
  const key = { spki: spki.der, bits };
  switch (algorithm.oid) {
    case OID.rsaEncryption:
      return { ...key, algorithm: rsaAlgorithm(algorithm, bits, maxRsaBits, bitString.offset) };
    case OID.ecPublicKey:
      return { ...key, algorithm: ecAlgorithm(algorithm, spki, bits) };
    case OID.ed25519:
      return { ...key, algorithm: ed25519Algorithm(algorithm, bits) };
    default:
      throw new DerError({ found: `a key of the algorithm ${algorithm.oid}`, allowed: ALLOWED, offset: spki.offset });
  }
}

const ALLOWED = 'RSA, P-256, P-384, P-521 or Ed25519';

function rsaAlgorithm(algorithm: AlgorithmIdentifier, bits: Uint8Array, maxRsaBits: number, offset: number): KeyAlgorithm {
  const fail = (found: string, allowed: string): never => {
    throw new DerError({ found, allowed, offset });
  };
  if (!hasParameters(algorithm, 'NULL')) fail('RSA key parameters that are not NULL', 'NULL (RFC 3279 §2.3.1)');
  const key = readDer(bits, { offset: offset + 1 });
  expectNode(key, TAG.sequence, 'the RSA key', key);
  const modulus = unsignedMagnitude(expectNode(key.children[0], TAG.integer, 'the RSA modulus', key), 'RSA modulus');
  const exponent = unsignedMagnitude(expectNode(key.children[1], TAG.integer, 'the RSA exponent', key), 'RSA exponent');
  expectEnd(key, 2, 'the RSA key');
  const size = bitLength(modulus);
  if (size < MIN_RSA_BITS || size > maxRsaBits) fail(`an RSA key of ${size} bits`, `${MIN_RSA_BITS} to ${maxRsaBits} bits`);
  if (!isOdd(modulus)) fail('an even RSA modulus', 'a product of two odd primes');
  const value = exponent.length > 4 ? Infinity : exponent.reduce((sum, octet) => sum * 256 + octet, 0);
  if (value < 3 || value > MAX_RSA_EXPONENT || !isOdd(exponent)) {
    fail(`the RSA exponent ${value === Infinity ? `of ${exponent.length} octets` : value}`, `an odd number from 3 to ${MAX_RSA_EXPONENT}`);
  }
  return { type: 'RSA', bits: size };
}

const CURVES: Readonly<Record<string, { readonly curve: 'P-256' | 'P-384' | 'P-521'; readonly octets: number }>> = {
  [OID.prime256v1]: { curve: 'P-256', octets: 32 },
  [OID.secp384r1]: { curve: 'P-384', octets: 48 },
  [OID.secp521r1]: { curve: 'P-521', octets: 66 },
};

function ecAlgorithm({ parameters }: AlgorithmIdentifier, spki: DerNode, bits: Uint8Array): KeyAlgorithm {
  const fail = (found: string, allowed: string): never => {
    throw new DerError({ found, allowed, offset: spki.offset });
  };
  // Explicit parameters let the sender choose the generator: CVE-2020-0601 made any CA's key "known" that way.
  if (parameters?.identifier !== TAG.oid) return fail('an EC key without a named curve', 'the object identifier of a curve (RFC 5480 §2.1.1)');
  const named = CURVES[oidValue(parameters)];
  if (named === undefined) return fail(`an EC key on the curve ${oidValue(parameters)}`, ALLOWED);
  const { curve, octets } = named;
  if (bits[0] !== 0x04 || bits.length !== 1 + 2 * octets) {
    const first = (bits[0] ?? 0).toString(16).padStart(2, '0');
    fail(`a ${curve} point of ${bits.length} octets that starts with 0x${first}`, `an uncompressed point: 0x04 and ${2 * octets} octets`);
  }
  if (!isOnCurve(curve, bits)) fail(`a point that is not on ${curve}`, 'a point of the curve');
  return { type: 'ECDSA', curve };
}

function ed25519Algorithm(algorithm: AlgorithmIdentifier, bits: Uint8Array): KeyAlgorithm {
  const offset = algorithm.node.offset;
  if (!hasParameters(algorithm, 'absent')) {
    throw new DerError({ found: 'parameters of an Ed25519 key', allowed: 'none (RFC 8410 §3)', offset });
  }
  if (!isSafeEd25519Point(bits)) {
    const found = `an Ed25519 key that is no point of large order (${bits.length} octets)`;
    throw new DerError({ found, allowed: '32 octets of an ordinary public key', offset });
  }
  return { type: 'Ed25519' };
}

function bitLength(magnitude: Uint8Array): number {
  return magnitude.length === 0 ? 0 : (magnitude.length - 1) * 8 + (32 - Math.clz32(magnitude[0] ?? 0));
}

function isOdd(magnitude: Uint8Array): boolean {
  return ((magnitude[magnitude.length - 1] ?? 0) & 1) === 1;
}
