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
