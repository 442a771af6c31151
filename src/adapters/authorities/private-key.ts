import { createPrivateKey, type KeyObject } from 'node:crypto';
import { DerError } from '../../core/der-error.ts';
import { readDer, type DerNode } from '../../core/der-reader.ts';
import { TAG, expectNode, oidValue, smallInteger, unsignedMagnitude } from '../../core/der-value.ts';
import { OID } from '../../core/oid.ts';

/** RSA-8192 in PKCS #8 has 6,400. */
const MAX_PEM = 8192;
const MIN_RSA_OCTETS = 2048 / 8;
const MAX_RSA_OCTETS = 8192 / 8;
/** SP 800-56B §6.2.1 has the two primes differ in their first hundred bits, not in their length. */
const MAX_UNEVEN_OCTETS = 8;
/** Of P-521. */
const MAX_SCALAR_OCTETS = 66;
const CURVES: readonly string[] = [OID.prime256v1, OID.secp384r1, OID.secp521r1];

export type ReadKey = { readonly ok: true; readonly key: KeyObject } | { readonly ok: false; readonly problem: string };

/**
 * Reads the first unencrypted private key of a PEM file: PKCS #8 (RFC 5958), PKCS #1 (RFC 8017 §A.1.2) or SEC 1 (RFC 5915). Its numbers are looked at before
 * OpenSSL is: whoever may write a CA's Secret could otherwise stop everybody with a kind of key that is computed with when it is read (8 KiB of DSA: 5 s, in
 * the event loop), or with a prime of four times its size (a signature: 4 s, in one of four threads). A problem quotes nothing of the file.
 */
export function readPrivateKey(pem: Uint8Array): ReadKey {
  if (pem.length > MAX_PEM) return { ok: false, problem: `has ${pem.length} bytes, more than ${MAX_PEM}: it is to hold one private key` };
  const block = /-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----([A-Za-z0-9+/=\s]*)-----END \1-----/.exec(Buffer.from(pem).toString('latin1'));
  const type = TYPES[block?.[1] ?? ''];
  if (type === undefined) return { ok: false, problem: UNREADABLE };
  const der = Buffer.from(block?.[2] ?? '', 'base64');
  try {
    const problem = CHECKS[type](readDer(der));
    // Of the bytes that were looked at, and no others of the file.
    return problem === null ? { ok: true, key: createPrivateKey({ key: der, format: 'der', type }) } : { ok: false, problem };
  } catch (error) {
    if (error instanceof DerError || isOpenssl(error)) return { ok: false, problem: UNREADABLE }; // Their own words may quote the input, which is a key.
    throw error;
  }
}

const UNREADABLE = 'is not an unencrypted PEM private key';
const KINDS = 'a CA has a key of RSA (2048 to 8192 bits), P-256, P-384, P-521 or Ed25519';
const TYPES: Readonly<Record<string, 'pkcs8' | 'pkcs1' | 'sec1'>> = { 'PRIVATE KEY': 'pkcs8', 'RSA PRIVATE KEY': 'pkcs1', 'EC PRIVATE KEY': 'sec1' };
const CHECKS: Readonly<Record<'pkcs8' | 'pkcs1' | 'sec1', (node: DerNode) => string | null>> = { pkcs8: pkcs8Problem, pkcs1: rsaProblem, sec1: (node) => ecProblem(node, null) };

function pkcs8Problem(info: DerNode): string | null {
  expectNode(info, TAG.sequence, 'the key', info);
  const algorithm = expectNode(info.children[1], TAG.sequence, 'the algorithm', info);
  const [oid, parameters] = algorithm.children;
  const key = expectNode(info.children[2], TAG.octetString, 'the private key', info).content;
  switch (oidValue(expectNode(oid, TAG.oid, 'the algorithm', algorithm))) {
    case OID.rsaEncryption:
      return rsaProblem(readDer(key));
    case OID.ecPublicKey:
      return ecProblem(readDer(key), parameters ?? null);
    case OID.ed25519:
      return null;
    default:
      return `is of another kind: ${KINDS}`;
  }
}

function rsaProblem(key: DerNode): string | null {
  if (smallInteger(expectNode(key.children[0], TAG.integer, 'the version', key), 'version') !== 0) return `has more than two primes: ${KINDS}`;
  const numbers = key.children.slice(1, 9).map((each) => unsignedMagnitude(expectNode(each, TAG.integer, 'a number of the key', key), 'number'));
  const [n = NONE, e = NONE, d = NONE, p = NONE, q = NONE, ...rest] = numbers;
  if (n.length < MIN_RSA_OCTETS || n.length > MAX_RSA_OCTETS) return `is an RSA key of about ${n.length * 8} bits: ${KINDS}`;
  const half = n.length / 2 + MAX_UNEVEN_OCTETS;
  if (e.length > 4 || d.length > n.length || [p, q, ...rest].some((each) => each.length > half)) return 'is an RSA key whose numbers are larger than its modulus lets them be';
  return integer(p) * integer(q) === integer(n) ? null : 'is an RSA key whose primes do not make its modulus';
}

/** The curve stands beside it in PKCS #8, and within it in SEC 1; in PKCS #8 it may stand in both. A curve that is spelt out is nobody's that signs here. */
function ecProblem(key: DerNode, outer: DerNode | null): string | null {
  const scalar = expectNode(key.children[1], TAG.octetString, 'the private key', key).content;
  const inner = key.children.find(({ identifier }) => identifier === CURVE_WITHIN)?.children[0] ?? null;
  const named = [outer, inner].filter((each) => each !== null);
  if (named.length === 0 || named.some((each) => each.identifier !== TAG.oid || !CURVES.includes(oidValue(each)))) return `is on another curve: ${KINDS}`;
  return scalar.length > MAX_SCALAR_OCTETS ? 'is an EC key whose number is larger than its curve lets it be' : null;
}

/** RFC 5915 §3: parameters [0]. */
const CURVE_WITHIN = 0xa0;
const NONE = new Uint8Array();

function integer(magnitude: Uint8Array): bigint {
  return BigInt(`0x0${Buffer.from(magnitude).toString('hex')}`);
}

/** node:crypto throws what OpenSSL says as an Error with a code. */
function isOpenssl(error: unknown): boolean {
  return error instanceof Error && 'code' in error;
}
