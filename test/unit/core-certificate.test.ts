import assert from 'node:assert/strict';
import { X509Certificate, constants, sign } from 'node:crypto';
import { describe, it } from 'node:test';
import { signedBy } from '../../src/core/certificate-signature.ts';
import { certificatePem, isSelfIssued, parseCertificate, type Certificate } from '../../src/core/certificate.ts';
import { bitString, boolean, element, explicit, nullValue, objectIdentifier, octetString, sequence, unsignedInteger, type Der } from '../../src/core/der-writer.ts';
import { distinguishedNameText } from '../../src/core/distinguished-name.ts';
import { generalNameText } from '../../src/core/general-name.ts';
import { OID } from '../../src/core/oid.ts';
import { decodeCertificates } from '../../src/core/pem.ts';
import { keyName } from '../../src/core/public-key.ts';
import { assembleCertificate, tbsCertificate, type SignatureScheme, type TbsTemplate } from '../../src/core/template.ts';
import { read, sign as signTbs, signTemplate, testIntermediate, testRoot } from '../support/authority.ts';
import { NOON, after } from '../support/clock.ts';
import { bytes, flipped } from '../support/der/raw.ts';
import { seeded } from '../support/der/random.ts';
import { altNames, dns, extension, uri } from '../support/der/request.ts';
import { fromTree, leaf, toTree, type Tree } from '../support/der/tree.ts';
import { KEY_KINDS, testKey } from '../support/keys.ts';
import { commonName } from '../support/requests.ts';

const ROOT = testRoot({ name: 'root' });
const CA = testIntermediate(ROOT, { name: 'foo', pathLength: 0 });

describe('parseCertificate', () => {
  for (const kind of KEY_KINDS) {
    it(`reads a CA with a key ${kind} as Node reads it`, () => {
      const { certificate } = testRoot({ name: `root ${kind}`, key: kind });
      const node = new X509Certificate(certificate.der);
      assert.equal(keyName(certificate.publicKey.algorithm), kind);
      assert.equal(certificate.fingerprint, node.fingerprint256.replaceAll(':', '').toLowerCase());
      assert.equal(Buffer.from(certificate.serial).toString('hex').toUpperCase(), node.serialNumber);
      assert.equal(certificate.notBefore.getTime(), new Date(node.validFrom).getTime());
      assert.equal(certificate.notAfter.getTime(), new Date(node.validTo).getTime());
      assert.deepEqual(Buffer.from(certificate.publicKey.spki), node.publicKey.export({ type: 'spki', format: 'der' }));
      assert.equal(certificate.basicConstraints?.ca, node.ca);
      assert.ok(node.verify(node.publicKey) && signedBy(certificate, certificate) && isSelfIssued(certificate));
    });
  }

  it('reads every field that is decided by', () => {
    const { certificate } = CA;
    assert.equal(distinguishedNameText(certificate.subject), 'CN=foo');
    assert.equal(distinguishedNameText(certificate.issuer), 'CN=root');
    assert.equal(isSelfIssued(certificate), false);
    assert.deepEqual(certificate.basicConstraints, { ca: true, pathLength: 0 });
    assert.deepEqual(certificate.keyUsage, [5, 6]);
    assert.deepEqual(certificate.extendedKeyUsage, []);
    assert.deepEqual(certificate.authorityKeyId, ROOT.certificate.subjectKeyId);
    assert.equal(certificate.signatureAlgorithm, OID.ecdsaWithSHA256);
  });

  it('reads names and usages of a leaf', () => {
    const leafCertificate = signed({ extensions: [san(uri('spiffe://cluster.local/ns/foo/sa/httpbin'), dns('httpbin.foo.svc')), { oid: OID.extKeyUsage, critical: false, value: sequence(objectIdentifier('1.3.6.1.5.5.7.3.2'), objectIdentifier('1.3.6.1.5.5.7.3.1')) }] });
    assert.deepEqual(leafCertificate.names.map(generalNameText), ['URI:spiffe://cluster.local/ns/foo/sa/httpbin', 'DNS:httpbin.foo.svc']);
    assert.deepEqual(leafCertificate.extendedKeyUsage, ['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1']);
    assert.equal(leafCertificate.keyUsage, null);
    assert.equal(leafCertificate.basicConstraints, null);
  });

  it('gives PEM that reads back to the same bytes', () => {
    const decoded = decodeCertificates(certificatePem(CA.certificate) + certificatePem(ROOT.certificate));
    assert.ok(decoded.ok);
    assert.deepEqual(decoded.ders.map((der) => read(der).fingerprint), [CA.certificate.fingerprint, ROOT.certificate.fingerprint]);
  });

  it('tolerates what old CA software writes', () => {
    const odd: [string, Uint8Array, (certificate: Certificate) => boolean][] = [
      ['critical FALSE', certificateWithExtension(sequence(objectIdentifier('1.2.3'), boolean(false), octetString(bytes(5, 0)))), ({ extensions }) => extensions[0]?.critical === false],
      ['cA FALSE', certificateWithExtension(extension(OID.basicConstraints, sequence(boolean(false)))), ({ basicConstraints }) => basicConstraints?.ca === false],
      ['a path length on a leaf', certificateWithExtension(extension(OID.basicConstraints, sequence(unsignedInteger(bytes(0))))), ({ basicConstraints }) => basicConstraints?.pathLength === 0],
      ['trailing zero bits in keyUsage', certificateWithExtension(extension(OID.keyUsage, bitString(bytes(0x04, 0x00)))), ({ keyUsage }) => keyUsage?.join() === '5'],
      ['an authority named in another way', certificateWithExtension(extension(OID.authorityKeyIdentifier, sequence(element(0x82, bytes(1))))), ({ authorityKeyId }) => authorityKeyId === null],
      ['a serial number of zero', changed((tbs) => void (tbs.children[1] = leaf(0x02, bytes(0)))), ({ serial }) => serial.length === 1],
      ['a serial number of 21 octets', changed((tbs) => void (tbs.children[1] = leaf(0x02, new Uint8Array(21).fill(1)))), ({ serial }) => serial.length === 21],
      ['GeneralizedTime before 2050', changed((tbs) => void (tbs.children[4]?.children.splice(0, 1, leaf(0x18, Buffer.from('20260101000000Z'))))), ({ notBefore }) => notBefore.toISOString() === '2026-01-01T00:00:00.000Z'],
      ['version 1 and no extensions', changed((tbs) => { tbs.children.shift(); tbs.children.pop(); }), ({ extensions }) => extensions.length === 0],
      ['a key of 8192 bits', withRsaKey(8192), ({ publicKey }) => keyName(publicKey.algorithm) === 'RSA-8192'],
    ];
    for (const [what, der, expected] of odd) {
      const result = parseCertificate(der);
      assert.ok(result.ok, `${what}: ${result.ok ? '' : result.problem}`);
      assert.ok(expected(result.certificate), what);
    }
  });

  it('refuses what has two readings or none, beside a twin that it reads', () => {
    const bad: [string, Uint8Array, string][] = [
      ['trailing bytes', Buffer.concat([CA.certificate.der, bytes(0)]), 'after the end'],
      ['cut off', CA.certificate.der.subarray(0, -1), 'where'],
      ['an empty file', bytes(), 'the end of the data'],
      ['another algorithm outside', changedWhole((tree) => void (tree.children[1] = toTree(sequence(objectIdentifier(OID.ecdsaWithSHA384))))), 'differs from the signed one'],
      ['an extension twice', certificateWithExtension(extension('1.2.3', bytes()), extension('1.2.3', bytes())), 'the extension 1.2.3 twice'],
      ['no extension in the list', certificateWithExtension(), 'an empty list of extensions'],
      ['extensions in version 1', changed((tbs) => void tbs.children.shift()), 'extensions in a certificate of version 1'],
      ['version 4', changed((tbs) => void (tbs.children[0] = toTree(explicit(0, unsignedInteger(bytes(3)))))), 'version 4'],
      ['a negative serial number', changed((tbs) => void (tbs.children[1] = leaf(0x02, bytes(0x80)))), 'a negative serial number'],
      ['a unique identifier', changed((tbs) => void tbs.children.splice(7, 0, leaf(0x81, bytes(0)))), 'that is not the extensions'],
      ['three times', changed((tbs) => void tbs.children[4]?.children.push(leaf(0x17, Buffer.from('260101000000Z')))), 'the validity'],
      ['a key of 1024 bits', withRsaKey(1024), 'an RSA key of 1024 bits'],
      ['a key of 8200 bits', withRsaKey(8200), 'an RSA key of 8200 bits'],
      ['a key off its curve', changed((tbs) => { const bits = tbs.children[6]?.children[1]; if (bits) bits.content = flipped(bits.content, -1); }), 'not on P-256'],
      ['an empty name list', certificateWithExtension(altNames()), 'an empty list of names'],
      ['an empty extKeyUsage', certificateWithExtension(extension(OID.extKeyUsage, sequence())), 'an empty extKeyUsage'],
      ['basicConstraints with a third field', certificateWithExtension(extension(OID.basicConstraints, sequence(boolean(true), unsignedInteger(bytes(1)), nullValue()))), 'after the last field of basicConstraints'],
      ['a negative path length', certificateWithExtension(extension(OID.basicConstraints, sequence(boolean(true), bytes(2, 1, 0xff)))), 'pathLenConstraint'],
      ['keyUsage as octets', certificateWithExtension(extension(OID.keyUsage, octetString(bytes(4)))), 'an OCTET STRING for keyUsage'],
      ['a key identifier that is none', certificateWithExtension(extension(OID.subjectKeyIdentifier, nullValue())), 'a NULL for subjectKeyIdentifier'],
    ];
    for (const [what, der, problem] of bad) {
      const result = parseCertificate(der);
      assert.ok(!result.ok, `${what} was read`);
      assert.ok(result.problem.includes(problem), `${what}: ${result.problem}`);
      assert.match(result.problem, /^byte \d+: found /);
    }
    for (const twin of [CA.certificate.der, changed(() => undefined), certificateWithExtension(extension('1.2.3', bytes())), withRsaKey(2048)]) assert.ok(parseCertificate(twin).ok);
  });

  it('never throws: 5,000 damaged certificates are read or refused', () => {
    const random = seeded(1);
    let refused = 0;
    for (let i = 0; i < 5_000; i += 1) {
      const copy = Uint8Array.from(CA.certificate.der);
      const at = random.below(copy.length);
      copy[at] = random.below(256);
      if (!parseCertificate(copy).ok) refused += 1;
    }
    assert.ok(refused > 1_000, `${refused} refused`);
  });
});

describe('signedBy', () => {
  it('tells the parent from a stranger of the same name', () => {
    const stranger = testRoot({ name: 'root', key: testKey('P-256', 'another root') });
    assert.equal(signedBy(CA.certificate, ROOT.certificate), true);
    assert.equal(signedBy(CA.certificate, stranger.certificate), false);
    assert.equal(signedBy(ROOT.certificate, CA.certificate), false);
  });

  it('is false for a certificate with one bit changed', () => {
    const at = Buffer.from(CA.certificate.der).indexOf('foo');
    const forged = read(flipped(CA.certificate.der, at));
    assert.equal(distinguishedNameText(forged.subject), 'CN=goo');
    assert.equal(signedBy(forged, ROOT.certificate), false);
  });

  it('is false for a parent whose key is of another kind', () => {
    for (const key of ['RSA-2048', 'Ed25519', 'P-384'] as const) assert.equal(signedBy(CA.certificate, testRoot({ key }).certificate), false, key);
  });

  it('is true for RSA-PSS, false for SHA-1 by the same key', () => {
    const root = testRoot({ key: 'RSA-2048' });
    const sha256 = element(0x30, objectIdentifier('2.16.840.1.101.3.4.2.1'), nullValue());
    const mgf1 = sequence(objectIdentifier('1.2.840.113549.1.1.8'), sha256);
    const pss: SignatureScheme = { digest: 'sha256', identifier: sequence(objectIdentifier('1.2.840.113549.1.1.10'), sequence(explicit(0, sha256), explicit(1, mgf1), explicit(2, unsignedInteger(bytes(32))))) };
    const byPss = tbsCertificate(template({}), pss);
    const pssSignature = sign('sha256', byPss, { key: root.key.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
    assert.equal(signedBy(read(assembleCertificate(byPss, pss, pssSignature)), root.certificate), true);
    assert.equal(signedBy(read(assembleCertificate(byPss, pss, flipped(pssSignature, 5))), root.certificate), false);

    const sha1: SignatureScheme = { digest: 'sha256', identifier: sequence(objectIdentifier(OID.sha1WithRSAEncryption), nullValue()) };
    const bySha1 = tbsCertificate(template({}), sha1);
    const certificate = read(assembleCertificate(bySha1, sha1, sign('sha1', bySha1, root.key.privateKey)));
    assert.ok(new X509Certificate(certificate.der).verify(new X509Certificate(root.certificate.der).publicKey), 'OpenSSL would believe it');
    assert.equal(signedBy(certificate, root.certificate), false);
  });

  it('is false for an Ed25519 signature cut short', () => {
    const root = testRoot({ key: 'Ed25519' });
    const good = signTbs(root.certificate.tbs, root.key);
    assert.equal(signedBy(good, root.certificate), true);
    const short = changedWhole((tree) => void (tree.children[2] = toTree(bitString(good.signature.subarray(1)))), good.der);
    assert.equal(signedBy(read(short), root.certificate), false);
  });
});

function template(entry: Partial<TbsTemplate>): TbsTemplate {
  return { serial: bytes(1), issuer: ROOT.certificate.subject.der, subject: commonName('leaf'), notBefore: NOON, notAfter: after(3600), spki: testKey('P-256').publicKey.spki, extensions: [], ...entry, ...(entry.extensions === undefined ? { extensions: [san(dns('leaf.svc'))] } : {}) };
}

function signed(entry: Partial<TbsTemplate>): Certificate {
  return signTemplate(template(entry), ROOT.key);
}

function san(...names: readonly Der[]): TbsTemplate['extensions'][number] {
  return { oid: OID.subjectAltName, critical: true, value: sequence(...names) };
}

/** A certificate with exactly these extensions, its signature no longer good. */
function certificateWithExtension(...extensions: readonly Der[]): Uint8Array {
  return changed((tbs) => void (tbs.children[7] = toTree(explicit(3, sequence(...extensions)))));
}

function withRsaKey(bits: number): Uint8Array {
  const modulus = new Uint8Array(bits / 8).fill(0xff);
  const key = sequence(unsignedInteger(modulus), unsignedInteger(bytes(1, 0, 1)));
  return changed((tbs) => void (tbs.children[6] = toTree(sequence(sequence(objectIdentifier(OID.rsaEncryption), nullValue()), bitString(key)))));
}

function changed(change: (tbs: Tree) => void): Uint8Array {
  return changedWhole((tree) => { if (tree.children[0]) change(tree.children[0]); });
}

function changedWhole(change: (tree: Tree) => void, der: Uint8Array = CA.certificate.der): Uint8Array {
  const tree = toTree(der);
  change(tree);
  return fromTree(tree);
}
