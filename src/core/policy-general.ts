import { distinguishedNameText } from './distinguished-name.ts';
import { readCertificateExtensions, type CertificateExtensions } from './certificate-extensions.ts';
import type { CertificateRequest } from './certificate-request.ts';
import { DerError } from './der-error.ts';
import { generalNameText } from './general-name.ts';
import { OID } from './oid.ts';
import type { Case, GeneralRule } from './policy.ts';
import { DURATION_ANNOTATION } from './requested-lifetime.ts';
import { extendedKeyUsages, isUsage, keyUsageBits, usageNames } from './usage.ts';
import { quoted, type Violation } from './violation.ts';

const SAN = 'spec.request.subjectAltName';

/** Rules about the request itself. What breaks one of them fits no alternative of any signer. */
export const generalRules: readonly GeneralRule[] = [
  { id: 'some-name', check: someName },
  { id: 'known-name-forms', check: knownNameForms },
  { id: 'distinct-names', check: distinctNames },
  { id: 'empty-subject', check: emptySubject },
  { id: 'known-extensions', check: knownExtensions },
  { id: 'not-a-ca', check: notACa },
  { id: 'usages-agree', check: usagesAgree },
  { id: 'distinct-usages', check: distinctUsages },
  { id: 'some-extended-usage', check: someExtendedUsage },
  { id: 'known-annotations', check: knownAnnotations },
];

/** A certificate without a name authenticates nobody, and some verifiers take it for anybody. */
function someName({ request }: Case): Violation[] {
  return request.names.length > 0 ? [] : [{ field: SAN, found: 'no name', allowed: 'at least one URI, DNS name or IP address' }];
}

/** An otherName, a directoryName or an e-mail address is a claim that no rule of the grammar could have judged. */
function knownNameForms({ request }: Case): Violation[] {
  return request.names.flatMap((name) =>
    name.type === 'unsupported' ? [{ field: SAN, found: name.form, allowed: 'URI, DNS name or IP address' }] : [],
  );
}

/** The same name twice, in whatever case, is a generator's mistake or an attempt to be compared twice. */
function distinctNames({ request }: Case): Violation[] {
  const texts = request.names.map((name) => generalNameText(name).toLowerCase());
  const seen = new Set<string>();
  const repeated = texts.filter((text) => seen.has(text) || !seen.add(text));
  return [...new Set(repeated)].map((text) => ({ field: SAN, found: `${quoted(text)} more than once`, allowed: 'each name once' }));
}

/**
 * The subject of what is issued is empty. Istio asks for `O=` with no value (istio: util.GenCSRTemplate), ztunnel for
 * nothing; whoever asks for more would get less than it asked for, without being told.
 */
function emptySubject({ request }: Case): Violation[] {
  return request.subject.attributes.every(({ value }) => value === '')
    ? []
    : [{ field: 'spec.request.subject', found: quoted(distinguishedNameText(request.subject)), allowed: 'an empty subject: identities are in the subjectAltName' }];
}

const TOLERATED: readonly string[] = [OID.subjectAltName, OID.keyUsage, OID.extKeyUsage, OID.basicConstraints];

/** None is copied, so one that is not understood would be lost in silence. */
function knownExtensions({ request }: Case): Violation[] {
  return request.extensions.flatMap(({ oid }) =>
    TOLERATED.includes(oid)
      ? []
      : [{ field: 'spec.request.extensionRequest', found: `extension ${oid}`, allowed: 'subjectAltName, keyUsage, extKeyUsage, basicConstraints with CA:FALSE' }],
  );
}

function notACa({ request }: Case): Violation[] {
  const constraints = asked(request, OID.basicConstraints)?.basicConstraints;
  if (constraints == null || (constraints !== UNREADABLE && !constraints.ca)) return [];
  return [{ field: 'spec.request.basicConstraints', found: constraints === UNREADABLE ? UNREADABLE : 'CA:TRUE', allowed: 'CA:FALSE or none' }];
}

/** spec.usages decides. Usages in the request's own extensions may repeat it, as sets; they may not ask for more. */
function usagesAgree({ request, usages }: Case): Violation[] {
  const known = usages.filter(isUsage);
  return [
    ...within('spec.request.keyUsage', asked(request, OID.keyUsage)?.keyUsage, keyUsageBits(known), (extra) => usageNames(extra, [])),
    ...within('spec.request.extKeyUsage', asked(request, OID.extKeyUsage)?.extendedKeyUsage, extendedKeyUsages(known), (extra) => usageNames([], extra)),
  ];
}

/** The API server takes each usage once; what comes by another way and is not what it would take is not judged as if it were. */
function distinctUsages({ usages }: Case): Violation[] {
  const repeated = usages.filter((usage, i) => usages.indexOf(usage) < i);
  return [...new Set(repeated)].map((usage) => ({ field: 'spec.usages', found: `${quoted(usage)} more than once`, allowed: 'each usage once' }));
}

/**
 * A certificate without extended key usages is good for each of them (RFC 5280 §4.2.1.12): whoever is allowed "client auth" alone
 * would get a server's certificate by asking for less.
 */
function someExtendedUsage({ usages }: Case): Violation[] {
  return extendedKeyUsages(usages.filter(isUsage)).length > 0
    ? []
    : [{ field: 'spec.usages', found: usages.length === 0 ? 'no usage' : `only ${usages.map(quoted).join(', ')}`, allowed: 'an extended usage too, e.g. "server auth" or "client auth"' }];
}

/** cert-manager asks by such annotations for what spec has no field for (a CA: request-is-ca), and anybody who may update the object can set one later. */
const ASKING = 'experimental.cert-manager.io/';
const FOR_A_CA = `${ASKING}request-is-ca`;

/** Nothing is granted for an annotation; one that asks for more than a lifetime would be lost in silence, so it is refused. */
function knownAnnotations({ annotations = {} }: Case): Violation[] {
  return Object.entries(annotations).flatMap(([key, value]) =>
    !key.startsWith(ASKING) || key === DURATION_ANNOTATION || (key === FOR_A_CA && value === 'false')
      ? []
      : [{ field: `annotation ${quoted(key)}`, found: quoted(value), allowed: `only ${DURATION_ANNOTATION}` }],
  );
}

const UNREADABLE = 'something that cannot be decoded';
type Asked = { readonly [K in 'basicConstraints' | 'keyUsage' | 'extendedKeyUsage']: CertificateExtensions[K] | typeof UNREADABLE };

/** One extension of the request, decoded; null when it is not there. What cannot be decoded could mean anything, so it is refused. */
function asked({ extensions }: CertificateRequest, oid: string): Asked | null {
  const extension = extensions.find((each) => each.oid === oid);
  if (extension === undefined) return null;
  try {
    return readCertificateExtensions([extension]);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    return { basicConstraints: UNREADABLE, keyUsage: UNREADABLE, extendedKeyUsage: UNREADABLE };
  }
}

function within<T>(field: string, wanted: readonly T[] | null | undefined | typeof UNREADABLE, allowed: readonly T[], names: (extra: T[]) => string[]): Violation[] {
  if (wanted == null) return [];
  if (wanted === UNREADABLE) return [{ field, found: UNREADABLE, allowed: 'the usages of spec.usages' }];
  const extra = wanted.filter((each) => !allowed.includes(each));
  return extra.length === 0 ? [] : [{ field, found: names(extra).join(', '), allowed: 'only usages that spec.usages has too' }];
}
