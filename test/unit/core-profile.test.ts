import assert from 'node:assert/strict';
import { X509Certificate, createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import * as asn1js from 'asn1js';
import { Certificate as PkijsCertificate } from 'pkijs';
import { readDer } from '../../src/core/der-reader.ts';
import { generalNameText } from '../../src/core/general-name.ts';
import { OID } from '../../src/core/oid.ts';
import { certificatePem, type Certificate } from '../../src/core/certificate.ts';
import { keyIdentifier } from '../../src/core/template.ts';
import { chainPem, issue, testIntermediate, testRoot } from '../support/authority.ts';
import { NOON, after } from '../support/clock.ts';
import { opensslVerify, withoutOpenssl } from '../support/openssl.ts';
import { plan, planned } from '../support/plans.ts';
import { profile } from '../support/profile-line.ts';
import { profileSamples } from '../support/profile-samples.ts';
import { commonName, csrDer, dns, spiffe, uri } from '../support/requests.ts';
import { verdict } from './core-policy-cases.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;
const samples = profileSamples();
const root = testRoot();

describe('every certificate', () => {
  it(profile('P1', 'It MUST be an X.509 version 3 certificate in strict DER.'), () => {
    for (const { certificate, name } of samples) {
      const { children } = readDer(certificate.tbs);
      assert.equal(hex(children[0]?.der), 'a003020102', name);
      assert.equal(children.length, 8, 'version, serial, algorithm, issuer, validity, subject, key, extensions');
    }
  });

  it(profile('P2', 'Its serial number MUST be positive, exactly 20 octets long and random in all but the first two bits.'), () => {
    const serial = (fill: number): string => hex(plan(root, { serial: new Uint8Array(20).fill(fill) }).serial);
    assert.equal(serial(0x00), `40${'00'.repeat(19)}`);
    assert.equal(serial(0xff), `7f${'ff'.repeat(19)}`);
    for (const { certificate } of samples) {
      const field = readDer(certificate.tbs).children[1];
      assert.equal(field?.content.length, 20);
      assert.equal((field.content[0] ?? 0xff) >> 6, 1);
    }
    assert.equal(new Set(samples.map(({ certificate }) => hex(certificate.serial))).size, samples.length);
  });

  it('a serial number of fewer than 16 or more than 20 octets is a bug', () => {
    for (const size of [0, 15, 21]) assert.throws(() => planned(root.chain, { serial: new Uint8Array(size) }), /16 to 20 octets, not/);
    for (const size of [16, 20]) assert.equal(plan(root, { serial: new Uint8Array(size) }).serial.length, size);
  });

  it(profile('P3', 'Its issuer MUST be, byte for byte, the subject of the CA certificate whose key signs it.'), () => {
    for (const { certificate, authority } of samples) assert.equal(hex(certificate.issuer.der), hex(authority.certificate.subject.der));
  });

  it(profile('P4', 'Its subject MUST be empty; a request for a subject with any value in it MUST be refused.'), () => {
    for (const { certificate } of samples) assert.equal(hex(certificate.subject.der), '3000');
    assert.equal(verdict({ subject: commonName('x') }).allowed, false);
    assert.equal(verdict({}).allowed, true);
  });

  it(profile('P5', 'Its public key MUST be, byte for byte, the one whose possession the request proves.'), () => {
    for (const { certificate, plan: made } of samples) {
      assert.equal(hex(certificate.publicKey.spki), hex(made.publicKey.spki));
      assert.equal(hex(readDer(certificate.tbs).children[6]?.der), hex(made.publicKey.spki));
    }
    const request = csrDer({ key: 'P-384', names: [spiffe('foo')] });
    assert.ok(hex(request).includes(hex(plan(root, { key: 'P-384' }).publicKey.spki)), 'the key is in the request as it is in the plan');
  });

  it(profile('P6', 'Its signature MUST be RSA PKCS #1 v1.5 with SHA-256, ECDSA with the hash as strong as the CA\'s curve, or Ed25519, as the CA\'s key is.'), () => {
    const byKey = new Map(samples.map(({ certificate, authority }) => [authority.key.publicKey.algorithm.type === 'ECDSA' ? authority.key.publicKey.algorithm.curve : authority.key.publicKey.algorithm.type, certificate.signatureAlgorithm]));
    assert.deepEqual(Object.fromEntries(byKey), {
      'RSA': OID.sha256WithRSAEncryption,
      'P-256': OID.ecdsaWithSHA256,
      'P-384': OID.ecdsaWithSHA384,
      'P-521': OID.ecdsaWithSHA512,
      'Ed25519': OID.ed25519,
    });
    for (const { certificate, authority, name } of samples) {
      assert.ok(new X509Certificate(certificate.der).verify(new X509Certificate(authority.certificate.der).publicKey), name);
    }
  });

  it(profile('P7', 'Its subjectAltName MUST be critical and hold exactly the names of the request, in their order.'), () => {
    const names = [dns('b.foo.svc'), uri('https://foo.example/'), dns('a.foo.svc')];
    const [leaf] = issue(plan(root, { names }), root);
    assert.deepEqual(leaf?.names, names);
    for (const { certificate, plan: made } of samples) {
      assert.deepEqual(certificate.names.map(generalNameText), made.names.map(generalNameText));
      assert.equal(certificate.extensions.find(({ oid }) => oid === OID.subjectAltName)?.critical, true);
    }
  });

  it(profile('P8', 'A SPIFFE ID of a workload MUST be its only name.'), () => {
    assert.equal(verdict({ names: [spiffe('foo', 'a'), spiffe('foo', 'b')] }).allowed, false);
    assert.equal(verdict({ names: [spiffe('foo', 'a')] }).allowed, true);
  });

  it(profile('P9', 'Its keyUsage MUST be critical and hold the key usages of spec.usages that its key can have (RSA keys sign and encipher keys and data, EC keys sign and agree on keys, Ed25519 keys sign) and that go with one of its extended usages (§4.2.1.12); a request of which none is left MUST be refused.'), () => {
    const usages = ['digital signature', 'content commitment', 'key encipherment', 'data encipherment', 'key agreement', 'encipher only', 'decipher only', 'ipsec user'];
    const bits = (key: 'RSA-2048' | 'P-256' | 'Ed25519', asked = usages): readonly number[] => plan(root, { key, usages: asked }).keyUsage;
    assert.deepEqual(bits('RSA-2048'), [0, 1, 2, 3]);
    assert.deepEqual(bits('P-256'), [0, 1, 4, 7, 8]);
    assert.deepEqual(bits('Ed25519'), [0, 1]);
    assert.deepEqual(bits('P-256', ['digital signature', 'encipher only', 'ipsec user']), [0], 'encipherOnly means nothing without keyAgreement');
    const forPurpose = (...purposes: string[]): readonly number[] => bits('RSA-2048', [...usages.slice(0, -1), ...purposes]);
    assert.deepEqual(forPurpose('server auth', 'client auth'), [0, 2]);
    assert.deepEqual(forPurpose('client auth'), [0], 'a client does not encipher keys');
    assert.deepEqual(forPurpose('email protection'), [0, 1, 2]);
    assert.deepEqual(forPurpose('code signing'), [0]);
    assert.deepEqual(bits('P-256', ['digital signature', 'content commitment', 'key agreement', 'client auth']), [0, 4]);
    for (const { certificate, plan: made, name } of samples) {
      assert.deepEqual(certificate.keyUsage, made.keyUsage, name);
      assert.equal(certificate.extensions.find(({ oid }) => oid === OID.keyUsage)?.critical, true, name);
    }
    assert.equal(verdict({ usages: ['client auth'] }).allowed, false);
    assert.equal(verdict({ usages: ['digital signature', 'client auth'] }).allowed, true);
  });

  it(profile('P10', 'Its extKeyUsage MUST hold the extended usages of spec.usages; a request without one MUST be refused.'), () => {
    const [leaf] = issue(plan(root, { usages: ['digital signature', 'client auth', 'server auth', 'client auth'] }), root);
    assert.deepEqual(leaf?.extendedKeyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    assert.ok(samples.every(({ certificate }) => certificate.extendedKeyUsage.length > 0));
    assert.equal(verdict({ usages: ['digital signature'] }).allowed, false);
    assert.equal(verdict({ usages: ['digital signature', 'server auth'] }).allowed, true);
  });

  it(profile('P11', 'Its basicConstraints MUST be critical and say that it is not a CA.'), () => {
    for (const { certificate } of samples) {
      const constraints = certificate.extensions.find(({ oid }) => oid === OID.basicConstraints);
      assert.deepEqual({ critical: constraints?.critical, value: hex(constraints?.value) }, { critical: true, value: '3000' });
      assert.equal(new X509Certificate(certificate.der).ca, false);
    }
  });

  it(profile('P12', 'Its subjectKeyIdentifier MUST be the leftmost 160 bits of the SHA-256 of its public key (RFC 7093 §2, method 1).'), () => {
    for (const { certificate } of samples) assert.equal(hex(certificate.subjectKeyId ?? undefined), createHash('sha256').update(certificate.publicKey.bits).digest('hex').slice(0, 40));
  });

  it(profile('P13', 'Its authorityKeyIdentifier MUST be the subjectKeyIdentifier of the CA certificate, or that hash of the CA\'s key where it has none.'), () => {
    const odd = testRoot({ name: 'odd key identifier', subjectKeyId: Uint8Array.of(1, 2, 3) });
    const none = testRoot({ name: 'no key identifier', subjectKeyId: null });
    assert.deepEqual(issue(plan(odd), odd)[0]?.authorityKeyId, Buffer.from([1, 2, 3]));
    assert.deepEqual(issue(plan(none), none)[0]?.authorityKeyId, Buffer.from(keyIdentifier(none.key.publicKey)));
  });

  it(profile('P14', 'It MUST NOT have any other extension, whatever the request asks for.'), () => {
    const ours: string[] = [OID.keyUsage, OID.extKeyUsage, OID.basicConstraints, OID.subjectKeyIdentifier, OID.authorityKeyIdentifier, OID.subjectAltName];
    const [leaf] = issue(plan(root, { extensions: [{ oid: '1.2.3.4', critical: true, value: Uint8Array.of(5, 0) }, { oid: OID.nameConstraints, critical: false, value: Uint8Array.of(0x30, 0) }] }), root);
    for (const certificate of [leaf, ...samples.map((each) => each.certificate)]) {
      assert.deepEqual(certificate?.extensions.map(({ oid }) => oid).filter((oid) => !ours.includes(oid)), []);
    }
  });
});

describe('the validity of a certificate', () => {
  it(profile('P15', 'Its notBefore MUST lie two minutes, but at most a tenth of its lifetime, before the time of issue, and not before that of any certificate of the path.'), () => {
    assert.deepEqual(plan(root).notBefore, after(-120));
    assert.deepEqual(plan(root, { lifetime: 20 * 60 }).notBefore, after(-120));
    assert.deepEqual(plan(root, { lifetime: 600 }).notBefore, after(-60));
    assert.deepEqual(plan(root, { lifetime: 30 }).notBefore, after(-3));
    const ending = testRoot({ name: 'ending', notAfter: after(600) });
    assert.deepEqual(plan(ending, { lifetime: 5000 }).notBefore, after(-60), 'the lifetime is what is left of it');
    const young = testRoot({ name: 'young', notBefore: after(-30) });
    assert.deepEqual(plan(young).notBefore, after(-30));
    assert.deepEqual(plan(testIntermediate(root, { name: 'young below old', notBefore: after(-10) })).notBefore, after(-10));
    assert.deepEqual(plan(testIntermediate(young, { name: 'old below young' })).notBefore, after(-30));
  });

  it(profile('P16', 'Its lifetime MUST be what the request asks for, or the signer\'s default, but no shorter than 30 seconds; a longer one than the signer\'s maximum MUST be cut to it instead of refused.'), () => {
    const limits = { default: 6 * HOUR, max: DAY };
    const end = (lifetime: number | null): Date => plan(root, { lifetime, limits }).notAfter;
    assert.deepEqual(end(null), after(6 * HOUR));
    assert.deepEqual(end(HOUR), after(HOUR));
    assert.deepEqual(end(DAY), after(DAY));
    assert.deepEqual([end(29), end(31)], [after(30), after(31)]);
    assert.deepEqual(end(DAY + 1), after(DAY));
    assert.deepEqual(end(315360000), after(DAY), 'ten years, as istiod asks for itself');
    assert.deepEqual(plan(root, { lifetime: 315360000, limits }).adjustments, ['lifetime 87600h clamped to 24h', 'usage "key encipherment" dropped, it does not fit the key and the other usages']);
    assert.deepEqual(plan(root, { lifetime: DAY, limits, key: 'RSA-2048' }).adjustments, []);
  });

  it(profile('P17', 'Its notAfter MUST NOT be later than that of any certificate of the path.'), () => {
    const ending = testRoot({ name: 'ending', notAfter: after(4 * HOUR) });
    const shorter = testIntermediate(testRoot({ name: 'lasting' }), { name: 'ending intermediate', notAfter: after(5 * HOUR) });
    assert.deepEqual(plan(ending).notAfter, after(4 * HOUR));
    assert.deepEqual(plan(shorter).notAfter, after(5 * HOUR));
    assert.deepEqual(plan(testIntermediate(ending, { name: 'outliving its root' })).notAfter, after(4 * HOUR));
    assert.deepEqual(plan(ending, { lifetime: 4 * HOUR, key: 'RSA-2048' }).adjustments, []);
    assert.deepEqual(plan(ending, { key: 'RSA-2048' }).adjustments, ['lifetime cut to 4h by the end of the CA']);
    for (const { certificate, authority } of samples) assert.ok(authority.chain.every(({ notAfter }) => certificate.notAfter <= notAfter));
  });

  it(profile('P18', 'A certificate that the end of the path leaves less than a tenth of its lifetime MUST NOT be issued; the request waits.'), () => {
    const remaining = (seconds: number, lifetime = 1000): ReturnType<typeof planned> => planned(testRoot({ name: 'ending', notAfter: after(seconds) }).chain, { lifetime });
    assert.equal(remaining(100).ok, true);
    assert.deepEqual(remaining(99), { ok: false, reason: 'CertificateAuthorityExpired', message: 'the CA ends in 1m39s, too soon for certificates of 16m40s: renew it' });
    assert.equal(remaining(99, 990).ok, true, 'a shorter certificate fits');
    const above = testIntermediate(testRoot({ name: 'ending', notAfter: after(99) }), { name: 'lasting' });
    assert.equal(planned(above.chain, { lifetime: 1000 }).ok, false, 'the root counts as its own certificate does');
  });

  it(profile('P19', 'Its times MUST be whole seconds, in UTCTime through 2049 and in GeneralizedTime from 2050 on.'), () => {
    const lasting = testRoot({ name: 'lasting', notBefore: new Date('2049-01-01T00:00:00Z'), notAfter: new Date('2060-01-01T00:00:00Z') });
    const validity = (now: string): (string | undefined)[] => {
      const [leaf] = issue(plan(lasting, { now: new Date(now), lifetime: HOUR }), lasting);
      return readDer(leaf?.tbs ?? new Uint8Array()).children[4]?.children.map(({ identifier, content }) => `${identifier === 0x17 ? 'UTCTime' : 'GeneralizedTime'} ${Buffer.from(content).toString()}`) ?? [];
    };
    assert.deepEqual(validity('2049-12-31T22:59:59.999Z'), ['UTCTime 491231225759Z', 'UTCTime 491231235959Z']);
    assert.deepEqual(validity('2049-12-31T23:00:00.001Z'), ['UTCTime 491231225800Z', 'GeneralizedTime 20500101000000Z']);
    assert.deepEqual(validity('2050-01-01T00:02:00.000Z'), ['GeneralizedTime 20500101000000Z', 'GeneralizedTime 20500101010200Z']);
  });

  it(profile('P30', 'It MUST NOT sign while any certificate of its path is not yet valid or no longer valid; requests wait.'), () => {
    const early = testRoot({ name: 'early', notBefore: after(1) });
    assert.deepEqual(planned(early.chain), { ok: false, reason: 'CertificateAuthorityUnavailable', message: 'the CA certificate is not valid before 2026-03-04T12:00:01.000Z' });
    assert.equal(planned(early.chain, { now: after(1) }).ok, true);
    const over = testRoot({ name: 'over', notAfter: after(0) });
    assert.deepEqual(planned(over.chain), { ok: false, reason: 'CertificateAuthorityExpired', message: 'the CA expired at 2026-03-04T12:00:00.000Z' });
    assert.equal(planned(over.chain, { now: after(-HOUR), lifetime: 600 }).ok, true);
    for (const above of [early, over]) assert.equal(planned(testIntermediate(above, { name: 'below' }).chain).ok, false, 'the root counts too');
  });

  it('a path without a certificate is a bug', () => {
    assert.throws(() => planned([]), RangeError);
  });
});

describe('other readers', () => {
  it('Node reads each certificate as it is planned', () => {
    for (const { certificate, plan: made, name } of samples) {
      const seen = new X509Certificate(certificate.der);
      assert.equal(seen.serialNumber, hex(made.serial).toUpperCase(), name);
      assert.equal(Date.parse(seen.validFrom), made.notBefore.getTime(), name);
      assert.equal(Date.parse(seen.validTo), made.notAfter.getTime(), name);
      assert.equal(seen.subject ?? '', '', name);
      assert.equal(hex(seen.publicKey.export({ type: 'spki', format: 'der' })), hex(made.publicKey.spki), name);
      for (const { value } of made.names.filter(({ type }) => type !== 'ip' && type !== 'unsupported') as { value: string }[]) assert.ok(seen.subjectAltName?.includes(value), name);
    }
  });

  it('pkijs reads each certificate as it is planned', () => {
    for (const { certificate, plan: made, name } of samples) {
      const { offset, result } = asn1js.fromBER(certificate.der);
      assert.equal(offset, certificate.der.length, name);
      const seen = new PkijsCertificate({ schema: result });
      assert.equal(seen.version, 2, name);
      assert.equal(hex(seen.serialNumber.valueBlock.valueHexView), hex(made.serial), name);
      assert.deepEqual([seen.notBefore.value, seen.notAfter.value], [made.notBefore, made.notAfter], name);
      assert.deepEqual(seen.extensions?.map(({ extnID, critical }) => ({ oid: extnID, critical })), certificate.extensions.map(({ oid, critical }) => ({ oid, critical })), name);
    }
  });

  it('openssl verify -x509_strict has nothing against any', { skip: withoutOpenssl() }, () => {
    const groups = new Map<string, typeof samples>();
    for (const sample of samples) {
      const key = `${sample.authority.certificate.fingerprint} ${sample.at.getTime()}`;
      groups.set(key, [...(groups.get(key) ?? []), sample]);
    }
    for (const group of groups.values()) {
      const [first] = group;
      if (first === undefined) continue;
      opensslVerify({ leaves: group.map(({ certificate }) => certificatePem(certificate)), intermediates: chainPem(first.authority.chain.slice(0, -1)), root: first.roots, at: first.at });
    }
  });

  it('openssl verify -x509_strict objects to a leaf whose issuer is another CA', { skip: withoutOpenssl() }, () => {
    const other = testRoot({ name: 'other' });
    const leaf = (authority: typeof root): Certificate => issue(plan(authority), authority)[0] as Certificate;
    const verify = (certificate: Certificate): void => opensslVerify({ leaves: [certificatePem(certificate)], intermediates: '', root: certificatePem(root.certificate), at: NOON });
    assert.throws(() => verify(leaf(other)), /unable to get local issuer certificate/);
    verify(leaf(root));
  });
});

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex');
}
