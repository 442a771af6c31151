import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CaState } from '../../src/core/decide.ts';
import { decideDiscovered, type DiscoveredInput } from '../../src/core/decide-discovered.ts';
import { parseIssuerReference, servedReference, signerNameOf, type DiscoveredIssuer, type IssuerReference } from '../../src/core/discovered-issuer.ts';
import { boolean, objectIdentifier, sequence, namedBits, unsignedInteger } from '../../src/core/der-writer.ts';
import { readIssuer } from '../../src/core/issuer-object.ts';
import { OID } from '../../src/core/oid.ts';
import type { Plan } from '../../src/core/plan.ts';
import { leafExtensions, type ExtensionTemplate } from '../../src/core/template.ts';
import type { Step } from '../../src/core/step.ts';
import { corresponds } from '../../src/core/corresponds.ts';
import { issue, testIntermediate, testRoot } from '../support/authority.ts';
import { NOON, after } from '../support/clock.ts';
import { observed, type ObservedShape } from '../support/observed.ts';
import { ISTIOD_REQUESTER, policyOf } from '../support/policy.ts';
import { ISTIOD, EMPTY_SUBJECT, commonName, dns, email, spiffe } from '../support/requests.ts';

const CLUSTER = 'clusterissuers.cert-manager.io/foo';
const NAMESPACED = 'issuers.cert-manager.io/team-a.ca';
const SOMEBODY = 'system:serviceaccount:team-a:app';
const DURATION = 'experimental.cert-manager.io/request-duration';
const IS_CA = 'experimental.cert-manager.io/request-is-ca';
const DAY = 86_400;
const root = testRoot({ name: 'foo', notAfter: after(365 * DAY) });
const POLICY = policyOf([], [ISTIOD_REQUESTER, { user: 'registrar', approves: false, vouches: { trustDomains: ['cluster.local'], namespaces: ['*'], signers: 'all' } }]);

type Options = Partial<Omit<DiscoveredInput, 'observed' | 'policy'>>;

function step(shape: ObservedShape, { issuer, ...options }: Options = {}): Step {
  const signerName = shape.signerName ?? CLUSTER;
  const reference = parseIssuerReference(signerName);
  assert.ok(reference !== null);
  return decideDiscovered({ observed: observed({ from: SOMEBODY, subject: EMPTY_SUBJECT, ...shape, signerName }), policy: POLICY, allow: ['approved'], mayReference: null, authority: { ready: true, chain: root.chain }, now: NOON, serial: new Uint8Array(20), reference, issuer: issuer === undefined ? ca(reference) : issuer, ...options });
}

function ca(reference: IssuerReference, more: Partial<DiscoveredIssuer> = {}): DiscoveredIssuer {
  return { reference, type: 'ca', secretName: 'ca', ready: true, urls: { crl: [], ocsp: [], issuer: [] }, ...more };
}

function summary(result: Step): string {
  switch (result.do) {
    case 'nothing':
      return result.notice === undefined ? 'nothing' : `nothing, ${result.notice.reason}`;
    case 'wait':
      return `wait, ${result.reason}`;
    case 'refuse':
      return `${result.as}, ${result.reason}`;
    case 'approve':
    case 'issue':
      return result.do;
  }
}

function planned(result: Step): Plan {
  assert.ok(result.do === 'issue', JSON.stringify(result));
  return result.plan;
}

describe('names of issuers', () => {
  it('are taken apart as cert-manager does, and put together again', () => {
    for (const [name, expected] of [
      ['clusterissuers.cert-manager.io/foo', { kind: 'ClusterIssuer', name: 'foo' }],
      ['clusterissuers.cert-manager.io/a.b', { kind: 'ClusterIssuer', name: 'a.b' }],
      ['issuers.cert-manager.io/ns.na.me', { kind: 'Issuer', namespace: 'ns', name: 'na.me' }],
    ] as const) {
      assert.deepEqual(parseIssuerReference(name), expected);
      assert.equal(signerNameOf(expected), name);
    }
    assert.deepEqual(parseIssuerReference('issuers.cert-manager.io/foo'), { kind: 'Issuer', namespace: '', name: 'foo' });
    for (const other of ['issuers.example.com/a.b', 'clusterissuers.cert-manager.io/', 'clusterissuers.cert-manager.io', 'clusterissuers.cert-manager.io/a/b', 'issuer.cert-manager.io/a.b']) assert.equal(parseIssuerReference(other), null, other);
  });

  it('an object says its type, whether it is Ready and its URLs, and nothing of another form is believed', () => {
    const reference = { kind: 'ClusterIssuer', name: 'foo' } as const;
    const whole = { spec: { ca: { secretName: 's', crlDistributionPoints: ['http://crl.test/a'], ocspServers: ['http://ocsp.test'], issuingCertificateURLs: ['http://ca.test/a.crt', 'http://ca.test/ä', 7] } }, status: { conditions: [{ type: 'Ready', status: 'True' }] } };
    assert.deepEqual(readIssuer(reference, whole), { reference, type: 'ca', secretName: 's', ready: true, urls: { crl: ['http://crl.test/a'], ocsp: ['http://ocsp.test'], issuer: ['http://ca.test/a.crt'] } });
    assert.equal(readIssuer(reference, { spec: { selfSigned: {} } }).type, 'other');
    for (const object of [{}, { spec: {} }, { spec: { ca: 'x' } }, null, { spec: [], status: { conditions: 'Ready' } }]) assert.deepEqual([readIssuer(reference, object).type, readIssuer(reference, object).ready], ['none', false]);
    assert.equal(readIssuer(reference, { ...whole, status: { conditions: [{ type: 'Ready', status: 'False' }] } }).ready, false);
  });

  it('an object of a megabyte leaves no megabyte behind: eight URLs of a kind, none of them long, and no name that no Secret has', () => {
    const reference = { kind: 'Issuer', namespace: 'team-a', name: 'ca' } as const;
    const url = (length: number): string => 'http://crl.test/'.padEnd(length, 'x');
    const of = (secretName: string, crlDistributionPoints: readonly string[]) => readIssuer(reference, { spec: { ca: { secretName, crlDistributionPoints } } });
    assert.deepEqual(of('s', [url(1_025), url(1_024)]).urls.crl, [url(1_024)]);
    assert.deepEqual(of('s', Array.from({ length: 9 }, (_, i) => url(20 + i))).urls.crl, Array.from({ length: 8 }, (_, i) => url(20 + i)));
    assert.deepEqual(['a'.repeat(254), '../x', 'A', 'a'.repeat(253), 'two.dots'].map((name) => of(name, []).secretName), ['', '', '', 'a'.repeat(253), 'two.dots']);
  });

  it('of the namespaces listed alone are Issuers served, and ClusterIssuers where what was approved is signed', () => {
    const teamA = { allow: ['approved'], namespaces: ['team-a'] } as const;
    assert.deepEqual(['team-a.ca', 'team-b.ca', 'ca'].map((name) => servedReference(`issuers.cert-manager.io/${name}`, teamA)?.name ?? null), ['ca', null, 'ca']);
    assert.equal(servedReference('issuers.cert-manager.io/team-a.ca', { ...teamA, namespaces: [] }), null);
    assert.equal(servedReference('clusterissuers.cert-manager.io/foo', { ...teamA, namespaces: [] })?.name, 'foo');
    assert.equal(servedReference('clusterissuers.cert-manager.io/foo', { ...teamA, allow: ['sameNamespace'] }), null);
    assert.equal(servedReference('issuers.cert-manager.io/team-a.ca', { ...teamA, allow: ['sameNamespace'] })?.name, 'ca');
    assert.equal(servedReference('example.test/foo', teamA), null);
  });
});

describe('a request for an issuer of cert-manager', () => {
  const waits: CaState = { ready: false, reason: 'SecretMissing', message: 'no Secret' };
  const ready = { kind: 'ClusterIssuer', name: 'foo' } as const;
  for (const [what, shape, options, expected] of [
    ['that nobody approved waits, and is told so', { state: 'pending' }, {}, 'nothing, WaitingApproval'],
    ['of a requester that approves by itself is not even told', { state: 'pending', from: ISTIOD }, {}, 'nothing'],
    ['that is approved is issued', {}, {}, 'issue'],
    ['that is decided is left alone', { state: 'final' }, {}, 'nothing'],
    ['whose issuer is not there waits', {}, { issuer: null }, 'nothing, IssuerNotFound'],
    ['whose issuer has no type waits', {}, { issuer: ca(ready, { type: 'none' }) }, 'nothing, IssuerTypeMissing'],
    ['whose issuer signs in another way is another controller\'s', {}, { issuer: ca(ready, { type: 'other' }) }, 'nothing'],
    ['whose issuer is not Ready waits', {}, { issuer: ca(ready, { ready: false }) }, 'wait, IssuerNotReady'],
    ['whose issuer has no Secret waits', {}, { authority: waits }, 'wait, SecretMissing'],
    ['whose requester was not asked about waits', { signerName: NAMESPACED }, {}, 'wait, null'],
    ['whose requester may not use the Issuer is refused', { signerName: NAMESPACED }, { mayReference: false }, 'Failed, DeniedReference'],
    ['whose requester may use the Issuer is issued', { signerName: NAMESPACED }, { mayReference: true }, 'issue'],
    ['with a duration that is none is refused', { annotations: { [DURATION]: '1d' } }, {}, 'Failed, ErrorParseDuration'],
    ['with an empty duration is refused', { annotations: { [DURATION]: '' } }, {}, 'Failed, ErrorParseDuration'],
    ['with a duration beyond what Go counts is refused', { annotations: { [DURATION]: '2562048h' } }, {}, 'Failed, ErrorParseDuration'],
    ['with a duration under ten minutes is refused', { annotations: { [DURATION]: '599s' } }, {}, 'Failed, InvalidDuration'],
    ['with a negative duration is refused', { annotations: { [DURATION]: '-24h' } }, {}, 'Failed, InvalidDuration'],
    ['with a duration of ten minutes is issued', { annotations: { [DURATION]: '600s' } }, {}, 'issue'],
    ['that cannot be read is refused', { request: 'not a request' }, {}, 'Failed, SigningError'],
    ['whose CA is over waits', {}, { now: after(366 * DAY) }, 'wait, CertificateAuthorityExpired'],
    ['of a requester that approves itself is refused', { from: ISTIOD }, {}, 'Failed, PolicyViolation'],
    ['of a requester that vouches is refused', { from: 'registrar' }, {}, 'Failed, PolicyViolation'],
  ] as readonly [string, ObservedShape, Options, string][]) {
    it(what, () => {
      assert.equal(summary(step(shape, options)), expected);
    });
  }

  it('what is wrong with it is told before what is wrong with its issuer, as it will not mend', () => {
    assert.equal(summary(step({ request: 'not a request' }, { authority: waits })), 'Failed, SigningError');
    assert.equal(summary(step({}, { authority: waits })), 'wait, SecretMissing');
  });
});

describe('the lifetime', () => {
  it('is the annotation\'s or that of spec.expirationSeconds, of both the shorter, else 90 days', () => {
    const seconds = (shape: ObservedShape): number => (planned(step(shape)).notAfter.getTime() - NOON.getTime()) / 1000;
    assert.equal(seconds({ annotations: { [DURATION]: '1h' }, expirationSeconds: 7200 }), 3600);
    assert.equal(seconds({ annotations: { [DURATION]: '10h' }, expirationSeconds: 7200 }), 7200);
    assert.equal(seconds({ annotations: { [DURATION]: '10h' } }), 36_000);
    assert.equal(seconds({ expirationSeconds: 7200 }), 7200);
    assert.equal(seconds({}), 90 * DAY);
  });

  it('ends with the CA, which is said, and begins a little in the past, but not before the CA', () => {
    const plan = planned(step({ key: 'RSA-2048', expirationSeconds: 3650 * DAY }));
    assert.equal(plan.notAfter.getTime(), root.certificate.notAfter.getTime());
    assert.deepEqual(plan.adjustments, ['lifetime 87600h cut to 8760h by the end of the CA']);
    assert.equal(NOON.getTime() - plan.notBefore.getTime(), 120_000);
    const fresh = testRoot({ name: 'fresh', notBefore: after(-30) });
    assert.equal(planned(step({}, { authority: { ready: true, chain: fresh.chain } })).notBefore.getTime(), after(-30).getTime());
  });
});

describe('what is certified', () => {
  it('subject and alternative names are the request\'s own bytes, critical only without a subject', () => {
    const names = [dns('b.example'), dns('a.example'), spiffe('foo'), email('jo@example.com')];
    const plan = planned(step({ subject: commonName('jo'), names }));
    assert.deepEqual(plan.subject, commonName('jo'));
    assert.equal(sanOf(plan)?.critical, false);
    const plain = planned(step({ names }));
    assert.equal(sanOf(plain)?.critical, true);
    assert.deepEqual(sanOf(plain)?.value, sanOf(plan)?.value);
    assert.equal(sanOf(planned(step({ subject: commonName('jo'), names: [] }))), undefined);
  });

  it('what a CA makes of such a plan corresponds to it, names of every form and URLs included', () => {
    const urls = { crl: ['http://crl.test/1', 'http://crl.test/2'], ocsp: ['http://ocsp.test'], issuer: ['http://ca.test/ca.crt'] };
    const plan = planned(step({ subject: commonName('jo'), names: [email('jo@example.com'), dns('a.example')] }, { issuer: ca({ kind: 'ClusterIssuer', name: 'foo' }, { urls }) }));
    assert.deepEqual(corresponds(plan, issue(plan, root), root.root), []);
    assert.deepEqual(leafExtensions(plan, root.certificate).map(({ oid }) => oid).filter((oid) => oid === OID.crlDistributionPoints || oid === OID.authorityInfoAccess), [OID.crlDistributionPoints, OID.authorityInfoAccess]);
    const [leaf] = issue({ ...plan, urls: { ...urls, crl: ['http://crl.test/3'] } }, root);
    assert.ok(leaf !== undefined);
    assert.deepEqual(corresponds(plan, [leaf, ...root.chain], root.root).map(({ field }) => field), ['extensions']);
  });

  it('usages in the request are compared as sets, and where they are not there nothing is', () => {
    const [server, client] = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];
    const bits = keyUsage(0, 2);
    assert.equal(summary(step({ extensions: [bits, extended(client, server)] })), 'issue');
    assert.equal(summary(step({ extensions: [bits, extended(server, client)] })), 'issue');
    assert.equal(summary(step({ extensions: [bits] })), 'issue');
    for (const extensions of [[keyUsage(0)], [keyUsage(0, 2, 3)], [extended(server)], [extended(server, client, '1.3.6.1.5.5.7.3.3')]]) assert.equal(summary(step({ extensions })), 'Failed, SigningError');
  });

  it('extended usages without a word, name constraints and other extensions are left out, which is said', () => {
    const smartcard = '1.3.6.1.4.1.311.20.2.2';
    const constraints = { oid: OID.nameConstraints, critical: true, value: sequence() };
    const plan = planned(step({ key: 'RSA-2048', extensions: [extended('1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2', smartcard), constraints] }));
    assert.deepEqual(plan.extendedKeyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    assert.ok(!leafExtensions(plan, root.certificate).some(({ oid }) => oid === OID.nameConstraints));
    assert.deepEqual(plan.adjustments, [`extended key usage ${smartcard} dropped`, `extension ${OID.nameConstraints} dropped`]);
  });

  it('what is left out is said in few words, however long its identifier is', () => {
    const long = `1.3.${Array.from({ length: 5_000 }, () => '7').join('.')}`;
    const { adjustments } = planned(step({ key: 'RSA-2048', extensions: [extended('1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2', long)] }));
    assert.equal(adjustments.length, 1);
    assert.match(adjustments[0] ?? '', /^extended key usage 1\.3\.7.{0,120}… dropped$/);
  });

  it('a usage that the key cannot have is left out, which is said, and with a key that can it is there', () => {
    assert.deepEqual(planned(step({ key: 'RSA-2048' })).keyUsage, [0, 2]);
    assert.deepEqual(planned(step({ key: 'P-256' })).keyUsage, [0]);
    assert.match(planned(step({ key: 'P-256' })).adjustments.join(), /usage "key encipherment" dropped/);
  });

  it('a CA is issued only where the annotation and the part that nobody can change both ask for it', () => {
    const asks = { [IS_CA]: 'true' };
    const usages = ['cert sign', 'digital signature'];
    const isCa = (shape: ObservedShape): boolean => planned(step(shape)).requested?.ca === true;
    assert.ok(isCa({ annotations: asks, usages }));
    assert.ok(isCa({ annotations: asks, extensions: [constraints(true)] }));
    assert.equal(summary(step({ annotations: asks })), 'Failed, SigningError');
    assert.equal(summary(step({ annotations: asks, extensions: [constraints(false)] })), 'Failed, SigningError');
    assert.equal(summary(step({ extensions: [constraints(true)] })), 'Failed, SigningError');
    assert.equal(isCa({ annotations: { [IS_CA]: 'True' }, extensions: [constraints(false)] }), false);
    assert.deepEqual(planned(step({ usages })).keyUsage, [0], 'a leaf does not sign certificates, whatever its usages');
    const plan = planned(step({ annotations: asks, usages }));
    assert.deepEqual(plan.keyUsage, [0, 5]);
    assert.deepEqual(corresponds(plan, issue(plan, root), root.root), []);
    assert.deepEqual(corresponds({ ...plan, requested: { subjectAltName: null, ca: false } }, issue(plan, root), root.root).map(({ field }) => field).slice(0, 1), ['basicConstraints']);
  });

  it('a CA below a CA that may have none is refused, and one below a CA with room is issued', () => {
    const shape = { annotations: { [IS_CA]: 'true' }, usages: ['cert sign'] };
    const below = (pathLength: number): Options => ({ authority: { ready: true, chain: testRoot({ name: 'limited', pathLength }).chain } });
    assert.equal(summary(step(shape, below(0))), 'Failed, SigningError');
    assert.equal(summary(step(shape, below(1))), 'issue');
    const middle = testIntermediate(testRoot({ name: 'limited', pathLength: 1 }));
    assert.equal(summary(step(shape, { authority: { ready: true, chain: middle.chain } })), 'Failed, SigningError');
  });
});

describe('allow: sameNamespace', () => {
  const may: Options = { allow: ['sameNamespace'], mayReference: true };
  it('is for workloads of the Issuer\'s own namespace, whoever vouches for them, by the rules of a signer of the configuration', () => {
    const own = { signerName: NAMESPACED, names: [spiffe('team-a')] };
    assert.equal(summary(step({ ...own, from: ISTIOD }, may)), 'issue');
    assert.equal(summary(step(own, may)), 'issue');
    assert.equal(summary(step({ ...own, names: [spiffe('team-b')], from: ISTIOD }, may)), 'Failed, PolicyViolation');
    assert.equal(summary(step({ ...own, names: [spiffe('team-a', 'other')] }, may)), 'Failed, PolicyViolation');
    assert.equal(summary(step({ ...own, names: [dns('a.example')], from: ISTIOD }, may)), 'Failed, PolicyViolation');
  });

  it('gives a workload\'s certificate with the Issuer\'s URLs, for a day', () => {
    const urls = { crl: ['http://crl.test/1'], ocsp: [], issuer: [] };
    const plan = planned(step({ signerName: NAMESPACED, names: [spiffe('team-a')], from: ISTIOD, expirationSeconds: 3650 * DAY }, { ...may, issuer: ca({ kind: 'Issuer', namespace: 'team-a', name: 'ca' }, { urls }) }));
    assert.equal(plan.requested, undefined);
    assert.equal((plan.notAfter.getTime() - NOON.getTime()) / 1000, DAY);
    assert.deepEqual(plan.urls, urls);
  });

  it('is not for ClusterIssuers, and beside approved it is for those whom approved does not cover', () => {
    assert.equal(summary(step({ names: [spiffe('team-a')], from: ISTIOD }, may)), 'Failed, PolicyViolation');
    const both: Options = { allow: ['approved', 'sameNamespace'], mayReference: true };
    assert.equal(summary(step({ signerName: NAMESPACED, names: [dns('a.example')] }, both)), 'issue');
    assert.equal(summary(step({ signerName: NAMESPACED, names: [dns('a.example')], from: ISTIOD }, both)), 'Failed, PolicyViolation');
    assert.equal(summary(step({ signerName: NAMESPACED, names: [spiffe('team-a')], from: ISTIOD }, both)), 'issue');
  });
});

function sanOf(plan: Plan): ExtensionTemplate | undefined {
  return leafExtensions(plan, root.certificate).find(({ oid }) => oid === OID.subjectAltName);
}

function extended(...oids: string[]): ExtensionTemplate {
  return { oid: OID.extKeyUsage, critical: false, value: sequence(...oids.map(objectIdentifier)) };
}

function keyUsage(...bits: number[]): ExtensionTemplate {
  return { oid: OID.keyUsage, critical: true, value: namedBits(bits) };
}

function constraints(isCa: boolean): ExtensionTemplate {
  return { oid: OID.basicConstraints, critical: true, value: isCa ? sequence(boolean(true), unsignedInteger(Uint8Array.of(0))) : sequence() };
}
