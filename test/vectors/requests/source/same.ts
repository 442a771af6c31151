/**
 * Whether two vector files differ at most in an ECDSA signature, which is random: everything around the base64 is
 * equal, and so is the request up to the end of the signature algorithm.
 */
export function sameButForSignature(made: string, committed: string): boolean {
  if (made === committed) return true;
  const [one, other] = [BLOCK.exec(made), BLOCK.exec(committed)];
  if (one === null || other === null || made.replace(BLOCK, '') !== committed.replace(BLOCK, '')) return false;
  const [a, b] = [signedPart(Buffer.from(one[0], 'base64')), signedPart(Buffer.from(other[0], 'base64'))];
  return a !== null && a === b;
}

/** The lines between BEGIN and END. */
const BLOCK = /(?<=^-----BEGIN [^-\n]*-----\n)[^-]+(?=-----END )/m;

/** The identifiers of ecdsa-with-SHA224 to -SHA512, and that of ecdsa-with-SHA1; what follows them is the signature. */
const ECDSA = [Buffer.from('06082a8648ce3d0403', 'hex'), Buffer.from('06072a8648ce3d0401', 'hex')];

/** Hex of the signed part and the algorithm; null when it is not ECDSA. */
function signedPart(der: Buffer): string | null {
  const at = Math.max(...ECDSA.map((identifier) => der.lastIndexOf(identifier)));
  // The outer header holds the length, which the signature's length changes.
  const header = (der[1] ?? 0) < 0x80 ? 2 : 2 + ((der[1] ?? 0) & 0x7f);
  return at < 0 ? null : der.subarray(header, at + 10).toString('hex');
}
