import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseConfig, type Config } from '../../src/config.ts';
import { assumedFor } from '../../src/cli/explain/found-issuer.ts';
import { explanationText } from '../../src/cli/explain/text.ts';
import { report, type Report } from '../../src/cli/explain/report.ts';
import type { ExplainInput } from '../../src/core/explain.ts';
import { testRoot } from '../support/authority.ts';
import { NOON, after } from '../support/clock.ts';
import { observed, type ObservedShape } from '../support/observed.ts';
import { EMPTY_SUBJECT, ISTIOD, commonName, dns, spiffe } from '../support/requests.ts';

const CLUSTER = 'clusterissuers.cert-manager.io/foo';
const NAMESPACED = 'issuers.cert-manager.io/team-a.ca';
const SOMEBODY = 'system:serviceaccount:team-a:app';
const CA = testRoot({ name: 'foo', notAfter: after(3_600) });

function config(allow = '[approved, sameNamespace]'): Config {
  const parsed = parseConfig(`requesters: { user: "${ISTIOD}", approves: true, vouches: { namespaces: "*" } }\nsigners: []\ndiscover: { certManager: { allow: ${allow}, namespaces: team-a } }\n`);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.config;
}

/** As `explain` would have it; `found` is what the cluster has instead of an issuer that is in order. */
async function told(shape: ObservedShape, { found = {}, authority = null, of = config() }: { found?: Partial<NonNullable<ExplainInput['discovered']>>; authority?: ExplainInput['authority']; of?: Config } = {}): Promise<Report & { text: string }> {
  const request = observed({ from: SOMEBODY, signerName: CLUSTER, subject: commonName('jo'), names: [dns('a.example')], ...shape });
  const { discovered } = assumedFor(request.signerName, of);
  assert.ok(discovered !== null);
  const answer = await report({ source: { kind: 'file', name: 'x' }, wire: { metadata: { name: 'x', uid: 'x', resourceVersion: '1' } } as never, observed: request, policy: of.policy, namespaceLabels: null, authority, discovered: { ...discovered, ...found }, notes: [], now: NOON });
  return { ...answer, text: explanationText(answer, { colour: false }) };
}

describe('a request for an issuer of cert-manager is explained', () => {
  it('with the certificate that it would have: its own subject and names, until the end of the CA', async () => {
    const { verdict, signer, certificate, steps, text } = await told({ annotations: { 'experimental.cert-manager.io/request-duration': '24h' } }, { authority: { ready: true, chain: CA.chain } });
    assert.deepEqual([verdict, signer.served, signer.approval, signer.issuer], ['allowed', true, 'external', 'ClusterIssuer /foo']);
    assert.deepEqual([certificate?.subject, certificate?.names, certificate?.ca, certificate?.policy, certificate?.lifetime], ['CN=jo', ['DNS:a.example'], false, 'discover.approved', 3_600]);
    assert.equal(steps.pending.do === 'nothing' && steps.pending.notice?.reason, 'WaitingApproval');
    assert.match(text, /signer {7}"clusterissuers\.cert-manager\.io\/foo", ClusterIssuer \/foo of cert-manager, approval: external/);
    assert.match(text, /subject {6}"CN=jo"/);
    assert.doesNotMatch(text, /nothing is allowed|not served/);
  });

  it('as one that waits, when there is no such issuer, it is not Ready, or its Secret is not there', async () => {
    const { discovered } = assumedFor(CLUSTER, config());
    assert.ok(discovered?.issuer);
    for (const [reason, found, authority] of [
      ['IssuerNotFound', { issuer: null }, null],
      ['IssuerTypeMissing', { issuer: { ...discovered.issuer, type: 'none' } }, null],
      ['IssuerNotReady', { issuer: { ...discovered.issuer, ready: false } }, null],
      ['SecretMissing', {}, { ready: false, reason: 'SecretMissing', message: 'not found' }],
    ] as const) {
      const answer = await told({}, { found, authority });
      assert.deepEqual([answer.verdict, answer.reason], ['waits', reason]);
    }
    assert.equal((await told({})).verdict, 'allowed');
    assert.deepEqual([(await told({}, { found: { issuer: { ...discovered.issuer, type: 'other' } } })).verdict], ['unserved']);
  });

  it('as refused, with what is wrong, when its requester may not use the Issuer, or approves by itself', async () => {
    const denied = await told({ signerName: NAMESPACED }, { found: { mayReference: false } });
    assert.deepEqual([denied.verdict, denied.reason, denied.general.length], ['refused', 'DeniedReference', 1]);
    assert.match(denied.text, /not in order/);
    assert.equal((await told({ signerName: NAMESPACED }, { found: { mayReference: true } })).verdict, 'allowed');
    assert.equal((await told({ signerName: NAMESPACED }, { found: { mayReference: null } })).verdict, 'unknown');
    const istiod = { from: ISTIOD, names: [spiffe('team-a')], subject: EMPTY_SUBJECT, signerName: NAMESPACED };
    assert.equal((await told(istiod, { of: config('approved') })).verdict, 'refused');
    assert.deepEqual([(await told(istiod)).verdict, (await told(istiod)).certificate?.policy], ['allowed', 'discover.sameNamespace']);
  });

  it('only where no signer of the configuration has its name, and its namespace is listed', () => {
    assert.equal(assumedFor('issuers.cert-manager.io/team-b.ca', config()).discovered, null);
    assert.equal(assumedFor('example.test/foo', config()).discovered, null);
    const parsed = parseConfig(`signers: [{ name: ${CLUSTER}, ca: { secret: cert-manager/foo }, allow: { namespaces: foo } }]\ndiscover: { certManager: { allow: approved } }\n`);
    assert.ok(parsed.ok);
    assert.equal(assumedFor(CLUSTER, parsed.config).discovered, null);
    assert.notEqual(assumedFor(`${CLUSTER}o`, parsed.config).discovered, null);
  });
});
