import type { DistinguishedName } from './distinguished-name.ts';
import type { GeneralName } from './general-name.ts';
import type { PublicKey } from './public-key.ts';

/** A PKCS#10 request (RFC 2986) whose every byte was understood and whose possession of the key is proven. */
export type CertificateRequest = {
  readonly der: Uint8Array;
  readonly publicKey: PublicKey;
  readonly subject: DistinguishedName;
  /** Names of the subjectAltName it asks for, in its order; empty without that extension. */
  readonly names: readonly GeneralName[];
  /** The extensions it asks for, each once. Nothing of them is ever copied into a certificate. */
  readonly extensions: readonly Extension[];
};

export type Extension = { readonly oid: string; readonly critical: boolean; readonly value: Uint8Array };
