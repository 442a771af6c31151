import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decide, type CaState } from '../../src/core/decide.ts';
import type { NamespaceLabels } from '../../src/core/namespace-claim.ts';
import type { RequestState } from '../../src/core/observed.ts';
import type { Requester } from '../../src/core/signer.ts';
import type { Step } from '../../src/core/step.ts';
import { testRoot } from '../support/authority.ts';
import { NOON, after } from '../support/clock.ts';
import { observed as request, type ObservedShape } from '../support/observed.ts';
import { ISTIOD_REQUESTER, alternative, policyOf, signer } from '../support/policy.ts';
import { ISTIOD, dns, spiffe } from '../support/requests.ts';

const FOO = 'clusterissuers.cert-manager.io/foo';
const EXTERNAL = 'clusterissuers.cert-manager.io/external';
const STRANGERS = 'example.com/another';
const MISTYPED = 'clusterissuers.cert-manager.io/fooo';
/** The service account of the workload that is asked for: it may have it, and does not approve by itself. */
const QUIET = 'system:serviceaccount:foo:app';

/** Vouches for others, but leaves approving to us. */
const REGISTRAR: Requester = { user: 'system:serviceaccount:edge:registrar', approves: false, vouches: { trustDomains: ['cluster.local'], namespaces: ['foo'], signers: 'all' } };

const POLICY = policyOf([signer(FOO, [alternative({ namespaces: ['foo'] })]), signer(EXTERNAL, [alternative({ namespaces: ['foo'] })], { approval: 'external' })], [ISTIOD_REQUESTER, REGISTRAR]);
const ca = testRoot({ name: 'foo' });
const READY: CaState = { ready: true, chain: ca.chain };
const MISSING: CaState = { ready: false, reason: 'CertificateAuthorityUnavailable', message: 'no Secret' };
const OVER: CaState = { ready: false, reason: 'CertificateAuthorityExpired', message: 'it expired' };

const GOOD: ObservedShape = { names: [spiffe('foo')] };
const BAD: ObservedShape = { names: [spiffe('bar')] };
const MALFORMED: ObservedShape = { request: 'not a request' };

function step(shape: ObservedShape, authority: CaState = READY): Step {
  return decide({ observed: request({ signerName: FOO, from: QUIET, ...shape }), policy: POLICY, authority, now: NOON, serial: new Uint8Array(20) });
}

/** `refuse as Denied (PolicyViolation)`, in short. */
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

type Row = { readonly who: string; readonly shape: ObservedShape; readonly outcomes: Readonly<Record<RequestState, { readonly good: string; readonly bad: string; readonly malformed: string }>> };
const NOTHING = { good: 'nothing', bad: 'nothing', malformed: 'nothing' };
const DENIED = { good: 'approve', bad: 'Denied, PolicyViolation', malformed: 'Denied, InvalidRequest' };
const FAILED = { good: 'issue', bad: 'Failed, PolicyViolation', malformed: 'Failed, InvalidRequest' };
const NOTICE = { good: 'nothing, SignerNotFound', bad: 'nothing, SignerNotFound', malformed: 'nothing, SignerNotFound' };

/** The table of docs and core/decide, line by line. */
const TABLE: readonly Row[] = [
  { who: 'a requester, where Signet decides', shape: {}, outcomes: { pending: DENIED, approved: FAILED, final: NOTHING } },
  { who: 'a requester that vouches and does not approve, where Signet decides', shape: { from: REGISTRAR.user }, outcomes: { pending: DENIED, approved: FAILED, final: NOTHING } },
  { who: 'a requester, where somebody else approves', shape: { signerName: EXTERNAL }, outcomes: { pending: NOTHING, approved: FAILED, final: NOTHING } },
  { who: 'a requester that approves, where Signet decides', shape: { from: ISTIOD }, outcomes: { pending: NOTHING, approved: FAILED, final: NOTHING } },
  { who: 'a requester that approves, where somebody else approves', shape: { from: ISTIOD, signerName: EXTERNAL }, outcomes: { pending: NOTHING, approved: FAILED, final: NOTHING } },
  { who: 'a requester of a signer that is mistyped', shape: { signerName: MISTYPED }, outcomes: { pending: NOTICE, approved: NOTICE, final: NOTHING } },
  { who: 'a requester that approves, of a signer that is mistyped', shape: { signerName: MISTYPED, from: ISTIOD }, outcomes: { pending: NOTICE, approved: NOTICE, final: NOTHING } },
  { who: 'a requester of a signer in another domain', shape: { signerName: STRANGERS }, outcomes: { pending: NOTHING, approved: NOTHING, final: NOTHING } },
];

describe('the table of decisions', () => {
  for (const { who, shape, outcomes } of TABLE) {
    for (const state of ['pending', 'approved', 'final'] as const) {
      it(`${who}: what is ${state} and allowed: ${outcomes[state].good}; not allowed: ${outcomes[state].bad}; malformed: ${outcomes[state].malformed}`, () => {
        const seen = (what: ObservedShape): string => summary(step({ ...what, ...shape, state }));
        assert.deepEqual({ good: seen(GOOD), bad: seen(BAD), malformed: seen(MALFORMED) }, outcomes[state]);
      });
    }
  }

  it('trouble of the CA is waited out by what is allowed, and changes nothing for the rest', () => {
    for (const [authority, reason] of [[MISSING, 'CertificateAuthorityUnavailable'], [OVER, 'CertificateAuthorityExpired']] as const) {
      assert.equal(summary(step({ ...GOOD, state: 'approved' }, authority)), `wait, ${reason}`);
      assert.equal(summary(step({ ...BAD, state: 'approved' }, authority)), 'Failed, PolicyViolation');
      assert.equal(summary(step({ ...GOOD, state: 'pending' }, authority)), 'approve');
      assert.equal(summary(step({ ...BAD, state: 'pending' }, authority)), 'Denied, PolicyViolation');
      assert.equal(summary(step({ ...GOOD, state: 'final' }, authority)), 'nothing');
    }
    assert.equal(summary(step({ ...GOOD, state: 'approved' })), 'issue');
  });

  it('a CA whose own validity does not let it issue is waited for', () => {
    const state = (shape: Parameters<typeof testRoot>[0]): string => summary(step({ ...GOOD, state: 'approved' }, { ready: true, chain: testRoot({ name: 'foo', ...shape }).chain }));
    assert.equal(state({ notAfter: after(-1) }), 'wait, CertificateAuthorityExpired');
    assert.equal(state({ notAfter: after(60) }), 'wait, CertificateAuthorityExpired');
    assert.equal(state({ notBefore: after(60) }), 'wait, CertificateAuthorityUnavailable');
    assert.equal(state({ notAfter: after(1e6) }), 'issue');
  });
});

describe('before the labels of namespaces are known', () => {
  const tenant = { key: 'tenant', operator: 'In', values: ['a'] } as const;
  const [LABELLED, REST, PLAIN] = ['example.test/labelled', 'example.test/rest', 'example.test/plain'];
  const policy = policyOf([signer(LABELLED, [alternative({ namespaces: [tenant] })]), signer(REST, [alternative({ namespaces: ['unclaimed'] })]), signer(PLAIN, [alternative({ namespaces: ['plain'] })])], [ISTIOD_REQUESTER]);
  const ask = (signerName: string, namespaceLabels: NamespaceLabels, state: RequestState = 'approved', without: readonly string[] = []): string =>
    summary(decide({ observed: request({ signerName, from: ISTIOD, names: [spiffe(signerName === PLAIN ? 'plain' : 'foo')], state }), policy, authority: READY, now: NOON, serial: new Uint8Array(20), namespaceLabels }, { without }));
  const FOO_OF_A: NamespaceLabels = new Map([['foo', { tenant: 'a' }]]);
  const FOO_OF_NONE: NamespaceLabels = new Map([['foo', {}]]);

  it('what turns on them waits, without an Event; what does not is decided', () => {
    assert.deepEqual([ask(LABELLED, null), ask(REST, null), ask(PLAIN, null)], ['wait, null', 'wait, null', 'issue']);
    assert.deepEqual([ask(LABELLED, FOO_OF_A), ask(REST, FOO_OF_A), ask(PLAIN, FOO_OF_A)], ['issue', 'Failed, PolicyViolation', 'issue']);
    assert.deepEqual([ask(LABELLED, FOO_OF_NONE), ask(REST, FOO_OF_NONE)], ['Failed, PolicyViolation', 'issue']);
  });

  it('what is not our turn does not wait either', () => {
    assert.deepEqual([ask(LABELLED, null, 'pending'), ask(LABELLED, null, 'final')], ['nothing', 'nothing']);
  });

  it('a policy that asks for no labels never waits for them', () => {
    const plain = policyOf([signer(REST, [alternative({ namespaces: ['unclaimed'] })]), signer(PLAIN, [alternative({ namespaces: ['bar'] })])], [ISTIOD_REQUESTER]);
    assert.equal(summary(decide({ observed: request({ signerName: REST, from: ISTIOD, ...GOOD }), policy: plain, authority: READY, now: NOON, serial: new Uint8Array(20) })), 'issue');
  });
});

describe('the lifetime asked for', () => {
  const ANNOTATION = 'experimental.cert-manager.io/request-duration';

  it('is spec.expirationSeconds, else the annotation of older Istio, else the signer\'s default', () => {
    const end = (shape: ObservedShape): Date | null => {
      const result = step({ ...GOOD, state: 'approved', ...shape });
      return result.do === 'issue' ? result.plan.notAfter : null;
    };
    assert.deepEqual(end({}), after(86400));
    assert.deepEqual(end({ expirationSeconds: 3600 }), after(3600));
    assert.deepEqual(end({ annotations: { [ANNOTATION]: '2h' } }), after(7200));
    assert.deepEqual(end({ expirationSeconds: 3600, annotations: { [ANNOTATION]: '2h' } }), after(3600));
    assert.deepEqual(end({ expirationSeconds: 3600, annotations: { [ANNOTATION]: 'nonsense' } }), after(3600));
  });

  it('is refused where it is none', () => {
    for (const text of ['', 'soon', '-1h', '0', '0.5s', '1ms']) {
      const result = step({ ...GOOD, state: 'approved', annotations: { [ANNOTATION]: text } });
      assert.ok(result.do === 'refuse' && result.reason === 'InvalidRequest');
      assert.deepEqual(result.violations, [{ field: `annotation ${ANNOTATION}`, found: `"${text}"`, allowed: 'a Go duration of a second or more, e.g. "24h"' }]);
    }
    for (const expirationSeconds of [0, -600, Number.NaN]) {
      const result = step({ ...GOOD, state: 'approved', expirationSeconds });
      assert.ok(result.do === 'refuse' && result.reason === 'InvalidRequest');
      assert.deepEqual(result.violations.map(({ field }) => field), ['spec.expirationSeconds']);
    }
    assert.equal(summary(step({ ...GOOD, state: 'approved', expirationSeconds: 600 })), 'issue');
    assert.equal(summary(step({ ...GOOD, state: 'approved', annotations: { [ANNOTATION]: '1s' } })), 'issue');
  });
});

describe('what a requester is told', () => {
  it('is the signer, the field, what was found and what is allowed', () => {
    const result = step({ ...BAD, from: ISTIOD, state: 'approved' });
    assert.ok(result.do === 'refuse');
    assert.equal(result.message, `Cannot sign for "${FOO}": namespace: found "bar", allowed only namespaces that signer "${FOO}" serves`);
  });

  it('about a signer that is not there is its name, escaped, and where to look', () => {
    const result = step({ ...GOOD, signerName: 'clusterissuers.cert-manager.io/f\u001b[2Joo' });
    assert.ok(result.do === 'nothing');
    assert.equal(result.notice?.message, 'Signer "clusterissuers.cert-manager.io/f\\u{1b}[2Joo" is not in the configuration: nothing will sign this request. Check the name, e.g. ISTIO_META_CERT_SIGNER');
  });

  it('about a hundred names fits into a condition', () => {
    const names = Array.from({ length: 100 }, (_, i) => dns(`${'n'.repeat(60)}.${'x'.repeat(60)}.${'y'.repeat(60)}.n${i}.x`));
    const result = step({ names, state: 'approved' });
    assert.ok(result.do === 'refuse');
    assert.ok(result.message.length < 10_000, `${result.message.length} characters`);
    assert.match(result.message, /; and \d+ more$/);
    assert.equal(result.violations.length, 10);
    const few = step({ names: names.slice(0, 2), state: 'approved' });
    assert.ok(few.do === 'refuse' && !few.message.includes(' more'));
  });

  it('of a lifetime that is none includes what else is wrong', () => {
    const result = step({ ...BAD, from: ISTIOD, state: 'approved', expirationSeconds: 0 });
    assert.ok(result.do === 'refuse' && result.reason === 'InvalidRequest');
    assert.deepEqual(result.violations.map(({ field }) => field), ['spec.expirationSeconds', 'namespace']);
    const other = step({ ...BAD, from: ISTIOD, state: 'approved', expirationSeconds: 600 });
    assert.ok(other.do === 'refuse' && other.reason === 'PolicyViolation' && other.violations.length === 1);
  });

  it('of an annotation that asks for a CA is that it is refused, and no lifetime or name is wider for one', () => {
    const asking = (key: string, value: string): string => summary(step({ ...GOOD, state: 'approved', annotations: { [`experimental.cert-manager.io/${key}`]: value } }));
    assert.equal(asking('request-is-ca', 'true'), 'Failed, PolicyViolation');
    assert.equal(asking('request-is-ca', 'false'), 'issue');
    const long = step({ ...GOOD, state: 'approved', annotations: { 'experimental.cert-manager.io/request-duration': '87600h' } });
    assert.ok(long.do === 'issue');
    assert.deepEqual(long.plan.notAfter, after(86_400));
  });

  it('with the policy\'s rule off is that it is issued: the request was refused for that rule alone', () => {
    const input = { observed: request({ ...BAD, from: ISTIOD, signerName: FOO, state: 'approved' }), policy: POLICY, authority: READY, now: NOON, serial: new Uint8Array(20) };
    assert.equal(summary(decide(input)), 'Failed, PolicyViolation');
    assert.equal(summary(decide(input, { without: ['namespace'] })), 'issue');
  });
});

