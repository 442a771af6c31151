import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readDer } from '../../src/core/der-reader.ts';
import { readPublicKey, type PublicKey } from '../../src/core/public-key.ts';
import { signatureScheme, type SignatureScheme } from '../../src/core/template.ts';

/** A key pair of a test, with its public half as core reads it. */
export type TestKey = { readonly privateKey: KeyObject; readonly publicKey: PublicKey };

export const KEY_KINDS = ['RSA-2048', 'RSA-3072', 'RSA-4096', 'P-256', 'P-384', 'P-521', 'Ed25519'] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

/**
 * The key of that kind and label: made at its first use, and the same one from then on in this process. Two labels are two keys,
 * but for the large RSA keys, which take seconds to make: those are the committed ones, whatever the label.
 */
export function testKey(kind: KeyKind, label = 'workload'): TestKey {
  const id = `${kind} ${label}`;
  const known = made.get(id);
  if (known !== undefined) return known;
  const key = withPublicHalf(privateKey(kind));
  made.set(id, key);
  return key;
}

const made = new Map<string, TestKey>();

/** Signs as a request or a certificate is signed, by the scheme that core gives a CA key of this kind. */
export function signWith({ privateKey, publicKey }: TestKey, bytes: Uint8Array): { scheme: SignatureScheme; signature: Uint8Array } {
  const scheme = signatureScheme(publicKey.algorithm);
  return { scheme, signature: sign(scheme.digest, bytes, privateKey) };
}

function withPublicHalf(key: KeyObject): TestKey {
  const spki = readDer(createPublicKey(key).export({ type: 'spki', format: 'der' }));
  return { privateKey: key, publicKey: readPublicKey(spki, { maxRsaBits: 8192, parent: spki }) };
}

function privateKey(kind: KeyKind): KeyObject {
  switch (kind) {
    case 'RSA-2048':
      return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    case 'RSA-3072':
    case 'RSA-4096':
      return createPrivateKey(readFileSync(new URL(`../vectors/requests/keys/${kind.toLowerCase()}.pem`, import.meta.url)));
    case 'P-256':
    case 'P-384':
    case 'P-521':
      return generateKeyPairSync('ec', { namedCurve: kind }).privateKey;
    case 'Ed25519':
      return generateKeyPairSync('ed25519').privateKey;
  }
}
