import type { KeyObject } from 'node:crypto';
import { certificatePem, parseCertificate, type Certificate } from '../../src/core/certificate.ts';
import { boolean, implicit, octetString, sequence, unsignedInteger, type Der } from '../../src/core/der-writer.ts';
import { OID } from '../../src/core/oid.ts';
import type { Plan } from '../../src/core/plan.ts';
import { assembleCertificate, keyIdentifier, keyUsage, leafTbs, signatureScheme, tbsCertificate, type ExtensionTemplate, type TbsTemplate } from '../../src/core/template.ts';
import { CERT_SIGN, CRL_SIGN } from '../../src/core/usage.ts';
import { after } from './clock.ts';
import { signWith, testKey, type KeyKind, type TestKey } from './keys.ts';
import { commonName } from './requests.ts';

/** A CA of a test: its key and its path, issuing CA first, root last. */
export type TestAuthority = {
  readonly key: TestKey;
  readonly chain: readonly Certificate[];
  readonly certificate: Certificate;
  readonly root: Certificate;
};

/** What a CA certificate is to be like; everything left out is as RFC 5280 wants it. */
export type AuthorityShape = {
  /** CN of the subject, and label of the key unless one is given. */
  readonly name?: string;
  readonly key?: KeyKind | TestKey;
  /** DER of the subject instead of the name. */
  readonly subject?: Der;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** null: the extension is left out. */
  readonly ca?: boolean | null;
  readonly pathLength?: number | null;
  /** KeyUsage bits; null: the extension is left out. */
  readonly keyUsage?: readonly number[] | null;
  /** null: the extension is left out. */
  readonly subjectKeyId?: Uint8Array | null;
  /** Beside those above. */
  readonly extensions?: readonly ExtensionTemplate[];
  readonly serial?: Uint8Array;
};

const DAY = 24 * 3600;

/** A self-signed root, valid for ten years around the tests' noon. */
export function testRoot(shape: AuthorityShape = {}): TestAuthority {
  const key = keyOf(shape);
  const certificate = caCertificate(shape, key, { key, subject: subjectOf(shape), keyId: null });
  return { key, chain: [certificate], certificate, root: certificate };
}

/** An intermediate CA below `parent`. */
export function testIntermediate(parent: TestAuthority, shape: AuthorityShape = {}): TestAuthority {
  const key = keyOf({ name: 'intermediate', ...shape });
  const issuer = { key: parent.key, subject: parent.certificate.subject.der, keyId: parent.certificate.subjectKeyId };
  const certificate = caCertificate({ name: 'intermediate', ...shape }, key, issuer);
  return { key, chain: [certificate, ...parent.chain], certificate, root: parent.root };
}

/** The leaf of a plan and the CA's path below it, as a well-behaved CA answers. */
export function issue(plan: Plan, { key, chain, certificate }: TestAuthority): Certificate[] {
  return [sign(leafTbs(plan, certificate), key), ...chain];
}

/** The Certificate over a tbsCertificate. */
export function sign(tbs: Uint8Array, key: TestKey): Certificate {
  const { scheme, signature } = signWith(key, tbs);
  return read(assembleCertificate(tbs, scheme, signature));
}

/** Any certificate, field by field: for what no CA of ours would issue. */
export function signTemplate(template: TbsTemplate, key: TestKey): Certificate {
  return sign(tbsCertificate(template, signatureScheme(key.publicKey.algorithm)), key);
}

/** The certificate of these bytes; throws where core cannot read it. */
export function read(der: Uint8Array): Certificate {
  const result = parseCertificate(der);
  if (!result.ok) throw new Error(`The test's own certificate is malformed: ${result.problem}`);
  return result.certificate;
}

export function chainPem(certificates: readonly Certificate[]): string {
  return certificates.map(certificatePem).join('');
}

/** The files of a kubernetes.io/tls Secret, as cert-manager fills them: the issuing path in tls.crt, the root in ca.crt. */
export function secretFiles({ key, chain, root }: TestAuthority): { 'tls.crt': Buffer; 'tls.key': Buffer; 'ca.crt': Buffer } {
  const path = chain.length > 1 ? chain.slice(0, -1) : chain;
  return { 'tls.crt': Buffer.from(chainPem(path)), 'tls.key': Buffer.from(keyPem(key.privateKey)), 'ca.crt': Buffer.from(certificatePem(root)) };
}

function keyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}

type Issuer = { readonly key: TestKey; readonly subject: Der; readonly keyId: Uint8Array | null };

function caCertificate(shape: AuthorityShape, key: TestKey, issuer: Issuer): Certificate {
  return signTemplate(
    {
      serial: shape.serial ?? nextSerial(),
      issuer: issuer.subject,
      subject: subjectOf(shape),
      notBefore: shape.notBefore ?? after(-DAY),
      notAfter: shape.notAfter ?? after(3650 * DAY),
      spki: key.publicKey.spki,
      extensions: caExtensions(shape, key, issuer),
    },
    issuer.key,
  );
}

function caExtensions(shape: AuthorityShape, key: TestKey, { keyId }: Issuer): ExtensionTemplate[] {
  const { ca = true, pathLength = null, keyUsage: bits = [CERT_SIGN, CRL_SIGN], subjectKeyId: own = keyIdentifier(key.publicKey) } = shape;
  const constraints = sequence(...(ca === true ? [boolean(true)] : []), ...(pathLength === null ? [] : [unsignedInteger(Uint8Array.of(pathLength))]));
  return [
    ...(bits === null ? [] : [keyUsage(bits)]),
    ...(ca === null ? [] : [{ oid: OID.basicConstraints, critical: true, value: constraints }]),
    ...(own === null ? [] : [{ oid: OID.subjectKeyIdentifier, critical: false, value: octetString(own) }]),
    ...(keyId === null ? [] : [{ oid: OID.authorityKeyIdentifier, critical: false, value: sequence(implicit(0, keyId)) }]),
    ...(shape.extensions ?? []),
  ];
}

function keyOf({ name = 'root', key = 'P-256' }: AuthorityShape): TestKey {
  return typeof key === 'string' ? testKey(key, `CA ${name}`) : key;
}

function subjectOf({ name = 'root', subject = commonName(name) }: AuthorityShape): Der {
  return subject;
}

/** Sixteen octets, another number each time: two CA certificates of one name never share one by accident. */
function nextSerial(): Uint8Array {
  made += 1;
  const serial = Buffer.alloc(16, 0x40);
  serial.writeUInt32BE(made, 12);
  return serial;
}

let made = 0;
