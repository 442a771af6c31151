import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { Refusal, Unavailable } from '../../src/control/errors.ts';
import { issueLoop, type IssueOptions } from '../../src/control/issue.ts';
import type { Authority, WriteResult } from '../../src/control/ports.ts';
import type { Outcome } from '../../src/control/queue.ts';
import { certificatePem, parseCertificate, type Certificate } from '../../src/core/certificate.ts';
import type { Observed } from '../../src/core/observed.ts';
import { decodeCertificates } from '../../src/core/pem.ts';
import type { Plan } from '../../src/core/plan.ts';
import { chainPem, issue, testIntermediate, testRoot } from '../support/authority.ts';
import { NOON, after } from '../support/clock.ts';
import { testKey } from '../support/keys.ts';
import { observed } from '../support/observed.ts';
import { SIGNER } from '../support/plans.ts';
import { alternative, policyOf, signer } from '../support/policy.ts';
import { absentAuthority, authorityOf, rememberingEvents, rememberingLog, rememberingMeter, rememberingRecorder, requestsOf, type Write } from '../support/ports.ts';
import { profile } from '../support/profile-line.ts';
import { dns, spiffe } from '../support/requests.ts';

const QUIET = 'system:serviceaccount:foo:app';
const root = testRoot({ name: 'foo root' });
const ca = testIntermediate(root, { name: 'foo CA' });

type World = {
  readonly request?: Observed;
  readonly authority?: Authority | undefined;
  readonly answer?: (write: Write) => WriteResult;
  readonly includeRoot?: boolean;
  readonly options?: Partial<IssueOptions>;
};

/** One look of the loop at one request, and what is different in the world afterwards. */
async function look({ request = observed(), authority = authorityOf(ca), answer = () => 'written', includeRoot = false, options = {} }: World = {}, signal: AbortSignal = new AbortController().signal) {
  const [requests, events, log, meter, recorder] = [requestsOf([request], answer), rememberingEvents(), rememberingLog(), rememberingMeter(), rememberingRecorder()];
  const policy = policyOf([signer(SIGNER, [alternative({ namespaces: ['foo'] })], { includeRoot })]);
  const loop = issueLoop({ policy, requests, authority: (name) => (name === SIGNER ? authority : undefined), events, recorder, log, meter, now: () => NOON, monotonic: () => 250, randomBytes, ...options });
  const outcome: Outcome = await loop(request.name, signal);
  return { outcome, writes: requests.writes, told: events.told, lines: log.lines, counts: meter.counts, record: recorder.entries };
}

describe('a look at a request', () => {
  it('that is gone, or never was ours, does nothing', async () => {
    const [requests, events, log, meter] = [requestsOf([]), rememberingEvents(), rememberingLog(), rememberingMeter()];
    const loop = issueLoop({ policy: policyOf([]), requests, authority: () => undefined, events, recorder: rememberingRecorder(), log, meter, now: () => NOON, monotonic: () => 0, randomBytes });
    assert.equal(await loop('csr-1', new AbortController().signal), 'done');
    assert.deepEqual([requests.writes, events.told, log.lines, meter.counts], [[], [], [], []]);
  });

  it('that is approved and allowed delivers its certificate in one write, with the annotations', async () => {
    const { outcome, writes, told, counts } = await look({ request: observed({ key: 'RSA-2048' }) });
    assert.equal(outcome, 'done');
    assert.equal(writes.length, 1);
    const [write] = writes;
    assert.ok(write?.verb === 'deliver');
    const [leaf] = certificatesOf(write.certificate);
    assert.deepEqual(leaf?.names, [spiffe('foo')]);
    assert.deepEqual(leaf.notAfter, after(24 * 3600));
    assert.deepEqual(write.annotations, {
      'signet.dev/serial': Buffer.from(leaf.serial).toString('hex'),
      'signet.dev/ca-sha256': ca.certificate.fingerprint,
      'signet.dev/policy': 'allow[0]',
      'signet.dev/decision': 'issued',
    });
    assert.deepEqual(counts, [`issued ${SIGNER} 0.25`, `decided ${SIGNER} issued PolicyAllowed`]);
    assert.deepEqual(told, [], 'nothing was changed against the request, so there is nothing to tell');
  });

  it(profile('P21', 'status.certificate MUST be the certificate and then the CA certificates in issuing order, without the anchor unless includeRoot is set.'), async () => {
    const delivered = async (world: World): Promise<string[]> => {
      const [write] = (await look(world)).writes;
      return write?.verb === 'deliver' ? certificatesOf(write.certificate).slice(1).map(({ fingerprint }) => fingerprint) : [];
    };
    assert.deepEqual(await delivered({}), [ca.certificate.fingerprint]);
    assert.deepEqual(await delivered({ includeRoot: true }), [ca.certificate.fingerprint, root.certificate.fingerprint]);
    assert.deepEqual(await delivered({ authority: authorityOf(root) }), []);
    assert.deepEqual(await delivered({ authority: authorityOf(root), includeRoot: true }), [root.certificate.fingerprint]);
    const lower = testIntermediate(ca, { name: 'lower' });
    assert.deepEqual(await delivered({ authority: authorityOf(lower) }), [lower.certificate.fingerprint, ca.certificate.fingerprint]);
  });

  it('tells what was changed against the request, in the annotation, and in no Event, of which there would be one for each certificate', async () => {
    const { writes, told } = await look({ request: observed({ expirationSeconds: 315360000 }) });
    const changed = 'lifetime 87600h clamped to 24h; usage "key encipherment" dropped, it does not fit the key and the other usages';
    assert.equal(writes[0]?.verb === 'deliver' && writes[0].annotations['signet.dev/decision'], `issued; ${changed}`);
    assert.deepEqual(told, []);
  });

  it('that is pending and allowed approves it and nothing more: the approval\'s own event starts the next look', async () => {
    const { outcome, writes, counts } = await look({ request: observed({ state: 'pending', from: QUIET }) });
    assert.equal(outcome, 'done');
    assert.deepEqual(writes, [{ verb: 'approve', name: 'csr-workload-1', decision: { reason: 'PolicyAllowed', message: `Signer "${SIGNER}" allows this request by allow[0]`, annotations: { 'signet.dev/policy': 'allow[0]', 'signet.dev/decision': 'approved' } } }]);
    assert.deepEqual(counts, [`decided ${SIGNER} approved PolicyAllowed`]);
  });

  it('that is pending and istiod\'s writes nothing: any write would fail its own approval', async () => {
    for (const names of [[spiffe('foo')], [spiffe('bar')]]) {
      const { outcome, writes, told, counts } = await look({ request: observed({ state: 'pending', names }) });
      assert.deepEqual([outcome, writes, told, counts], ['done', [], [], []]);
    }
  });

  it('that is not allowed refuses it: Denied while it is pending, Failed when somebody approved it', async () => {
    for (const [state, as] of [['pending', 'Denied'], ['approved', 'Failed']] as const) {
      const { outcome, writes, told, counts, record } = await look({ request: observed({ state, from: QUIET, names: [dns('x.example')] }) });
      assert.equal(outcome, 'done');
      const [write] = writes;
      assert.ok(write?.verb === 'refuse' && writes.length === 1);
      assert.equal(write.as, as);
      assert.equal(write.decision.reason, 'PolicyViolation');
      assert.deepEqual(write.decision.annotations, { 'signet.dev/decision': as.toLowerCase() });
      assert.deepEqual(told.map(({ type, reason, message }) => ({ type, reason, message })), [{ type: 'Warning', reason: 'PolicyViolation', message: write.decision.message }]);
      assert.deepEqual(counts, [`decided ${SIGNER} ${as.toLowerCase()} PolicyViolation`]);
      assert.deepEqual(record.map(({ what, reason, names }) => ({ what, reason, names })), [{ what: as.toLowerCase(), reason: 'PolicyViolation', names: [dns('x.example')] }]);
    }
  });

  it('that names a signer of our domain which is not there tells its requester once a look, and writes nothing', async () => {
    const { outcome, writes, told } = await look({ request: observed({ signerName: `${SIGNER}o` }) });
    assert.equal(outcome, 'done');
    assert.deepEqual(writes, []);
    assert.deepEqual(told.map(({ reason }) => reason), ['SignerNotFound']);
  });
});

describe('trouble', () => {
  it('of the CA is waited out, with an Event that says so', async () => {
    for (const reason of ['CertificateAuthorityUnavailable', 'CertificateAuthorityExpired'] as const) {
      const { outcome, writes, told, counts } = await look({ authority: absentAuthority(reason, 'no Secret') });
      assert.deepEqual(outcome, { retryAfter: null });
      assert.deepEqual([writes, counts], [[], []]);
      assert.deepEqual(told, [{ about: 'csr-workload-1', type: 'Warning', reason, message: `Waiting for the CA of signer "${SIGNER}": no Secret` }]);
    }
    assert.deepEqual((await look({ authority: undefined, options: { authority: () => undefined } })).outcome, { retryAfter: null });
    assert.equal((await look()).outcome, 'done');
  });

  it('of the CA while it signs is retried when it says, and never held against the requester', async () => {
    const busy = authorityOf(ca, () => Promise.reject(new Unavailable('throttled', { retryAfter: 7 })));
    const { outcome, writes, told, counts } = await look({ authority: busy });
    assert.deepEqual([outcome, writes, told, counts], [{ retryAfter: 7 }, [], [], []]);
  });

  it('of the API server is retried when it says', async () => {
    for (const retryAfter of [null, 3]) {
      const { outcome, counts } = await look({ answer: () => fail(new Unavailable('429', { retryAfter })) });
      assert.deepEqual(outcome, { retryAfter });
      assert.deepEqual(counts, []);
    }
  });

  it('that never passes, as a missing RBAC rule, is retried rarely and reported', async () => {
    const { outcome, counts, lines, told } = await look({ answer: () => fail(new Refusal('403: may not sign for this signer')) });
    assert.deepEqual(outcome, { retryAfter: 30 });
    assert.deepEqual(counts, ['bug write']);
    assert.deepEqual(lines.at(-1)?.level, 'error');
    assert.equal(lines.at(-1)?.fields['why'], '403: may not sign for this signer');
    assert.deepEqual(told, [], 'the requester can do nothing about it');
  });

  it('that nobody foresaw is a bug, and thrown', async () => {
    await assert.rejects(look({ authority: authorityOf(ca, () => Promise.reject(new TypeError('x is undefined'))) }), TypeError);
    await assert.rejects(look({ answer: () => fail(new RangeError('y')) }), RangeError);
  });

  it('after the end is none: what was under way is dropped in silence', async () => {
    const end = new AbortController();
    const ended = authorityOf(ca, () => {
      end.abort();
      return Promise.reject(new TypeError('the socket is gone'));
    });
    const { outcome, lines } = await look({ authority: ended }, end.signal);
    assert.equal(outcome, 'done');
    assert.deepEqual(lines, []);
  });
});

describe('somebody else\'s write', () => {
  it('before ours is a conflict: nothing is counted, and the newer version is looked at soon', async () => {
    for (const request of [observed(), observed({ state: 'pending', from: QUIET }), observed({ names: [spiffe('bar')] })]) {
      const { outcome, counts, told } = await look({ request, answer: () => 'conflict' });
      assert.deepEqual([outcome, counts, told], [{ retryAfter: null }, [], []]);
    }
  });

  it('that took the request away ends the work on it', async () => {
    for (const request of [observed(), observed({ state: 'pending', from: QUIET })]) {
      const { outcome, counts } = await look({ request, answer: () => 'gone' });
      assert.deepEqual([outcome, counts], ['done', []]);
    }
  });

  it('that took away a request we refuse changes nothing about the refusal: whoever asks why must find it', async () => {
    const { outcome, counts, told } = await look({ request: observed({ names: [spiffe('bar')] }), answer: () => 'gone' });
    assert.equal(outcome, 'done');
    assert.deepEqual(counts, [`decided ${SIGNER} failed PolicyViolation`]);
    assert.equal(told.length, 1);
  });
});

describe('a CA that answers with another certificate than planned', () => {
  const planOf = (change: (plan: Plan) => Plan) => authorityOf(ca, async (plan) => issue(change(plan), ca));
  const answers: Readonly<Record<string, Authority>> = {
    'for another key': planOf((plan) => ({ ...plan, publicKey: testKey('P-256', 'somebody else').publicKey })),
    'for another name': planOf((plan) => ({ ...plan, names: [spiffe('bar')] })),
    'valid for longer': planOf((plan) => ({ ...plan, notAfter: after(1, plan.notAfter) })),
    'good for more': planOf((plan) => ({ ...plan, extendedKeyUsage: [...plan.extendedKeyUsage, '1.3.6.1.5.5.7.3.3'] })),
    'of another serial number': planOf((plan) => ({ ...plan, serial: randomBytes(20) })),
    'of another CA': authorityOf(ca, async (plan) => issue(plan, testRoot({ name: 'another' }))),
    'without a path': authorityOf(ca, async (plan) => issue(plan, ca).slice(0, 1)),
    'at all': authorityOf(ca, async () => []),
  };

  for (const [what, authority] of Object.entries(answers)) {
    it(`is not believed: a certificate ${what} is never delivered, and the request waits`, async () => {
      const { outcome, writes, counts, lines, told } = await look({ authority });
      assert.deepEqual(outcome, { retryAfter: null });
      assert.deepEqual(writes, []);
      assert.deepEqual(counts, ['bug corresponds']);
      assert.equal(lines[0]?.level, 'error');
      assert.deepEqual(told, []);
      assert.equal((await look()).writes.length, 1, 'the planned one is delivered');
    });
  }
});

describe('the record', () => {
  const FACTS = { request: 'csr-workload-1', uid: 'uid of csr-workload-1', signer: SIGNER, requester: 'system:serviceaccount:istio-system:istiod', names: [spiffe('foo')], reason: 'PolicyAllowed', seconds: 0.25, policy: 'allow[0]' };

  it('has what is about to leave before it leaves, and what became of it after', async () => {
    const recorder = rememberingRecorder();
    const { writes } = await look({ request: observed({ key: 'RSA-2048' }), options: { recorder }, answer: () => (assert.deepEqual(recorder.entries.map(({ what }) => what), ['issuing']), 'written') });
    const [write] = writes;
    assert.ok(write?.verb === 'deliver');
    const [leaf] = certificatesOf(write.certificate) as [Certificate];
    const issuance = { ...FACTS, serial: Buffer.from(leaf.serial).toString('hex'), caSha256: ca.certificate.fingerprint, notAfter: leaf.notAfter, adjustments: [] };
    assert.deepEqual(recorder.entries, [{ what: 'issuing', ...issuance }, { what: 'issued', ...issuance }]);
  });

  it('that cannot be kept, where it must be, lets nothing leave: the request waits, and is served when it can', async () => {
    const recorder = rememberingRecorder(() => Promise.reject(new Unavailable('no space')));
    const { outcome, writes, counts } = await look({ options: { recorder } });
    assert.deepEqual([outcome, writes, counts, recorder.entries], [{ retryAfter: null }, [], [], []]);
    assert.equal((await look({ options: { recorder: rememberingRecorder() } })).writes.length, 1);
  });

  it('says what became of a certificate that was not delivered', async () => {
    const results: Record<string, () => WriteResult> = { conflict: () => 'conflict', gone: () => 'gone', refused: () => fail(new Refusal('403')), unknown: () => fail(new Unavailable('ECONNRESET')) };
    for (const [result, answer] of Object.entries(results)) {
      const { record } = await look({ answer });
      assert.deepEqual(record.map((entry) => [entry.what, entry.what === 'undelivered' ? entry.result : null]), [['issuing', null], ['undelivered', result]]);
    }
  });

  it('has approvals and refusals that were written, and no others', async () => {
    const [allowed, refused] = [observed({ state: 'pending', from: QUIET }), observed({ state: 'pending', from: QUIET, names: [dns('x.example')] })];
    assert.deepEqual((await look({ request: allowed })).record, [{ what: 'approved', ...FACTS, requester: QUIET }]);
    assert.deepEqual((await look({ request: refused })).record.map(({ what }) => what), ['denied']);
    for (const request of [allowed, refused]) assert.deepEqual((await look({ request, answer: () => 'conflict' })).record, []);
  });

  it('and the log hold nothing of a key', async () => {
    const { lines, record } = await look();
    assert.ok(!JSON.stringify([lines, record]).includes('BEGIN'));
  });
});

function certificatesOf(pem: string): Certificate[] {
  const decoded = decodeCertificates(pem);
  assert.ok(decoded.ok);
  const certificates = decoded.ders.map((der) => {
    const parsed = parseCertificate(der);
    assert.ok(parsed.ok);
    return parsed.certificate;
  });
  assert.equal(chainPem(certificates), pem, 'blocks back to back, nothing between them');
  assert.ok(certificatePem(certificates[0] as Certificate).endsWith('-----END CERTIFICATE-----\n'));
  return certificates;
}

function fail(error: Error): never {
  throw error;
}
