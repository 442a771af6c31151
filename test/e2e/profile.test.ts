// Three judges who are not us look at every kind of certificate that Signet makes: each kind of workload key under each kind of CA key, below a
// root and below an intermediate, and the odd shapes. There is no list of exceptions.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { certificatePem } from '../../src/core/certificate.ts';
import { OID } from '../../src/core/oid.ts';
import { leafExtensions } from '../../src/core/template.ts';
import { usageNames } from '../../src/core/usage.ts';
import { signTemplate } from '../support/authority.ts';
import { KEY_KINDS } from '../support/keys.ts';
import { profileSamples, type ProfileSample } from '../support/profile-samples.ts';
import { judge, type Judged, type Verdict } from '../support/rig/judge.ts';

describe('openssl verify -x509_strict, Go\'s crypto/x509 and zlint', () => {
  const samples = profileSamples();

  it('object to no certificate of the profile', async () => {
    const judged: Judged[] = samples.map(({ name, chain, roots, at, plan: { extendedKeyUsage } }) => ({ name, chain, roots, at, usages: goUsages(extendedKeyUsage) }));
    const verdicts = await judge(judged);
    assert.equal(verdicts.length, samples.length);
    assert.deepEqual(verdicts.filter(({ objections }) => objections.length > 0), []);
    const pairs = new Set(samples.map(({ certificate, authority }) => `${JSON.stringify(certificate.publicKey.algorithm)} ${JSON.stringify(authority.certificate.publicKey.algorithm)}`));
    console.log(`${verdicts.length} certificates, ${pairs.size} pairs of workload and CA keys: no error, no warning`);
    // RSA-3072 is no CA key of the samples, as it signs like RSA-4096.
    assert.ok(pairs.size >= KEY_KINDS.length * (KEY_KINDS.length - 1), `only ${pairs.size} pairs of keys`);
  });

  it('each object to such a certificate when one thing about it is wrong', async () => {
    const [sample, ...others] = samples;
    const stranger = others.find(({ authority }) => authority.root.fingerprint !== sample?.authority.root.fingerprint);
    assert.ok(sample !== undefined && stranger !== undefined);
    const right = { name: 'right', chain: sample.chain, roots: sample.roots, at: sample.at };
    const [fine, strange, late, unnamed] = await judge([
      right,
      { ...right, name: 'another root', roots: stranger.roots },
      { ...right, name: 'a second too late', at: new Date(sample.plan.notAfter.getTime() + 1000) },
      { ...right, name: 'without the identifier of the CA key', chain: withoutAuthorityKeyId(sample) },
    ]);
    assert.deepEqual(judges(fine), []);
    assert.deepEqual(judges(strange), ['go', 'openssl']);
    assert.deepEqual(judges(late), ['go', 'openssl']);
    assert.deepEqual(judges(unnamed), ['openssl', 'zlint']);
  });
});

/** The same plan, signed by the same CA, without an extension that RFC 5280 §4.2.1.1 demands. */
function withoutAuthorityKeyId({ plan, authority: { key, certificate } }: ProfileSample): string {
  const { serial, subject, notBefore, notAfter } = plan;
  const extensions = leafExtensions(plan, certificate).filter(({ oid }) => oid !== OID.authorityKeyIdentifier);
  return certificatePem(signTemplate({ serial, issuer: certificate.subject.der, subject, notBefore, notAfter, spki: plan.publicKey.spki, extensions }, key));
}

function judges(verdict: Verdict | undefined): string[] {
  return [...new Set(verdict?.objections.map((text) => text.split(':', 1)[0] ?? ''))].sort();
}

/** What Go is asked to verify for; it knows more usages than the judge passes on. */
function goUsages(extendedKeyUsage: readonly string[]): string[] {
  const known = usageNames([], extendedKeyUsage).filter((name) => name === 'server auth' || name === 'client auth');
  return known.length > 0 ? known : ['any'];
}
