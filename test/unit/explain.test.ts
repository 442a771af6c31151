import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Certificate } from '../../src/core/certificate.ts';
import { decide } from '../../src/core/decide.ts';
import { explain, type ExplainInput, type Explanation } from '../../src/core/explain.ts';
import type { NamespaceLabels } from '../../src/core/namespace-claim.ts';
import { readLeniently } from '../../src/core/lenient-request.ts';
import { ALTERNATIVE_RULES, GENERAL_RULES } from '../../src/core/policy.ts';
import type { Step } from '../../src/core/step.ts';
import { testIntermediate, testRoot } from '../support/authority.ts';
import { NOON, after } from '../support/clock.ts';
import { mutants } from '../support/mutants.ts';
import { observed, type ObservedShape } from '../support/observed.ts';
import { alternative, policyOf, signer } from '../support/policy.ts';
import { ISTIOD, csrPem, spiffe } from '../support/requests.ts';
import { parseVector } from '../vectors/requests/source/vector.ts';
import { BAR, FOO, LABELS, POLICY, POLICY_CASES, verdict, whole, type Ask } from './core-policy-cases.ts';

const vectors = ['accepted', 'refused'].flatMap((expect) => {
  const folder = new URL(`../vectors/requests/${expect}/`, import.meta.url);
  return readdirSync(folder).map((file) => parseVector(file, readFileSync(new URL(file, folder), 'latin1')));
});

function explained(shape: ObservedShape = {}, rest: Partial<ExplainInput> = {}): Explanation {
  return explain({ observed: observed(shape), policy: POLICY, namespaceLabels: LABELS, authority: null, now: NOON, ...rest });
}

/** The case as the API server would hold it. */
function shapeOf(ask: Partial<Ask>): ObservedShape {
  const { from, signer: signerName, ...rest } = whole(ask);
  return { from, signerName, ...rest };
}

describe('what explain says of a request is what is decided', () => {
  const ca = testRoot({ name: 'foo' });
  const decision = (shape: ObservedShape, namespaceLabels: NamespaceLabels = LABELS): Step =>
    decide({ observed: observed({ ...shape, state: 'approved' }), policy: POLICY, namespaceLabels, authority: { ready: true, chain: ca.chain }, now: NOON, serial: new Uint8Array(20) });

  for (const [i, { rule, refused, ask, violations, accepted, twin }] of POLICY_CASES.entries()) {
    it(`case ${i + 1}, ${rule}: ${refused}; and ${accepted}`, () => {
      const told = explained(shapeOf(ask));
      const step = decision(shapeOf(ask));
      assert.ok(step.do === 'refuse');
      assert.deepEqual([told.verdict, told.reason, told.message], ['refused', step.reason, step.message]);
      assert.deepEqual(told.violations.map(({ rule: _, ...violation }) => violation), violations);
      assert.ok(told.violations.every((each) => each.rule === null ? told.alternatives.length === 0 : [...GENERAL_RULES, ...ALTERNATIVE_RULES].some(({ id }) => id === each.rule)));
      assert.ok(told.violations.some((each) => each.rule === rule) || told.alternatives.length === 0, `${rule} is among ${told.violations.map((each) => each.rule).join()}`);
      assert.equal(told.certificate, null);
      assert.deepEqual(told.steps.approved, { do: 'refuse', as: 'Failed', reason: step.reason, violations: step.violations, message: step.message });

      const good = explained(shapeOf({ ...ask, ...twin }));
      const issued = decision(shapeOf({ ...ask, ...twin }));
      assert.ok(issued.do === 'issue');
      assert.deepEqual([good.verdict, good.violations, good.certificate?.policy], ['allowed', [], issued.plan.policy]);
    });
  }

  it('each alternative is told with all that it lacks, and the first that lacks nothing is the one that allows', () => {
    for (const { ask, twin } of POLICY_CASES) {
      const refused = verdict(ask);
      assert.ok(!refused.allowed);
      const told = explained(shapeOf(ask));
      assert.deepEqual(told.alternatives.map(({ id, violations }) => [id, violations.map(({ rule: _, ...each }) => each)]), refused.alternatives.map((each) => [each.alternative.id, each.violations]));
      const allowed = verdict({ ...ask, ...twin });
      assert.ok(allowed.allowed);
      assert.equal(explained(shapeOf({ ...ask, ...twin })).alternatives.find(({ fits }) => fits === true)?.id, allowed.alternative.id);
    }
  });

  it('every vector of a request: what the strict reader refuses is refused, with its words, and the others are decoded', () => {
    for (const vector of vectors) {
      const told = explained({ request: vector.text, signerName: FOO });
      const step = decision({ request: vector.text, signerName: FOO });
      assert.ok(step.do === 'refuse' || step.do === 'issue');
      assert.equal(told.verdict, step.do === 'refuse' ? 'refused' : 'allowed', vector.name);
      if (vector.expect === 'accepted') {
        assert.deepEqual([told.request.readable, told.request.problem, told.request.key, told.request.subject, told.request.names, told.request.proofOfPossession], [true, null, vector.key, vector.subject, vector.names, true], vector.name);
        continue;
      }
      assert.deepEqual([told.request.readable, told.request.problem?.field, told.reason], [false, vector.field, 'InvalidRequest'], vector.name);
      assert.ok(told.request.problem?.found.includes(vector.reason), vector.name);
      assert.deepEqual(told.general, [{ rule: null, ...told.request.problem }]);
      assert.ok(told.alternatives.every(({ fits }) => fits === false) && told.signers.every((each) => each.verdict === 'refused'));
    }
  });

  it('in either state, whoever asks', () => {
    const silent = explained({ from: 'system:serviceaccount:foo:app', signerName: FOO });
    assert.deepEqual([silent.steps.pending.do, silent.steps.approved.do], ['approve', 'issue']);
    const istiod = explained({ signerName: FOO });
    assert.deepEqual([istiod.steps.pending, istiod.steps.approved.do], [{ do: 'nothing', why: 'its requester approves it', notice: null }, 'issue']);
    const final = explained({ signerName: FOO, state: 'final' });
    assert.deepEqual([final.state, final.verdict], ['final', 'allowed'], 'what is final is explained as if it were not');
  });
});

describe('which signers would allow the very same request', () => {
  it('is told for a theft: its own signer alone', () => {
    const told = explained({ names: [spiffe('bar')], signerName: FOO });
    assert.equal(told.verdict, 'refused');
    assert.deepEqual(told.signers.filter((each) => each.verdict === 'allowed').map((each) => [each.signer, each.policy]), [[BAR, 'allow[0]']]);
    assert.equal(told.signers.length, POLICY.signers.length);
  });

  it('is asked of `decide` for each of them', () => {
    for (const { ask } of POLICY_CASES) {
      for (const each of explained(shapeOf(ask)).signers) assert.equal(each.verdict === 'allowed', verdict({ ...ask, signer: each.signer }).allowed);
    }
  });
});

describe('a signer that is not served', () => {
  it('leaves the request unserved, with a notice where its domain is ours', () => {
    const mistyped = explained({ signerName: `${FOO}o` });
    assert.deepEqual([mistyped.verdict, mistyped.reason, mistyped.signer], ['unserved', 'SignerNotFound', { name: `${FOO}o`, served: false, approval: null, issuer: null }]);
    const foreign = explained({ signerName: 'example.com/foo' });
    assert.deepEqual([foreign.verdict, foreign.reason, foreign.message], ['unserved', null, 'Signer "example.com/foo" is not in the configuration, and neither is its domain: Signet leaves the request to whoever serves it']);
    assert.deepEqual(foreign.signers.filter((each) => each.verdict === 'allowed').map((each) => each.signer), [FOO]);
    assert.equal(explained({ signerName: FOO }).verdict, 'allowed');
  });
});

describe('labels of namespaces', () => {
  const LABELLED = 'clusterissuers.cert-manager.io/labelled';
  const shape = { signerName: LABELLED, names: [spiffe('tenant-a')] };

  it('that are not known leave open what turns on them, and nothing else', () => {
    const dark = explained(shape, { namespaceLabels: null });
    assert.deepEqual([dark.verdict, dark.alternatives[0]?.fits, dark.signers.find((each) => each.signer === LABELLED)?.verdict], ['unknown', null, 'unknown']);
    assert.equal(explained(shape).verdict, 'allowed');
    assert.equal(explained({ signerName: FOO }, { namespaceLabels: null }).verdict, 'allowed');
    assert.equal(explained({ ...shape, names: [spiffe('tenant-c')] }).verdict, 'refused');
  });
});

describe('the certificate that would be issued', () => {
  const policy = policyOf([signer(FOO, [alternative({ namespaces: ['foo'] })], { lifetime: { default: 3600, max: 7200 } })]);
  const root = testRoot({ name: 'top', notAfter: after(5400) });
  const intermediate = testIntermediate(root, { name: 'foo', notAfter: after(90 * 86_400) });
  const ready = { ready: true, chain: intermediate.chain as readonly Certificate[] } as const;
  const planned = (shape: ObservedShape, rest: Partial<ExplainInput> = {}) => explained({ signerName: FOO, ...shape }, { policy, ...rest });

  it('is that of the plan, with what was changed against the request', () => {
    const { certificate } = planned({ expirationSeconds: 86_400 });
    assert.deepEqual({ ...certificate, keySha256: '' }, {
      subject: '', names: ['URI:spiffe://cluster.local/ns/foo/sa/app'], key: 'P-256', keySha256: '', keyUsage: ['digital signature'], extendedKeyUsage: ['server auth', 'client auth'], ca: false,
      lifetime: 7200, notBefore: '2026-03-04T11:58:00.000Z', notAfter: '2026-03-04T14:00:00.000Z', issuer: null, policy: 'allow[0]',
      adjustments: ['lifetime 24h clamped to 2h', 'usage "key encipherment" dropped, it does not fit the key and the other usages'],
    });
    assert.equal(planned({}, { now: new Date(NOON.getTime() + 700) }).certificate?.lifetime, 3600, 'whole seconds, whenever it is asked');
  });

  it('ends with its CA, where that is known', () => {
    const { certificate, verdict: said } = planned({ expirationSeconds: 7200 }, { authority: ready });
    assert.deepEqual([said, certificate?.lifetime, certificate?.issuer?.subject, certificate?.issuer?.sha256], ['allowed', 5400, 'CN=foo', intermediate.certificate.fingerprint]);
    assert.ok(certificate?.adjustments.includes('lifetime cut to 1h30m by the end of the CA'));
    assert.equal(planned({ expirationSeconds: 7200 }).certificate?.lifetime, 7200);
  });

  it('is shown for a request that is allowed and waits for its CA, and not for one that is refused', () => {
    const authority = { ready: false, reason: 'CertificateAuthorityUnavailable', message: 'Secret cas/foo does not exist' } as const;
    const waiting = planned({}, { authority });
    assert.deepEqual([waiting.verdict, waiting.reason, waiting.message, waiting.certificate?.lifetime], ['waits', authority.reason, authority.message, 3600]);
    assert.deepEqual([planned({ names: [spiffe('bar')] }, { authority }).verdict, planned({ names: [spiffe('bar')] }).certificate], ['refused', null]);
    const crumbs = planned({ expirationSeconds: 7200 }, { authority: ready, now: after(5300) });
    assert.deepEqual([crumbs.verdict, crumbs.reason, crumbs.certificate?.issuer], ['waits', 'CertificateAuthorityExpired', null], 'it would be under another CA');
  });
});

describe('who asks', () => {
  it('is told as the configuration lists it', () => {
    assert.deepEqual(explained({ signerName: FOO }).requester.listed, { approves: true, vouches: { trustDomains: ['cluster.local'], namespaces: ['*'], signers: 'all' } });
    assert.equal(explained({ from: 'system:serviceaccount:foo:app', signerName: FOO }).requester.listed, null);
  });

  it('an istiod that is not listed is told which line is missing', () => {
    const told = explained({ from: `${ISTIOD}-canary`, signerName: FOO });
    assert.match(told.message, new RegExp(`add under requesters: - \\{ user: "${ISTIOD}-canary", approves: true, vouches: `));
    assert.deepEqual(told.violations.map(({ rule }) => rule), ['credible']);
  });
});

describe('what a tolerant reader makes of it', () => {
  it('is there for everything that the strict reader refuses for more than its PEM', () => {
    const good = vectors.filter(({ expect }) => expect === 'accepted');
    for (const vector of good.filter(({ text }) => text.length < 4096)) {
      if (vector.expect !== 'accepted') continue;
      const read = readLeniently(Buffer.from(vector.text));
      assert.deepEqual([read.key, read.names.length, read.remarks], [vector.key, vector.names.length, []], vector.name);
    }
    const nul = vectors.find(({ name }) => name === 'uri-nul.txt');
    assert.deepEqual(readLeniently(Buffer.from(nul?.text ?? '')).names, ['URI:spiffe://cluster.local/ns/foo/sa/httpbin\u0000.evil']);
    const commented = readLeniently(Buffer.from(`Certificate Request:\n    Data:\n${csrPem({ names: [spiffe('foo')] })}`));
    assert.deepEqual(commented.names, ['URI:spiffe://cluster.local/ns/foo/sa/app']);
  });

  it('is never an exception: every vector, 3,000 mutants, and bytes of no kind', () => {
    let read = 0;
    const texts = [...vectors.map(({ text }) => text), ...some(3000), '', 'x', '-----BEGIN A-----', csrPem().slice(0, 200)];
    for (const text of texts) if (readLeniently(Buffer.from(text, 'latin1')).key !== null) read += 1;
    assert.ok(read > 1000, `${read} of ${texts.length} had a key`);
  });

  it('gives up soon on what is made to be large', () => {
    const started = performance.now();
    const nested = Buffer.concat(Array.from({ length: 30_000 }, () => Buffer.from([0x30, 0x80])));
    assert.ok(readLeniently(Buffer.from(`-----BEGIN CERTIFICATE REQUEST-----\n${nested.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`)).remarks.length > 0);
    assert.ok(performance.now() - started < 2000);
  });
});


function some(count: number): string[] {
  const source = mutants(5);
  return Array.from({ length: count }, () => source.next().value.text);
}
