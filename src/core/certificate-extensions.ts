import type { Extension } from './extension.ts';
import { type BasicConstraints, readAuthorityKeyId, readBasicConstraints, readExtendedKeyUsage, readKeyUsage, readSubjectKeyId } from './extension-value.ts';
import type { GeneralName } from './general-name.ts';
import { OID } from './oid.ts';
import { readGeneralNames } from './read-general-names.ts';

/** What the extensions of a certificate say (RFC 5280 §4.2.1); null and empty stand for an extension that is absent. */
export type CertificateExtensions = {
  /** subjectAltName, in its order. */
  readonly names: readonly GeneralName[];
  /** Bit numbers, ascending. */
  readonly keyUsage: readonly number[] | null;
  /** Object identifiers, in their order. */
  readonly extendedKeyUsage: readonly string[];
  readonly basicConstraints: BasicConstraints | null;
  readonly subjectKeyId: Uint8Array | null;
  /** keyIdentifier of the authorityKeyIdentifier. */
  readonly authorityKeyId: Uint8Array | null;
};

/**
 * Decodes the extensions Signet decides by; others are left alone. `within` is the encoding they are views of, for
 * positions in messages. Throws DerError when one of them is malformed.
 */
export function readCertificateExtensions(extensions: readonly Extension[], within: Uint8Array | null = null): CertificateExtensions {
  const read = <T>(oid: string, decode: (value: Uint8Array, offset: number) => T): T | null => {
    const extension = extensions.find((each) => each.oid === oid);
    return extension === undefined ? null : decode(extension.value, within === null ? 0 : extension.value.byteOffset - within.byteOffset);
  };
  return {
    names: read(OID.subjectAltName, readGeneralNames) ?? [],
    keyUsage: read(OID.keyUsage, readKeyUsage),
    extendedKeyUsage: read(OID.extKeyUsage, readExtendedKeyUsage) ?? [],
    basicConstraints: read(OID.basicConstraints, readBasicConstraints),
    subjectKeyId: read(OID.subjectKeyIdentifier, readSubjectKeyId),
    authorityKeyId: read(OID.authorityKeyIdentifier, readAuthorityKeyId),
  };
}
