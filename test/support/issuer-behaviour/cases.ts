import { boolean, implicit, namedBits, objectIdentifier, octetString, sequence, unsignedInteger, utf8String, explicit, type Der } from '../../../src/core/der-writer.ts';
import { OID } from '../../../src/core/oid.ts';
import type { ExtensionTemplate } from '../../../src/core/template.ts';
import type { Asked } from '../issuer-requests.ts';
import { EMPTY_SUBJECT, ISTIO_SUBJECT, commonName, csrPem, dns, email, ip, otherName, spiffe, subject, uri, type RequestShape } from '../requests.ts';
import { TEAM } from './world.ts';

/** One request that both signers are asked. */
export type Case = {
  /** As the table has it. */
  readonly about: string;
  readonly asked: Omit<Asked, 'signer'> & { readonly signer?: string };
  /** Default: approved by somebody. */
  readonly then?: 'nothing' | 'denied';
  /** Why Signet does something else, for the table; absent: it does the same. */
  readonly differs?: string;
  /** Neither answers: it is looked at when the others are answered. */
  readonly quiet?: true;
};

export type Group = { readonly title: string; readonly cases: readonly Case[] };

const CLUSTER = 'clusterissuers.cert-manager.io';
const ISSUER = `issuers.cert-manager.io/${TEAM}`;
const DURATION = 'experimental.cert-manager.io/request-duration';
const IS_CA = 'experimental.cert-manager.io/request-is-ca';
const SERVER = ['digital signature', 'key encipherment', 'server auth'];
const SIGNS = ['digital signature', 'client auth'];
const [SERVER_AUTH, CLIENT_AUTH, SMARTCARD] = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2', '1.3.6.1.4.1.311.20.2.2'];
const NAMES = [dns('a.example')];
/** With key encipherment, which EC keys cannot have. */
const RSA: RequestShape = { key: 'RSA-2048', names: NAMES };
const EC: RequestShape = { key: 'P-256', names: NAMES, subject: EMPTY_SUBJECT };

export const GROUPS: readonly Group[] = [
  {
    title: 'Names',
    cases: [
      ...names('DNS names, without a subject', { names: [dns('b.example'), dns('a.example')], subject: EMPTY_SUBJECT }),
      ...names('a common name and DNS names, in their order', { names: [dns('b.example'), dns('a.example')], subject: commonName('b.example') }),
      ...names('a subject alone', { names: [], subject: commonName('jo') }),
      ...names('a subject of many attributes, beyond ASCII', { names: NAMES, subject: subject([[OID.countryName, utf8String('DE')], [OID.organizationName, utf8String('Bäckerei')], [OID.organizationalUnitName, utf8String('a, b')], [OID.commonName, utf8String('jo')]]) }),
      ...names('neither subject nor names', { names: [], subject: EMPTY_SUBJECT }),
      ...names("Istio's subject `O=` and a SPIFFE ID", { names: [spiffe('foo')], subject: ISTIO_SUBJECT }),
      ...names("ztunnel's: a SPIFFE ID alone", { names: [spiffe('foo')], subject: EMPTY_SUBJECT }),
      ...names('addresses, IPv4 and IPv6', { names: [ip('10.0.0.1'), ip('fd00::1')], subject: EMPTY_SUBJECT }),
      ...names('two URIs', { names: [uri('https://a.example/x'), uri('urn:b')], subject: EMPTY_SUBJECT }),
      ...names('a wildcard', { names: [dns('*.a.example')], subject: EMPTY_SUBJECT }),
      ...names('an e-mail address', { names: [email('jo@a.example')], subject: EMPTY_SUBJECT }),
      ...names('an otherName', { names: [dns('a.example'), otherName('jo@a.example')], subject: EMPTY_SUBJECT }),
      ...names('the same name twice', { names: [dns('a.example'), dns('a.example')], subject: EMPTY_SUBJECT }),
      { about: 'a DNS name with an underscore', asked: { shape: { ...EC, extensions: [underscore()], names: [] }, usages: SIGNS }, differs: 'not a name that RFC 5280 allows, and read differently by different verifiers' },
      { about: 'text before the PEM block', asked: { pem: `a comment\n${csrPem(EC)}`, usages: SIGNS }, differs: 'what stands there is no part of what was approved' },
    ],
  },
  {
    title: 'Keys and usages',
    cases: [
      ...(['RSA-2048', 'RSA-3072', 'RSA-4096'] as const).map((key): Case => ({ about: `a key ${key}`, asked: { shape: { ...RSA, key }, usages: SERVER } })),
      ...(['P-256', 'P-384', 'P-521', 'Ed25519'] as const).map((key): Case => ({ about: `a key ${key}`, asked: { shape: { ...EC, key }, usages: SIGNS } })),
      { about: 'a key P-256 with `key encipherment`', asked: { shape: EC, usages: SERVER }, differs: 'without that usage, as an EC key encrypts nothing (RFC 8813)' },
      ...['server auth', 'client auth', 'code signing', 'email protection', 's/mime', 'ipsec end system', 'ipsec tunnel', 'ipsec user', 'timestamping', 'ocsp signing', 'microsoft sgc', 'netscape sgc', 'any'].map((usage): Case => ({ about: `\`digital signature\` and \`${usage}\``, asked: { shape: EC, usages: ['digital signature', usage] } })),
      { about: 'no extended usage', asked: { shape: EC, usages: ['digital signature'] } },
      { about: 'no key usage', asked: { shape: EC, usages: ['client auth'] } },
      { about: '`content commitment` and `data encipherment`', asked: { shape: RSA, usages: ['content commitment', 'data encipherment', 'client auth'] } },
      { about: '`key agreement`, `encipher only`, `decipher only`', asked: { shape: EC, usages: ['key agreement', 'encipher only', 'decipher only', 'client auth'] } },
      { about: '`cert sign` for what is no CA', asked: { shape: EC, usages: [...SIGNS, 'cert sign'] }, differs: 'without that usage, as it is for CAs alone (RFC 5280 §4.2.1.9)' },
      { about: '`crl sign` for what is no CA', asked: { shape: EC, usages: [...SIGNS, 'crl sign'] }, differs: 'without that usage, as it would speak for the CA' },
      { about: 'the same usages in the request', asked: { shape: { ...RSA, extensions: [keyUsage(0, 2), extended(SERVER_AUTH, CLIENT_AUTH)] }, usages: [...SERVER, 'client auth'] } },
      { about: 'the same, the extended ones in another order', asked: { shape: { ...RSA, extensions: [keyUsage(0, 2), extended(CLIENT_AUTH, SERVER_AUTH)] }, usages: [...SERVER, 'client auth'] }, differs: 'they are sets' },
      { about: 'key usages alone in the request', asked: { shape: { ...RSA, extensions: [keyUsage(0, 2)] }, usages: SERVER }, differs: 'what the request does not say contradicts nothing' },
      { about: 'extended usages alone in the request', asked: { shape: { ...RSA, extensions: [extended(SERVER_AUTH)] }, usages: SERVER }, differs: 'as above' },
      { about: 'other key usages in the request', asked: { shape: { ...RSA, extensions: [keyUsage(0), extended(SERVER_AUTH)] }, usages: SERVER } },
      { about: 'other extended usages in the request', asked: { shape: { ...RSA, extensions: [keyUsage(0, 2), extended(CLIENT_AUTH)] }, usages: SERVER } },
      { about: 'an extended usage in the request that `spec.usages` has no word for', asked: { shape: { ...EC, extensions: [keyUsage(0), extended(CLIENT_AUTH, SMARTCARD)] }, usages: SIGNS }, differs: 'left out: nobody approved it' },
      { about: 'name constraints in the request', asked: { shape: { ...EC, extensions: [nameConstraints()] }, usages: SIGNS }, differs: 'left out: nobody approved them' },
      { about: 'another extension in the request', asked: { shape: { ...EC, extensions: [{ oid: OID.subjectKeyIdentifier, critical: false, value: octetString(Uint8Array.of(1, 2, 3)) }] }, usages: SIGNS } },
    ],
  },
  {
    title: 'Lifetimes',
    cases: [
      life('nothing said', {}),
      life('`expirationSeconds: 3600`', { expirationSeconds: 3600 }),
      life('the annotation: `2h`', { annotations: { [DURATION]: '2h' } }),
      life('the annotation: `1h30m`', { annotations: { [DURATION]: '1h30m' } }),
      { ...life('both, the annotation longer', { expirationSeconds: 3600, annotations: { [DURATION]: '5h' } }), differs: 'for the hour: whoever may update the object can set the annotation after the approval' },
      life('both, the annotation shorter', { expirationSeconds: 18_000, annotations: { [DURATION]: '1h' } }),
      life('the annotation: `600s`', { annotations: { [DURATION]: '600s' } }),
      life('the annotation: `599s`', { annotations: { [DURATION]: '599s' } }),
      life('the annotation: `0`', { annotations: { [DURATION]: '0' } }),
      life('the annotation: `-2h`', { annotations: { [DURATION]: '-2h' } }),
      life('the annotation: `1d`', { annotations: { [DURATION]: '1d' } }),
      life('the annotation, empty', { annotations: { [DURATION]: '' } }),
      life('the annotation: `2562048h`', { annotations: { [DURATION]: '2562048h' } }),
      { ...life('90 days of a CA that has 30', {}, 'month'), differs: 'ends with the CA: no verifier takes it for longer' },
      { ...life('a hundred years', { annotations: { [DURATION]: '876000h' } }), differs: 'ends with the CA' },
      { ...life('a CA that is over', {}, 'over'), differs: 'and is an alarm until the CA is renewed' },
      { ...life('a CA that begins tomorrow', {}, 'tomorrow'), differs: 'until then' },
    ],
  },
  {
    title: 'CAs below the issuer',
    cases: [
      { about: 'the annotation and `cert sign`', asked: { shape: EC, usages: ['digital signature', 'cert sign', 'crl sign'], annotations: { [IS_CA]: 'true' } } },
      { about: 'the annotation and CA:TRUE in the request', asked: { shape: { ...EC, extensions: [constraints(true)] }, usages: ['digital signature', 'cert sign'], annotations: { [IS_CA]: 'true' } } },
      { about: 'a path length in the request', asked: { shape: { ...EC, extensions: [constraints(true, 1)] }, usages: ['cert sign'], annotations: { [IS_CA]: 'true' } } },
      { about: 'the annotation alone', asked: { shape: EC, usages: SIGNS, annotations: { [IS_CA]: 'true' } }, differs: 'whoever may update the object can add the annotation after the approval' },
      { about: 'the annotation, not exactly `true`', asked: { shape: EC, usages: SIGNS, annotations: { [IS_CA]: 'True' } } },
      { about: 'the annotation: `false`', asked: { shape: EC, usages: SIGNS, annotations: { [IS_CA]: 'false' } } },
      { about: 'CA:TRUE without the annotation', asked: { shape: { ...EC, extensions: [constraints(true)] }, usages: ['cert sign'] } },
      { about: 'CA:FALSE with the annotation', asked: { shape: { ...EC, extensions: [constraints(false)] }, usages: ['cert sign'], annotations: { [IS_CA]: 'true' } } },
      { about: 'below a CA with path length 0', asked: { signer: `${CLUSTER}/no-more-cas`, shape: EC, usages: ['cert sign'], annotations: { [IS_CA]: 'true' } }, differs: 'no verifier would take what it signs' },
    ],
  },
  {
    title: 'Issuers',
    cases: [
      { about: 'a ClusterIssuer with dots in its name', asked: at(`${CLUSTER}/dots.in.it`) },
      { about: 'an intermediate, its root in `ca.crt`: the chain without the root', asked: at(`${CLUSTER}/two-levels`) },
      { about: 'an intermediate without its root', asked: at(`${CLUSTER}/no-root`) },
      { about: 'a CA with an RSA key', asked: at(`${CLUSTER}/rsa`) },
      { about: 'URLs of CRLs, OCSP and the issuer', asked: at(`${CLUSTER}/urls`) },
      { about: 'a `ca.crt` that is not the root of `tls.crt`', asked: at(`${CLUSTER}/stray-root`), differs: 'the request is not to blame, and the Secret can be put right' },
      { about: 'an Issuer, of a requester that may use every one of its namespace', asked: { ...at(`${ISSUER}.ca`), as: 'alice' } },
      { about: 'the same, with dots in its name', asked: { ...at(`${ISSUER}.with.dots`), as: 'alice' } },
      { about: 'an Issuer, of a requester that may use this one', asked: { ...at(`${ISSUER}.ca`), as: 'carol' } },
      { about: 'another of its namespace, of the same requester', asked: { ...at(`${ISSUER}.with.dots`), as: 'carol' } },
      { about: 'an Issuer, of a requester that may use none', asked: { ...at(`${ISSUER}.ca`), as: 'bob' } },
      { about: 'a ClusterIssuer, of the same requester', asked: { ...at(`${CLUSTER}/plain`), as: 'bob' } },
      { about: 'a ClusterIssuer that is not there', asked: at(`${CLUSTER}/nowhere`) },
      { about: 'an Issuer that is not there', asked: at(`${ISSUER}.nowhere`) },
      { about: 'an Issuer without a namespace', asked: at('issuers.cert-manager.io/ca') },
      { about: 'an issuer that is not Ready', asked: at(`${CLUSTER}/not-ready`) },
      { about: 'an issuer whose Secret is gone', asked: at(`${CLUSTER}/gone`) },
      { about: 'an issuer whose Secret is damaged', asked: at(`${CLUSTER}/damaged`) },
      { about: 'an issuer without a type', asked: at(`${CLUSTER}/no-type`) },
      { about: 'an issuer of another type, which is another controller\'s', asked: at(`${CLUSTER}/other-type`), quiet: true },
      { about: 'an issuer of another group', asked: at('issuers.example.com/a.b'), quiet: true },
    ],
  },
  {
    title: 'Approval',
    cases: [
      { about: 'not approved', asked: at(`${CLUSTER}/plain`), then: 'nothing' },
      { about: 'denied', asked: at(`${CLUSTER}/plain`), then: 'denied', quiet: true },
      { about: 'of a requester that is listed in Signet\'s configuration and approves its own requests', asked: { ...at(`${CLUSTER}/plain`), as: 'selfapprover' }, differs: 'nobody else approved it; give that signer an entry of its own' },
    ],
  },
];

function names(about: string, shape: RequestShape): Case[] {
  return [{ about, asked: { shape: { key: 'P-256', ...shape }, usages: SIGNS } }];
}

function life(about: string, more: Pick<Asked, 'expirationSeconds' | 'annotations'>, issuer = 'plain'): Case {
  return { about, asked: { ...at(`${CLUSTER}/${issuer}`), ...more } };
}

function at(signer: string): Asked {
  return { signer, shape: EC, usages: SIGNS };
}

function extended(...oids: string[]): ExtensionTemplate {
  return { oid: OID.extKeyUsage, critical: false, value: sequence(...oids.map(objectIdentifier)) };
}

function keyUsage(...bits: number[]): ExtensionTemplate {
  return { oid: OID.keyUsage, critical: true, value: namedBits(bits) };
}

function constraints(ca: boolean, pathLength?: number): ExtensionTemplate {
  const parts: Der[] = ca ? [boolean(true), ...(pathLength === undefined ? [] : [unsignedInteger(Uint8Array.of(pathLength))])] : [];
  return { oid: OID.basicConstraints, critical: true, value: sequence(...parts) };
}

/** permittedSubtrees of one DNS name. */
function nameConstraints(): ExtensionTemplate {
  return { oid: OID.nameConstraints, critical: true, value: sequence(explicit(0, sequence(implicit(2, Buffer.from('example'))))) };
}

function underscore(): ExtensionTemplate {
  return { oid: OID.subjectAltName, critical: false, value: sequence(implicit(2, Buffer.from('a_b.example'))) };
}
