import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, it } from 'node:test';
import { loadPair, type PairFiles } from '../../src/adapters/authorities/pair.ts';
import { parseCertificate, type Certificate } from '../../src/core/certificate.ts';
import { buildChain, isSelfSigned, issuedBy, pathProblem } from '../../src/core/chain.ts';
import { bitString, explicit, implicit, nullValue, objectIdentifier, sequence, time, unsignedInteger } from '../../src/core/der-writer.ts';
import { OID } from '../../src/core/oid.ts';
import { ANY_EXTENDED_KEY_USAGE } from '../../src/core/usage.ts';
import { chainPem, secretFiles, testIntermediate, testRoot, type AuthorityShape } from '../support/authority.ts';
import { after } from '../support/clock.ts';
import { testKey, type KeyKind } from '../support/keys.ts';
import { profile } from '../support/profile-line.ts';
import { EMPTY_SUBJECT, commonName } from '../support/requests.ts';

const root = testRoot({ name: 'root' });
const upper = testIntermediate(root, { name: 'upper' });
const lower = testIntermediate(upper, { name: 'lower' });

describe('the path of a CA', () => {
  it('is ordered from the certificate of the key to the root, whatever the order in the files', () => {
    const path = lower.chain.map(({ fingerprint }) => fingerprint);
    for (const certificates of permutations(lower.chain)) {
      const built = buildChain(certificates, lower.key.publicKey.spki);
      assert.ok(built.ok);
      assert.deepEqual(built.chain.map(({ fingerprint }) => fingerprint), path);
    }
  });

  it('holds a certificate once that the files hold twice', () => {
    const built = buildChain([...upper.chain, ...upper.chain], upper.key.publicKey.spki);
    assert.deepEqual(built.ok && built.chain.length, 2);
  });

  it('ends where the next certificate is not known', () => {
    const built = buildChain(lower.chain.slice(0, 2), lower.key.publicKey.spki);
    assert.deepEqual(built.ok && built.chain.length, 2);
  });

  it('does not run in circles when two CAs have certified each other', () => {
    const [a, b] = [testRoot({ name: 'a' }), testRoot({ name: 'b' })];
    const aByB = testIntermediate(b, { name: 'a', key: a.key }).certificate;
    const bByA = testIntermediate(a, { name: 'b', key: b.key }).certificate;
    const built = buildChain([aByB, bByA], a.key.publicKey.spki);
    assert.deepEqual(built.ok && built.chain.map(({ fingerprint }) => fingerprint), [aByB.fingerprint, bByA.fingerprint]);
  });

  it(profile('P28', 'Its files MUST NOT hold a certificate that has no place on its path.'), () => {
    const stray = testRoot({ name: 'stray' }).certificate;
    assert.deepEqual(buildChain([...upper.chain, stray], upper.key.publicKey.spki), { ok: false, problem: 'the certificate "CN=stray" is not on the path of the CA' });
    assert.equal(buildChain(upper.chain, upper.key.publicKey.spki).ok, true);
  });

  it('is looked for among many of one name as long as they come in order, and not for ever where they do not', () => {
    let last = testRoot({ name: 'same', subjectKeyId: null });
    for (let i = 0; i < 6; i += 1) last = testIntermediate(last, { name: 'same', key: testKey('P-256', `same ${i}`), subjectKeyId: null });
    const { chain, key } = last;
    const built = buildChain(chain, key.publicKey.spki);
    assert.ok(built.ok && built.chain.length === 7);
    const [own, ...rest] = chain;
    assert.ok(own !== undefined);
    assert.deepEqual(buildChain([own, ...rest.reverse()], key.publicKey.spki), { ok: false, problem: '8 times a certificate names another one of them as its issuer that did not sign it' });
  });

  it('is none without a certificate for the key', () => {
    assert.deepEqual(buildChain(root.chain, upper.key.publicKey.spki), { ok: false, problem: 'no certificate is for the private key' });
    assert.equal(buildChain([], upper.key.publicKey.spki).ok, false);
    assert.equal(buildChain(root.chain, root.key.publicKey.spki).ok, true);
  });

  it(profile('P23', 'Each certificate of its path MUST be issued by the next: by name, by key identifier where both have one, and by a signature with SHA-256 or better.'), () => {
    const child = upper.certificate;
    assert.equal(issuedBy(child, root.certificate), true);
    assert.equal(issuedBy(child, testRoot({ name: 'renamed', key: root.key }).certificate), false, 'the same key under another name');
    assert.equal(issuedBy(child, testRoot({ name: 'root', key: root.key, subjectKeyId: Uint8Array.of(1) }).certificate), false, 'another key identifier');
    assert.equal(issuedBy(child, testRoot({ name: 'root', key: root.key, subjectKeyId: null }).certificate), true, 'no key identifier');
    assert.equal(issuedBy(child, testRoot({ name: 'root', key: testKey('P-256', 'other') }).certificate), false, 'the same name with another key');
    assert.equal(issuedBy(rsaSigned('sha1'), rsaSigned('sha256')), false, 'SHA-1');
    assert.equal(issuedBy(rsaSigned('sha256'), rsaSigned('sha256')), true);
  });

  it('a root is self-signed when its own key signed it, not when it merely names itself as issuer', () => {
    const impostor = testIntermediate(testRoot({ name: 'same', key: testKey('P-256', 'one') }), { name: 'same', key: testKey('P-256', 'two') }).certificate;
    assert.equal(isSelfSigned(impostor), false);
    assert.equal(isSelfSigned(root.certificate), true);
  });
});

describe('what is asked of each CA certificate', () => {
  it('nothing is wrong with a path after RFC 5280', () => {
    for (const { chain } of [root, upper, lower]) assert.equal(pathProblem(chain), null);
  });

  it(profile('P24', 'Each certificate of its path MUST have basicConstraints with CA:TRUE.'), () => {
    assert.equal(pathProblem(testRoot({ name: 'leaf', ca: false }).chain), 'the certificate "CN=leaf" is not a CA (basicConstraints CA:TRUE is missing)');
    assert.equal(pathProblem(testRoot({ name: 'none', ca: null }).chain), 'the certificate "CN=none" is not a CA (basicConstraints CA:TRUE is missing)');
    assert.match(problemAbove({ ca: false }) ?? '', /"CN=above" is not a CA/);
    assert.equal(problemAbove({ ca: true }), null);
  });

  it(profile('P25', 'Each certificate of its path that has a keyUsage MUST have keyCertSign in it.'), () => {
    assert.equal(pathProblem(testRoot({ name: 'signer', keyUsage: [0, 6] }).chain), 'the certificate "CN=signer" may not sign certificates (keyUsage lacks keyCertSign)');
    assert.match(problemAbove({ keyUsage: [6] }) ?? '', /"CN=above" may not sign certificates/);
    assert.equal(problemAbove({ keyUsage: [5] }), null);
    assert.equal(problemAbove({ keyUsage: null }), null);
  });

  it(profile('P26', 'Each pathLenConstraint of its path MUST leave room for the CA certificates below it.'), () => {
    assert.equal(pathProblem(testRoot({ name: 'zero', pathLength: 0 }).chain), null, 'none below');
    assert.equal(problemAbove({ pathLength: 0 }), 'the certificate "CN=above" allows 0 CA certificates below it, the path has 1');
    assert.equal(problemAbove({ pathLength: 1 }), null);
    const one = testRoot({ name: 'one', pathLength: 1 });
    const below = testIntermediate(one, { name: 'below' });
    assert.equal(pathProblem(testIntermediate(below, { name: 'two below' }).chain), 'the certificate "CN=one" allows 1 CA certificates below it, the path has 2');
    assert.equal(pathProblem(below.chain), null);
  });

  it(profile('P27', 'Each certificate of its path MUST have a subject that is not empty.'), () => {
    assert.match(pathProblem(testRoot({ name: 'nameless', subject: EMPTY_SUBJECT }).chain) ?? '', /empty subject/);
    assert.match(pathProblem(testIntermediate(testRoot({ name: 'nameless', subject: EMPTY_SUBJECT }), { name: 'below' }).chain) ?? '', /empty subject/);
    assert.equal(pathProblem(testRoot({ name: 'named', subject: commonName('named') }).chain), null);
  });

  it(profile('P31', 'Each certificate of its path that has an extKeyUsage MUST have server or client authentication or any purpose in it.'), () => {
    const purposes = (...oids: string[]): AuthorityShape => ({ extensions: [{ oid: OID.extKeyUsage, critical: false, value: sequence(...oids.map(objectIdentifier)) }] });
    const [serverAuth, clientAuth, codeSigning] = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.3'] as const;
    assert.match(problemAbove(purposes(codeSigning)) ?? '', /"CN=above" may not issue for TLS/);
    for (const enough of [serverAuth, clientAuth, ANY_EXTENDED_KEY_USAGE]) assert.equal(problemAbove(purposes(codeSigning, enough)), null);
  });

  it(profile('P32', 'A certificate of its path MUST NOT have a critical extension that Signet cannot honour in what it issues, such as name constraints.'), () => {
    const constrained = (critical: boolean): AuthorityShape => ({ extensions: [{ oid: OID.nameConstraints, critical, value: sequence(explicit(0, sequence(implicit(2, Buffer.from('example'))))) }] });
    assert.match(problemAbove(constrained(true)) ?? '', /"CN=above" has the critical extension 2\.5\.29\.30/);
    assert.equal(problemAbove(constrained(false)), null);
  });

  it('validity is not looked at: it passes', () => {
    assert.equal(pathProblem(testRoot({ name: 'over', notAfter: after(-1) }).chain), null);
  });
});

describe('the files of a CA', () => {
  it(profile('P22', 'Its key MUST be RSA of 2048 to 8192 bits, P-256, P-384, P-521 or Ed25519, and MUST belong to the first certificate of tls.crt.'), () => {
    const kinds: KeyKind[] = ['RSA-2048', 'RSA-4096', 'P-256', 'P-384', 'P-521', 'Ed25519'];
    for (const key of kinds) assert.equal(problemOf(secretFiles(testRoot({ name: `${key} CA`, key }))), null, key);
    assert.match(problemOf(weakRoot('rsa', { modulusLength: 1024 })) ?? '', /1024 bits/);
    assert.match(problemOf(weakRoot('ec', { namedCurve: 'secp256k1' })) ?? '', /curve/);
    const other = testRoot({ name: 'other' });
    assert.equal(problemOf({ ...secretFiles(root), 'tls.key': secretFiles(other)['tls.key'] }), 'the first certificate of tls.crt is not for the key in tls.key');
    assert.equal(problemOf({ ...secretFiles(upper), 'tls.crt': Buffer.from(chainPem([root.certificate, upper.certificate])) }), 'the first certificate of tls.crt is not for the key in tls.key');
  });

  it(profile('P29', 'Its path MUST end in a self-signed certificate, unless the configuration publishes the issuing CA itself as the anchor.'), () => {
    const files = { ...secretFiles(upper), 'ca.crt': Buffer.alloc(0) };
    assert.match(problemOf(files) ?? '', /the root is missing/);
    assert.equal(problemOf(secretFiles(upper)), null);
    const loaded = loadPair(files, { anchor: 'issuer' });
    assert.equal(loaded.ok && loaded.pair.anchor.fingerprint, upper.certificate.fingerprint);
  });
});

function problemAbove(shape: AuthorityShape): string | null {
  return pathProblem(testIntermediate(testRoot({ name: 'above', ...shape }), { name: 'below' }).chain);
}

function problemOf(files: PairFiles): string | null {
  const loaded = loadPair(files, { anchor: 'root' });
  return loaded.ok ? null : loaded.problem;
}

function permutations<T>(items: readonly T[]): T[][] {
  return items.length === 0 ? [[]] : items.flatMap((item, i) => permutations([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [item, ...rest]));
}

/** A self-signed version 1 certificate under RSA, by SHA-1 or SHA-256: all that the signature check looks at. */
function rsaSigned(hash: 'sha1' | 'sha256'): Certificate {
  const { privateKey, publicKey } = testKey('RSA-2048', 'hashes');
  const algorithm = sequence(objectIdentifier(hash === 'sha1' ? OID.sha1WithRSAEncryption : OID.sha256WithRSAEncryption), nullValue());
  const name = commonName('hashes');
  const tbs = sequence(unsignedInteger(Uint8Array.of(7)), algorithm, name, sequence(time(after(-1)), time(after(1))), name, publicKey.spki);
  const result = parseCertificate(sequence(tbs, algorithm, bitString(sign(hash, tbs, privateKey))));
  assert.ok(result.ok);
  return result.certificate;
}

/** A root with a key that no CA may have: made by hand, as core cannot even read it. */
function weakRoot(type: 'rsa' | 'ec', options: { modulusLength?: number; namedCurve?: string }): PairFiles {
  const { privateKey, publicKey } = type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: options.modulusLength ?? 0 }) : generateKeyPairSync('ec', { namedCurve: options.namedCurve ?? '' });
  const algorithm = type === 'rsa' ? sequence(objectIdentifier(OID.sha256WithRSAEncryption), nullValue()) : sequence(objectIdentifier(OID.ecdsaWithSHA256));
  const name = commonName('weak');
  const tbs = sequence(explicit(0, unsignedInteger(Uint8Array.of(2))), unsignedInteger(Uint8Array.of(7)), algorithm, name, sequence(time(after(-1)), time(after(1))), name, publicKey.export({ type: 'spki', format: 'der' }));
  const der = sequence(tbs, algorithm, bitString(sign('sha256', tbs, privateKey)));
  return { 'tls.crt': Buffer.from(pem(der)), 'tls.key': Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string) };
}

function pem(der: Uint8Array): string {
  return `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`;
}

