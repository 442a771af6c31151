import { type KeyObject, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Der, bitString, nullValue, objectIdentifier, sequence } from '../../../src/core/der-writer.ts';
import { OID } from '../../../src/core/oid.ts';

/** A fixed key of test/vectors/requests/keys: known to everybody, good for nothing but tests. */
export type TestKey = {
  readonly name: string;
  readonly privateKey: KeyObject;
  readonly spki: Uint8Array;
  /** How a well-behaved client signs with it. */
  readonly scheme: Scheme;
};

export type Scheme = { readonly identifier: Der; readonly hash: string | null };

export const SCHEMES = {
  rsaSha256: { identifier: sequence(objectIdentifier(OID.sha256WithRSAEncryption), nullValue()), hash: 'sha256' },
  rsaSha384: { identifier: sequence(objectIdentifier(OID.sha384WithRSAEncryption), nullValue()), hash: 'sha384' },
  rsaSha512: { identifier: sequence(objectIdentifier(OID.sha512WithRSAEncryption), nullValue()), hash: 'sha512' },
  ecdsaSha256: { identifier: sequence(objectIdentifier(OID.ecdsaWithSHA256)), hash: 'sha256' },
  ecdsaSha384: { identifier: sequence(objectIdentifier(OID.ecdsaWithSHA384)), hash: 'sha384' },
  ecdsaSha512: { identifier: sequence(objectIdentifier(OID.ecdsaWithSHA512)), hash: 'sha512' },
  ed25519: { identifier: sequence(objectIdentifier(OID.ed25519)), hash: null },
} as const satisfies Record<string, Scheme>;

/** The key of that file name, e.g. `p256`. */
export function testKey(name: string): TestKey {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const privateKey = createPrivateKey(readFileSync(new URL(`../../vectors/requests/keys/${name}.pem`, import.meta.url)));
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const key = { name, privateKey, spki, scheme: schemeOf(privateKey) };
  loaded.set(name, key);
  return key;
}

/** BIT STRING of the signature over `tbs`. */
export function signatureOf(tbs: Uint8Array, key: TestKey, scheme: Scheme = key.scheme): Der {
  return bitString(sign(scheme.hash, tbs, key.privateKey));
}

const loaded = new Map<string, TestKey>();

function schemeOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): Scheme {
  if (asymmetricKeyType === 'ec') return asymmetricKeyDetails?.namedCurve === 'secp384r1' ? SCHEMES.ecdsaSha384 : asymmetricKeyDetails?.namedCurve === 'secp521r1' ? SCHEMES.ecdsaSha512 : SCHEMES.ecdsaSha256;
  return asymmetricKeyType?.startsWith('rsa') ? SCHEMES.rsaSha256 : SCHEMES.ed25519;
}
