import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { admissionVerdict, type AdmissionVerdict } from '../../src/core/admission.ts';
import { decide } from '../../src/core/decide.ts';
import type { NamespaceLabels } from '../../src/core/namespace-claim.ts';
import type { Policy, Requester } from '../../src/core/signer.ts';
import { testRoot } from '../support/authority.ts';
import { NOON } from '../support/clock.ts';
import { observed, type ObservedShape } from '../support/observed.ts';
import { alternative, ISTIOD_REQUESTER, policyOf, signer } from '../support/policy.ts';
import { csrPem, dns, ip, ISTIOD, spiffe, uri } from '../support/requests.ts';
import { LABELS, POLICY as CASES_POLICY, POLICY_CASES, whole, type Ask } from './core-policy-cases.ts';

const FOO = 'clusterissuers.cert-manager.io/foo';
const EXTERNAL = 'clusterissuers.cert-manager.io/external';
const LABELLED = 'clusterissuers.cert-manager.io/labelled';
const REGISTRAR = 'system:serviceaccount:edge:registrar';
const VOUCHING: Requester = { ...ISTIOD_REQUESTER, user: REGISTRAR, approves: false };
const POLICY = policyOf(
  [
    signer(FOO, [alternative({ namespaces: ['foo'] })]),
    signer(EXTERNAL, [alternative({ namespaces: ['foo'] })], { approval: 'external' }),
    signer(LABELLED, [alternative({ namespaces: [{ key: 'team', operator: 'In', values: ['a'] }] })]),
  ],
  [ISTIOD_REQUESTER, VOUCHING],
);

function verdict(shape: ObservedShape, { policy = POLICY, namespaceLabels = null }: { policy?: Policy; namespaceLabels?: NamespaceLabels } = {}): AdmissionVerdict {
  return admissionVerdict({ observed: observed({ signerName: FOO, ...shape }), policy, namespaceLabels });
}

/** What would be done about the request once somebody has approved it. */
function later(shape: ObservedShape, policy: Policy, namespaceLabels: NamespaceLabels): { refused: boolean; message: string } {
  const authority = { ready: true as const, chain: testRoot({ name: 'foo' }).chain };
  const step = decide({ observed: observed({ signerName: FOO, ...shape, state: 'approved' }), policy, namespaceLabels, authority, now: NOON, serial: new Uint8Array(20).fill(1) });
  assert.ok(step.do === 'refuse' || step.do === 'issue', step.do);
  return { refused: step.do === 'refuse', message: step.do === 'refuse' ? step.message : '' };
}

describe('what is refused at creation', () => {
  it('is what would be refused in any case, in the same words; its twin is let through', () => {
    for (const signerName of [FOO, EXTERNAL]) {
      for (const from of [ISTIOD, REGISTRAR, 'system:serviceaccount:bar:app']) {
        const stolen = { signerName, from, names: [spiffe('bar')] };
        assert.deepEqual(verdict(stolen), { allowed: false, reason: 'PolicyViolation', message: later(stolen, POLICY, null).message });
      }
      for (const from of [ISTIOD, REGISTRAR, 'system:serviceaccount:foo:app']) assert.deepEqual(verdict({ signerName, from, names: [spiffe('foo')] }), { allowed: true });
    }
  });

  it('is every refusal of the policy and none of its twins, whoever asks', () => {
    const shapeOf = (ask: Ask): ObservedShape => ({ signerName: ask.signer, from: ask.from, names: ask.names, usages: ask.usages, key: ask.key, subject: ask.subject, extensions: ask.extensions, annotations: ask.annotations });
    let refused = 0;
    for (const { ask, twin, refused: what } of POLICY_CASES) {
      const [bad, good] = [shapeOf(whole(ask)), shapeOf(whole({ ...ask, ...twin }))];
      assert.deepEqual(verdict(good, { policy: CASES_POLICY, namespaceLabels: LABELS }), { allowed: true }, what);
      const found = verdict(bad, { policy: CASES_POLICY, namespaceLabels: LABELS });
      const approves = CASES_POLICY.requesters.some(({ user, approves: own }) => own && user === bad.from);
      const named = bad.names?.some((name) => 'value' in name && name.value.toLowerCase().startsWith('spiffe:')) === true;
      if (approves && !named) continue; // See below: istiod's own.
      assert.deepEqual(found, { allowed: false, reason: 'PolicyViolation', message: later(bad, CASES_POLICY, LABELS).message }, what);
      refused += 1;
    }
    assert.ok(refused > 30, `only ${refused} of the cases were refused`);
  });

  it('is a request that cannot be read, of whoever does not approve it himself', () => {
    const found = verdict({ from: REGISTRAR, request: 'not a request' });
    assert.ok(!found.allowed && found.reason === 'InvalidRequest');
    assert.deepEqual(verdict({ from: REGISTRAR }), { allowed: true });
  });
});

describe('what is never refused at creation', () => {
  it('is a request by DNS names and addresses alone of a requester that approves its own: istiod would ask again without pause', () => {
    const own: ObservedShape = { names: [dns('istiod.elsewhere.svc'), ip('10.0.0.1')] };
    assert.equal(later(own, POLICY, null).refused, true);
    assert.deepEqual(verdict({ ...own, from: ISTIOD }), { allowed: true });
    assert.equal(verdict({ ...own, from: REGISTRAR }).allowed, false);
    assert.equal(verdict({ ...own, from: ISTIOD, names: [...(own.names ?? []), spiffe('bar')] }).allowed, false);
  });

  it('is so even when the request is malformed, unless a SPIFFE ID is in it', () => {
    // An underscore in ISTIOD_CUSTOM_HOST: not a DNS name to us.
    for (const name of [dns('istiod_canary.istio-system.svc'), uri('https://istiod.istio-system.svc')]) assert.deepEqual(verdict({ from: ISTIOD, names: [name] }), { allowed: true });
    assert.deepEqual(verdict({ from: ISTIOD, request: 'not a request' }), { allowed: true });
    const [head = '', ...lines] = csrPem({ names: [spiffe('foo')] }).split('\n');
    assert.equal(verdict({ from: ISTIOD, request: [head, 'Comment: x', '', ...lines].join('\n') }).allowed, false);
    for (const value of ['SPIFFE://cluster.local/ns/foo/sa/app', 'spiffe://cluster.local/ns/foo/sa/a b']) assert.equal(verdict({ from: ISTIOD, names: [uri(value)] }).allowed, false, value);
  });

  it('is a request for a signer that is not served, whether its domain is ours or not', () => {
    for (const signerName of ['other.example/ca', 'clusterissuers.cert-manager.io/fooo']) assert.deepEqual(verdict({ signerName, names: [spiffe('bar')] }), { allowed: true });
    assert.equal(verdict({ names: [spiffe('bar')] }).allowed, false);
  });

  it('is one that depends on labels before they are known', () => {
    const asked: ObservedShape = { signerName: LABELLED, names: [spiffe('foo')] };
    assert.deepEqual(verdict(asked), { allowed: true });
    assert.equal(verdict(asked, { namespaceLabels: new Map([['foo', {}]]) }).allowed, false);
    assert.deepEqual(verdict(asked, { namespaceLabels: new Map([['foo', { team: 'a' }]]) }), { allowed: true });
  });
});

test('the verdict asks neither a CA nor a clock', () => {
  // decide() would throw for a serial of no octets, if it came to plan a certificate.
  assert.deepEqual(verdict({ names: [spiffe('foo')], expirationSeconds: 315_360_000 }), { allowed: true });
});
