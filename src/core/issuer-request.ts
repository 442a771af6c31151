import { readCertificateExtensions, type CertificateExtensions } from './certificate-extensions.ts';
import type { CertificateRequest } from './certificate-request.ts';
import { DerError } from './der-error.ts';
import { OID } from './oid.ts';
import { extendedKeyUsages, isUsage, keyUsageBits, USAGES, usageNames, type Usage } from './usage.ts';
import { quoted, type Violation } from './violation.ts';

/** cert-manager's annotation that asks for a CA; exactly "true" does. */
export const CA_ANNOTATION = 'experimental.cert-manager.io/request-is-ca';

/** What a request asks of an issuer, beside its names and its key. */
export type IssuerRequest = {
  readonly usages: readonly Usage[];
  readonly ca: boolean;
  /** What the request has and the certificate will not, in words. */
  readonly dropped: readonly string[];
};

/** Which extensions of a request have a meaning here; others are left out of the certificate. */
const UNDERSTOOD: readonly string[] = [OID.subjectAltName, OID.keyUsage, OID.extKeyUsage, OID.basicConstraints];
/** An annotation holds them in the end. */
const MAX_DROPPED = 10;

/**
 * What a request that somebody approved may be signed for, or why not. spec.usages decides; the request's own extensions may repeat it, as sets.
 * Whether it is a CA that is asked for has to be said in the part of the object that nobody can change after the approval: the annotation, which
 * anybody with the right to update may set later, is not enough. No extension is copied: cert-manager lets extended usages that it does not know
 * and name constraints through, which nobody approved.
 */
export function readIssuerRequest(request: CertificateRequest, usages: readonly string[], annotations: Readonly<Record<string, string>>): IssuerRequest | Violation {
  const unknown = usages.find((usage) => !isUsage(usage));
  if (unknown !== undefined) return { field: 'spec.usages', found: quoted(unknown), allowed: 'the usages of certificates.k8s.io/v1' };
  const known = usages.filter(isUsage);
  const asked = decoded(request);
  if ('field' in asked) return asked;
  const foreign = asked.extendedKeyUsage.filter((oid) => !KNOWN.includes(oid));
  const differing = usagesDiffer(request, asked, known, foreign);
  if (differing !== null) return differing;
  const ca = annotations[CA_ANNOTATION] === 'true';
  const constraints = asked.basicConstraints;
  if (constraints !== null && constraints.ca !== ca) return { field: 'spec.request.basicConstraints', found: constraints.ca ? 'CA:TRUE' : 'CA:FALSE', allowed: `${ca ? 'CA:TRUE' : 'CA:FALSE'}, as annotation ${CA_ANNOTATION} says` };
  if (ca && constraints === null && !known.includes('cert sign')) return { field: `annotation ${CA_ANNOTATION}`, found: '"true"', allowed: 'this only beside CA:TRUE in spec.request or "cert sign" in spec.usages, which nobody can change after the approval' };
  const others = request.extensions.filter(({ oid }) => !UNDERSTOOD.includes(oid)).map(({ oid }) => `extension ${oid}`);
  return { usages: known, ca, dropped: [...foreign.map((oid) => `extended key usage ${oid}`), ...others].slice(0, MAX_DROPPED) };
}

/** Every extended key usage that has a word in spec.usages. */
const KNOWN = extendedKeyUsages(USAGES);

function decoded({ extensions }: CertificateRequest): CertificateExtensions | Violation {
  try {
    return readCertificateExtensions(extensions.filter(({ oid }) => UNDERSTOOD.includes(oid) && oid !== OID.subjectAltName));
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    return { field: 'spec.request.extensionRequest', found: error.found, allowed: error.allowed };
  }
}

/** An extension that is not there says nothing; one that is there says the same as spec.usages. */
function usagesDiffer({ extensions }: CertificateRequest, asked: CertificateExtensions, known: readonly Usage[], foreign: readonly string[]): Violation | null {
  const bits = keyUsageBits(known);
  if (asked.keyUsage !== null && !sameSet(asked.keyUsage, bits)) return differ('spec.request.keyUsage', usageNames(asked.keyUsage, []), usageNames(bits, []));
  const extended = asked.extendedKeyUsage.filter((oid) => !foreign.includes(oid));
  const has = extensions.some(({ oid }) => oid === OID.extKeyUsage);
  return has && !sameSet(extended, extendedKeyUsages(known)) ? differ('spec.request.extKeyUsage', usageNames([], extended), usageNames([], extendedKeyUsages(known))) : null;
}

function differ(field: string, found: readonly string[], allowed: readonly string[]): Violation {
  return { field, found: found.join(', ') || 'none', allowed: `${allowed.join(', ') || 'none'}, as in spec.usages` };
}

function sameSet<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.every((each) => b.includes(each)) && b.every((each) => a.includes(each));
}

