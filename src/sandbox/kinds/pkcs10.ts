import { constants, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { OID } from '../../core/oid.ts';

/** Algorithms the API server verifies a request's own signature with: SHA-1 among them, MD5 not. */
const DIGESTS: Readonly<Record<string, string | null>> = {
  [OID.sha1WithRSAEncryption]: 'sha1',
  [OID.sha256WithRSAEncryption]: 'sha256',
  [OID.sha384WithRSAEncryption]: 'sha384',
  [OID.sha512WithRSAEncryption]: 'sha512',
  '1.2.840.10045.4.1': 'sha1', // ecdsa-with-SHA1
  [OID.ecdsaWithSHA256]: 'sha256',
  [OID.ecdsaWithSHA384]: 'sha384',
  [OID.ecdsaWithSHA512]: 'sha512',
  [OID.ed25519]: null,
};

/**
 * What keeps a PKCS#10 request (DER) from being accepted by the API server, or undefined. This is the server's light
 * check, not the product's: structure far enough to find the key, and the self-signature.
 */
export function problemOfRequest(der: Uint8Array): string | undefined {
  try {
    const [info, algorithm, signature] = children(only(der));
    if (info === undefined || algorithm === undefined || signature?.tag !== 0x03) return 'asn1: structure error: not a certificate request';
    const spki = children(info)[2];
    const oid = dotted(children(algorithm)[0]);
    if (spki === undefined || !Object.hasOwn(DIGESTS, oid)) return `x509: cannot verify signature: algorithm unimplemented (${oid})`;
    const key = createPublicKey({ key: Buffer.from(spki.whole), format: 'der', type: 'spki' });
    return signatureHolds(DIGESTS[oid] ?? null, info.whole, key, signature.content.subarray(1)) ? undefined : 'x509: signature verification failed';
  } catch (error) {
    return `asn1: structure error: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** The values of O (organizationName) in a request's subject. */
export function organizationsOf(der: Uint8Array): readonly string[] {
  const subject = children(children(only(der))[0])[1];
  return children(subject).flatMap(children).flatMap((attribute) => {
    const [type, value] = children(attribute);
    return dotted(type) === OID.organizationName && value !== undefined ? [Buffer.from(value.content).toString('utf8')] : [];
  });
}

function signatureHolds(digest: string | null, signed: Uint8Array, key: KeyObject, signature: Uint8Array): boolean {
  const type = key.asymmetricKeyType;
  if ((digest === null) !== (type === 'ed25519')) return false;
  const options = type === 'rsa' ? { key, padding: constants.RSA_PKCS1_PADDING } : { key };
  return verify(digest, signed, options, signature);
}

type Element = { readonly tag: number; readonly content: Uint8Array; readonly whole: Uint8Array };

function only(der: Uint8Array): Element {
  const [element, ...more] = elements(der);
  if (element === undefined || more.length > 0) throw new RangeError('trailing data');
  return element;
}

function children(element: Element | undefined): readonly Element[] {
  return element === undefined || (element.tag & 0x20) === 0 ? [] : elements(element.content);
}

function elements(bytes: Uint8Array): readonly Element[] {
  const found: Element[] = [];
  for (let rest = bytes; rest.length > 0; ) {
    const { header, length } = lengthOf(rest);
    if (header + length > rest.length) throw new RangeError('data truncated');
    found.push({ tag: rest[0] ?? 0, content: rest.subarray(header, header + length), whole: rest.subarray(0, header + length) });
    rest = rest.subarray(header + length);
  }
  return found;
}

function lengthOf(bytes: Uint8Array): { readonly header: number; readonly length: number } {
  const first = bytes[1];
  if (first === undefined || first === 0x80 || first > 0x83) throw new RangeError('invalid length');
  if (first < 0x80) return { header: 2, length: first };
  const octets = bytes.subarray(2, 2 + (first & 0x7f));
  return { header: 2 + octets.length, length: octets.reduce((sum, octet) => sum * 256 + octet, 0) };
}

function dotted(element: Element | undefined): string {
  if (element?.tag !== 0x06) return '';
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of element.content) {
    arc = arc * 128 + (octet & 0x7f);
    if ((octet & 0x80) === 0) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const first = arcs[0] ?? 0;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...arcs.slice(1)].join('.');
}
