import { createHash } from 'node:crypto';
import { readCertificateExtensions } from './certificate-extensions.ts';
import type { parseRequest } from './certificate-request.ts';
import { DerError } from './der-error.ts';
import { distinguishedNameText } from './distinguished-name.ts';
import type { Extension } from './extension.ts';
import { generalNameText } from './general-name.ts';
import { OID } from './oid.ts';
import { keyName, type PublicKey } from './public-key.ts';
import { parseWorkloadIdentity, type WorkloadIdentity } from './spiffe-id.ts';
import { usageNames } from './usage.ts';
import type { Violation } from './violation.ts';

/** What a request says, as the strict reader reads it. Everything is null or empty where it cannot. */
export type DecodedRequest = {
  readonly readable: boolean;
  /** Where the strict reader stopped, and why; null: it read everything. */
  readonly problem: Violation | null;
  /** `P-256`, `RSA-2048`. */
  readonly key: string | null;
  /** SHA-256 of the SubjectPublicKeyInfo, hex in lower case. */
  readonly keySha256: string | null;
  /** RFC 4514 text. */
  readonly subject: string | null;
  /** `URI:spiffe://…`, `DNS:…`, `IP:…`, or the form of a name that nobody may have. */
  readonly names: readonly string[];
  /** Those of the names that are a workload's in the strict form. */
  readonly workloads: readonly WorkloadIdentity[];
  readonly extensions: readonly DecodedExtension[];
  /** The key in the request has made its signature; null: nobody could tell. */
  readonly proofOfPossession: boolean | null;
};

export type DecodedExtension = { readonly oid: string; readonly name: string; readonly critical: boolean; /** In words, or its hex. */ readonly value: string };

export function decoded(parsed: ReturnType<typeof parseRequest>): DecodedRequest {
  if (!parsed.ok) return { ...NOTHING, problem: parsed.violation };
  const { publicKey, subject, names, extensions } = parsed.request;
  return {
    readable: true,
    problem: null,
    key: keyName(publicKey.algorithm),
    keySha256: keySha256(publicKey),
    subject: distinguishedNameText(subject),
    names: names.map(generalNameText),
    workloads: names.flatMap((name) => (name.type === 'uri' ? (parseWorkloadIdentity(name.value) ?? []) : [])),
    extensions: extensions.map(decodedExtension),
    // The strict reader lets nothing pass without.
    proofOfPossession: true,
  };
}

/** SHA-256 of the SubjectPublicKeyInfo, hex in lower case: what `openssl pkey -pubin -outform DER | sha256sum` prints. */
export function keySha256({ spki }: Pick<PublicKey, 'spki'>): string {
  return createHash('sha256').update(spki).digest('hex');
}

const NOTHING: DecodedRequest = { readable: false, problem: null, key: null, keySha256: null, subject: null, names: [], workloads: [], extensions: [], proofOfPossession: null };

const NAMES: Readonly<Record<string, string>> = {
  [OID.subjectKeyIdentifier]: 'subjectKeyIdentifier',
  [OID.keyUsage]: 'keyUsage',
  [OID.subjectAltName]: 'subjectAltName',
  [OID.basicConstraints]: 'basicConstraints',
  [OID.nameConstraints]: 'nameConstraints',
  [OID.authorityKeyIdentifier]: 'authorityKeyIdentifier',
  [OID.extKeyUsage]: 'extKeyUsage',
};

/** Also for what a more tolerant reader found. */
export function decodedExtension(extension: Extension): DecodedExtension {
  const { oid, critical } = extension;
  return { oid, name: NAMES[oid] ?? oid, critical, value: extensionText(extension) };
}

/** Of an extension that is only shown in hex. */
const MAX_HEX = 64;

function extensionText(extension: Extension): string {
  try {
    const { names, keyUsage, extendedKeyUsage, basicConstraints } = readCertificateExtensions([extension]);
    switch (extension.oid) {
      case OID.subjectAltName:
        return names.map(generalNameText).join(', ');
      case OID.keyUsage:
        return usageNames(keyUsage ?? [], []).join(', ');
      case OID.extKeyUsage:
        return usageNames([], extendedKeyUsage).join(', ');
      case OID.basicConstraints:
        return basicConstraints?.ca === true ? 'CA:TRUE' : 'CA:FALSE';
    }
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
  }
  const hex = Buffer.from(extension.value).toString('hex');
  return hex.length > MAX_HEX ? `${hex.slice(0, MAX_HEX)}…` : hex;
}
