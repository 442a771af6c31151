import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Certificate } from '../../src/core/certificate.ts';
import { corresponds } from '../../src/core/corresponds.ts';
import { boolean, sequence } from '../../src/core/der-writer.ts';
import { OID } from '../../src/core/oid.ts';
import type { Plan } from '../../src/core/plan.ts';
import { leafExtensions, type ExtensionTemplate, type TbsTemplate } from '../../src/core/template.ts';
import { issue, signTemplate, testIntermediate, testRoot } from '../support/authority.ts';
import { after } from '../support/clock.ts';
import { testKey, type TestKey } from '../support/keys.ts';
import { plan } from '../support/plans.ts';
import { profile } from '../support/profile-line.ts';
import { ISTIO_SUBJECT, commonName, dns, spiffe } from '../support/requests.ts';

const root = testRoot({ name: 'root' });
const ca = testIntermediate(root, { name: 'foo CA' });
const planned = plan(ca);
const [issuer] = ca.chain as [Certificate];

/** What a CA might answer instead: each differs from the plan in one thing. */
const ANSWERS: Readonly<Record<string, { readonly field: string; readonly answer: () => readonly Certificate[] }>> = {
  'another key': { field: 'public key', answer: () => signed({ ...planned, publicKey: testKey('P-256', 'somebody else').publicKey }) },
  'another serial number': { field: 'serial', answer: () => signed({ ...planned, serial: Uint8Array.from(planned.serial).fill(0x41) }) },
  'a subject': { field: 'subject', answer: () => signed({ ...planned, subject: commonName('admin') }) },
  'the subject of the request': { field: 'subject', answer: () => signed({ ...planned, subject: ISTIO_SUBJECT }) },
  'another name': { field: 'subjectAltName', answer: () => signed({ ...planned, names: [spiffe('bar')] }) },
  'one name more': { field: 'subjectAltName', answer: () => signed({ ...planned, names: [...planned.names, dns('x.example')] }) },
  'one more key usage': { field: 'keyUsage', answer: () => signed({ ...planned, keyUsage: [0, 1] }) },
  'no key usage': { field: 'keyUsage', answer: () => signed({ ...planned, keyUsage: [] }) },
  'one more extended usage': { field: 'extKeyUsage', answer: () => signed({ ...planned, extendedKeyUsage: [...planned.extendedKeyUsage, '1.3.6.1.5.5.7.3.3'] }) },
  'a later end': { field: 'notAfter', answer: () => signed({ ...planned, notAfter: after(1, planned.notAfter) }) },
  'an earlier end': { field: 'notAfter', answer: () => signed({ ...planned, notAfter: after(-1, planned.notAfter) }) },
  'an earlier start': { field: 'notBefore', answer: () => signed({ ...planned, notBefore: after(-1, planned.notBefore) }) },
  'a CA': { field: 'basicConstraints', answer: () => signedWith((each) => (each.oid === OID.basicConstraints ? { ...each, value: sequence(boolean(true)) } : each)) },
  'no basicConstraints': { field: 'basicConstraints', answer: () => signedWith((each) => (each.oid === OID.basicConstraints ? null : each)) },
  'a subjectAltName that is not critical': { field: 'extensions', answer: () => signedWith((each) => (each.oid === OID.subjectAltName ? { ...each, critical: false } : each)) },
  'an extension more': { field: 'extensions', answer: () => signedWith((each) => each, [{ oid: '1.2.3.4', critical: false, value: sequence() }]) },
  'an extension fewer': { field: 'extensions', answer: () => signedWith((each) => (each.oid === OID.subjectKeyIdentifier ? null : each)) },
  'the extended usages in another order': { field: 'extensions', answer: () => signedWith((each) => (each.oid === OID.extKeyUsage ? { ...each, value: reversed(planned) } : each)) },
  'a signature of another key': { field: 'chain', answer: () => signedBy(testKey('P-256', 'not the CA')) },
  'another issuer\'s name': { field: 'chain', answer: () => [signTemplate({ ...template(), issuer: commonName('bar CA') }, ca.key), ...ca.chain] },
  'a path without its root': { field: 'anchor', answer: () => signed(planned).slice(0, 2) },
  'a path with a certificate too many': { field: 'anchor', answer: () => [...signed(planned), testRoot({ name: 'extra', key: root.key, subject: root.certificate.subject.der }).certificate] },
  'a path in the wrong order': { field: 'issuer', answer: () => [signed(planned)[0] as Certificate, ...[...ca.chain].reverse()] },
  'a path to another root': { field: 'anchor', answer: () => toAnotherRoot() },
};

describe('what a CA returned', () => {
  it('is accepted when it is the plan, signed by the planned CA, with the path to the anchor', () => {
    assert.deepEqual(corresponds(planned, signed(planned), root.certificate), []);
    const direct = plan(root);
    assert.deepEqual(corresponds(direct, issue(direct, root), root.certificate), []);
  });

  it('is not verified again when it was signed in this process: everything else is compared all the same', () => {
    for (const [what, { field, answer }] of Object.entries(ANSWERS)) {
      const fields = corresponds(planned, answer(), root.certificate, { signedHere: true }).map((each) => each.field);
      if (what === 'a signature of another key') assert.deepEqual(fields, [], what);
      else assert.ok(fields.includes(field), what);
    }
  });

  it('is accepted when the issuing CA is itself the anchor', () => {
    assert.deepEqual(corresponds(planned, signed(planned).slice(0, 2), issuer), []);
  });

  it('is accepted with its extensions in another order: RFC 5280 gives them none', () => {
    const extensions = [...leafExtensions(planned, issuer)].reverse();
    assert.deepEqual(corresponds(planned, [signTemplate({ ...template(), extensions }, ca.key), ...ca.chain], root.certificate), []);
  });

  for (const [what, { field, answer }] of Object.entries(ANSWERS)) {
    it(`${profile('P20', 'A certificate that differs from its plan in any way, whoever signed it, MUST NOT be delivered.')} (${what})`, () => {
      const mismatches = corresponds(planned, answer(), root.certificate);
      assert.ok(mismatches.some((each) => each.field === field), `found ${JSON.stringify(mismatches)}`);
      assert.ok(mismatches.every(({ found, allowed }) => found !== allowed));
      assert.deepEqual(corresponds(planned, signed(planned), root.certificate), [], 'the plan itself is accepted');
    });
  }

  it('is refused when it is nothing, or a leaf alone', () => {
    assert.deepEqual(corresponds(planned, [], root.certificate).map(({ found }) => found), ['0 certificates']);
    assert.deepEqual(corresponds(planned, signed(planned).slice(0, 1), root.certificate).map(({ found }) => found), ['1 certificates']);
  });

  it('is refused when it comes from another CA of the same name', () => {
    const twin = testIntermediate(root, { name: 'foo CA', key: testKey('P-256', 'twin') });
    const mismatches = corresponds(planned, issue(planned, twin), root.certificate);
    assert.deepEqual(mismatches.map(({ field }) => field), ['issuer']);
  });
});

function template(): TbsTemplate {
  return { serial: planned.serial, issuer: issuer.subject.der, subject: planned.subject, notBefore: planned.notBefore, notAfter: planned.notAfter, spki: planned.publicKey.spki, extensions: leafExtensions(planned, issuer) };
}

function signed(another: Plan): readonly Certificate[] {
  return issue(another, ca);
}

function signedBy(key: TestKey): readonly Certificate[] {
  return [signTemplate(template(), key), ...ca.chain];
}

function signedWith(change: (each: ExtensionTemplate) => ExtensionTemplate | null, more: readonly ExtensionTemplate[] = []): readonly Certificate[] {
  const extensions = [...template().extensions.flatMap((each) => change(each) ?? []), ...more];
  return [signTemplate({ ...template(), extensions }, ca.key), ...ca.chain];
}

/** The same extended usages in the other order: the same set, other bytes. */
function reversed({ extendedKeyUsage }: Plan): Uint8Array {
  const [value] = leafExtensions({ ...planned, extendedKeyUsage: [...extendedKeyUsage].reverse() }, issuer).filter(({ oid }) => oid === OID.extKeyUsage);
  return value?.value ?? new Uint8Array();
}

function toAnotherRoot(): readonly Certificate[] {
  const other = testRoot({ name: 'other root' });
  return issue(planned, { ...ca, chain: [issuer, other.certificate] });
}
