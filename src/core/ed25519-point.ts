/**
 * Whether 32 octets can be an honest Ed25519 public key: a canonical y-coordinate (RFC 8032 §5.1.3) whose point is
 * not one of the eight of small order. Under a key of small order anybody can make a signature that verifies, so
 * such a request would prove possession of nothing. Whether the point is on the curve shows when a signature is
 * verified.
 */
export function isSafeEd25519Point(bits: Uint8Array): boolean {
  if (bits.length !== 32) return false;
  const y = littleEndian(bits) & ((1n << 255n) - 1n);
  return y < P && !SMALL_ORDER.has(y);
}

const P = (1n << 255n) - 19n;

/** y of the points of order 4, 1, 2 and (two values) 8; the sign of x does not matter. The last two are the roots of d·y⁴ + 2·y² = 1. */
const ORDER_8 = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;
const SMALL_ORDER: ReadonlySet<bigint> = new Set([0n, 1n, P - 1n, ORDER_8, P - ORDER_8]);

function littleEndian(bits: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bits).reverse().toString('hex')}`);
}
