import { createHash, createPublicKey } from 'node:crypto';
import type { Certificate } from '../../src/core/certificate.ts';
import { readDer } from '../../src/core/der-reader.ts';
import { readPublicKey, type PublicKey } from '../../src/core/public-key.ts';

type Point = { readonly x: bigint; readonly y: bigint } | null;

/** P-256: SP 800-186 §3.2.1.3. */
const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
const G: Point = { x: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n, y: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n };

/**
 * The other P-256 key under which the signature of a certificate (ECDSA with SHA-256) holds: of each signature two keys can be computed (SEC 1 §4.1.6), the one
 * that made it and one of which nobody has the private half.
 */
export function substitutedKey({ tbs, signature }: Certificate, signer: PublicKey): PublicKey {
  const [r, s] = readDer(signature).children.map(({ content }) => integer(content)) as [bigint, bigint];
  const e = integer(createHash('sha256').update(tbs).digest());
  const y = power(mod(r * r * r - 3n * r + B, P), (P + 1n) / 4n, P);
  const inverse = power(r, N - 2n, N);
  const own = octets(signer.bits.subarray(1, 33));
  for (const root of [y, P - y]) {
    const key = add(times(mod(s * inverse, N), { x: r, y: root }), times(mod(-e * inverse, N), G));
    if (key !== null && hex(key.x) !== own) return keyOf(key);
  }
  throw new Error('there is no second key');
}

function keyOf({ x, y }: { x: bigint; y: bigint }): PublicKey {
  const jwk = { kty: 'EC', crv: 'P-256', x: Buffer.from(hex(x), 'hex').toString('base64url'), y: Buffer.from(hex(y), 'hex').toString('base64url') };
  const spki = readDer(createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'der' }));
  return readPublicKey(spki, { maxRsaBits: 8192, parent: spki });
}

function times(factor: bigint, point: Point): Point {
  let [sum, doubled] = [null as Point, point];
  for (let rest = factor; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) sum = add(sum, doubled);
    doubled = add(doubled, doubled);
  }
  return sum;
}

function add(a: Point, b: Point): Point {
  if (a === null) return b;
  if (b === null) return a;
  if (a.x === b.x && a.y !== b.y) return null;
  const slope = a.x === b.x ? (3n * a.x * a.x - 3n) * power(2n * a.y, P - 2n, P) : (b.y - a.y) * power(mod(b.x - a.x, P), P - 2n, P);
  const x = mod(slope * slope - a.x - b.x, P);
  return { x, y: mod(slope * (a.x - x) - a.y, P) };
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let [result, square] = [1n, mod(base, modulus)];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = mod(result * square, modulus);
    square = mod(square * square, modulus);
  }
  return result;
}

function mod(value: bigint, modulus: bigint): bigint {
  return ((value % modulus) + modulus) % modulus;
}

function integer(bytes: Uint8Array): bigint {
  return BigInt(`0x${octets(bytes)}`);
}

function octets(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function hex(value: bigint): string {
  return value.toString(16).padStart(64, '0');
}
