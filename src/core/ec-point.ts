type Curve = { readonly octets: number; readonly p: bigint; readonly b: bigint };

/** FIPS 186-5 / SP 800-186 §3.2.1: y² = x³ - 3x + b over the integers modulo p. */
const CURVES: Readonly<Record<'P-256' | 'P-384' | 'P-521', Curve>> = {
  'P-256': {
    octets: 32,
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  },
  'P-384': {
    octets: 48,
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  },
  'P-521': {
    octets: 66,
    p: 2n ** 521n - 1n,
    b: 0x051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
  },
};

/**
 * Whether `bits` is an uncompressed point of the curve (SEC 1 §2.3.3: 0x04, x, y): both coordinates below p and the equation holds. By
 * arithmetic and not by letting OpenSSL import the key, which takes twenty times as long and is not needed for a key that verifies nothing.
 */
export function isOnCurve(curve: keyof typeof CURVES, bits: Uint8Array): boolean {
  const { octets, p, b } = CURVES[curve];
  if (bits.length !== 1 + 2 * octets || bits[0] !== 0x04) return false;
  const [x, y] = [integer(bits.subarray(1, 1 + octets)), integer(bits.subarray(1 + octets))];
  return x < p && y < p && (y * y - (x * x - 3n) * x - b) % p === 0n;
}

function integer(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`);
}
