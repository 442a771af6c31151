import { boolean, octetString, objectIdentifier, sequence, setOf, unsignedInteger, utf8String } from './der-writer.ts';
import { OID } from './oid.ts';
import type { PublicKey } from './public-key.ts';
import { keyIdentifier, keyUsage, signatureScheme, tbsCertificate } from './template.ts';
import { CERT_SIGN } from './usage.ts';

export type CaShape = {
  readonly commonName: string;
  readonly publicKey: PublicKey;
  /** 16-20 octets, the first of them 1 to 127 (RFC 5280 §4.1.2.2: positive). */
  readonly serial: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
};

/** The TBSCertificate of a self-signed CA below which there are leaves only, to be signed by its own key. */
export function caTbs({ commonName, publicKey, serial, notBefore, notAfter }: CaShape): Uint8Array {
  const name = sequence(setOf(sequence(objectIdentifier(OID.commonName), utf8String(commonName))));
  return tbsCertificate(
    {
      serial,
      issuer: name,
      subject: name,
      notBefore,
      notAfter,
      spki: publicKey.spki,
      extensions: [
        keyUsage([CERT_SIGN]),
        { oid: OID.basicConstraints, critical: true, value: sequence(boolean(true), unsignedInteger(Uint8Array.of(0))) },
        { oid: OID.subjectKeyIdentifier, critical: false, value: octetString(keyIdentifier(publicKey)) },
      ],
    },
    signatureScheme(publicKey.algorithm),
  );
}
