/**
 * Whether two vector files differ at most in the bytes of an ECDSA signature: everything before the PEM is equal, and
 * so is the request up to the signed algorithm's end. Their lengths may differ by the few octets that r and s do.
 */
export function sameButForSignature(made: string, committed: string): boolean {
  if (made === committed) return true;
  const [madeHead = '', madeDer] = split(made);
  const [committedHead = '', committedDer] = split(committed);
  if (madeHead !== committedHead || madeDer === null || committedDer === null) return false;
  return signedPart(madeDer) === signedPart(committedDer);
}

function split(file: string): [string, Buffer | null] {
  const at = file.indexOf('-----BEGIN');
  const base64 = /-----BEGIN [^-]*-----([^-]*)-----END/.exec(file)?.[1];
  return [file.slice(0, at), base64 === undefined ? null : Buffer.from(base64, 'base64')];
}

/** The identifier of ecdsa-with-SHA256, -SHA384, -SHA512 or an older one; what follows it is the signature. */
const ECDSA = Buffer.from('06082a8648ce3d0403', 'hex');
const ECDSA_SHA1 = Buffer.from('06072a8648ce3d0401', 'hex');

function signedPart(der: Buffer): string {
  const at = Math.max(der.lastIndexOf(ECDSA), der.lastIndexOf(ECDSA_SHA1));
  if (at < 0) return der.toString('hex');
  // The outer header holds the length, which the signature's length changes.
  const header = (der[1] ?? 0) < 0x80 ? 2 : 2 + ((der[1] ?? 0) & 0x7f);
  return der.subarray(header, at + ECDSA.length + 1).toString('hex');
}
