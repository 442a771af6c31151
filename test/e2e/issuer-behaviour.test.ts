// The same requests to cert-manager's controller for CertificateSigningRequests of CA issuers, and then to Signet in its place. Where the two differ the
// case says why; where it says nothing they may not. docs/cert-manager.md has the table, which UPDATE_DOCS=1 writes anew.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openRequests, type Csr, type IssuerRequests } from '../support/issuer-requests.ts';
import { GROUPS, type Case } from '../support/issuer-behaviour/cases.ts';
import { differences, outcomeOf, type Outcome } from '../support/issuer-behaviour/outcome.ts';
import { behaviourTable } from '../support/issuer-behaviour/table.ts';
import { READY, TEAM, issuers } from '../support/issuer-behaviour/world.ts';
import { startControlPlane, type ControlPlane } from '../support/rig/apiserver.ts';
import { certManagerNamespace, prepareCertManager, unreadyIssuers } from '../support/rig/cert-manager.ts';
import { until } from '../support/rig/until.ts';
import { startSignet } from '../support/signet.ts';
import { assertTold, inPlace } from '../support/told.ts';

const CASES = GROUPS.flatMap(({ cases }) => cases);
/** Whoever asks for nothing else is one of these in turn: of one requester's Events at one signer there are fifty at once. */
const OTHERS = ['dora', 'emil', 'fred'];
const USERS = ['alice', 'bob', 'carol', 'selfapprover', ...OTHERS];
const CONFIG = `
requesters: { user: selfapprover, approves: true }
signers: []
discover: { certManager: { allow: approved, namespaces: [${TEAM}] } }
http: { address: "127.0.0.1:0" }
`;

describe('Signet in the place of cert-manager\'s controller', () => {
  let plane: ControlPlane;
  let requests: IssuerRequests;
  let version: string;
  const outcomes: { certManager: readonly Outcome[]; signet: readonly Outcome[] } = { certManager: [], signet: [] };

  before(async () => {
    plane = await startControlPlane({ users: USERS.map((name) => ({ name })) });
    await plane.namespaces(TEAM, certManagerNamespace);
    const makers = await prepareCertManager({ controlPlane: plane, controllers: ['clusterissuers', 'issuers'] });
    version = makers.version;
    const making = await makers.start();
    await plane.api.apply(...issuers());
    await until(async () => (await unreadyIssuers(plane.api, READY)).length === 0, { what: 'the issuers to be Ready', process: making, seconds: 60 });
    // From here on nobody looks at issuers any more: what is Ready stays so.
    await making.stop();
    await plane.api.delete(`/api/v1/namespaces/${certManagerNamespace}/secrets/gone`);
    await plane.api.call('PATCH', `/api/v1/namespaces/${certManagerNamespace}/secrets/damaged`, { data: { 'tls.crt': Buffer.from('no certificate').toString('base64') } }, 'application/merge-patch+json');
    requests = await openRequests(plane, USERS);

    const peer = await (await prepareCertManager({ controlPlane: plane, controllers: ['certificatesigningrequests-issuer-ca'] })).start();
    await warm();
    outcomes.certManager = await ask();
    await peer.stop();
    const signet = await startSignet({ controlPlane: plane, config: CONFIG });
    await signet.ready();
    outcomes.signet = await ask();
    assert.doesNotMatch(await signet.metrics(), /^signet_bugs_total/m);
    await signet.stop();
  });
  after(async () => plane?.[Symbol.asyncDispose]());

  it('was asked sixty requests and more, refusals and waiting among them', () => {
    const results = outcomes.certManager.map(({ result }) => result.replace(/,.*/, ''));
    assert.ok(CASES.length >= 60, `${CASES.length}`);
    for (const [result, least] of [['issued', 30], ['Failed', 10], ['waits', 8], ['left alone', 2]] as const) assert.ok(results.filter((each) => each === result).length >= least, `${result}: ${results.join()}`);
  });

  for (const [i, { about, differs }] of CASES.entries()) {
    it(`${about}: ${differs === undefined ? 'the same' : differs}`, () => {
      const [peer, own] = [outcomes.certManager[i], outcomes.signet[i]];
      assert.ok(peer !== undefined && own !== undefined);
      const found = differences(peer, own);
      if (differs === undefined) assert.deepEqual(found, []);
      else assert.notDeepEqual(found, [], 'the case says that they differ');
    });
  }

  it('the table in docs/cert-manager.md is what was seen', async () => {
    await assertTold('docs/cert-manager.md', 'test/e2e/issuer-behaviour.test.ts', (text) => inPlace(text, 'what test/e2e/issuer-behaviour.test.ts saw', behaviourTable(GROUPS, outcomes, version)));
  });

  /** cert-manager looks for Secrets in a cache: what is asked before that is filled waits for ever, as the Secret does not change. */
  async function warm(): Promise<void> {
    const issued = async (): Promise<boolean> => {
      const csr = await requests.make({ signer: 'clusterissuers.cert-manager.io/plain', ...CASES[0]?.asked });
      await requests.approve(csr);
      return (await requests.decided(csr, 2).catch(() => csr)).status?.certificate !== undefined;
    };
    await until(issued, { what: 'cert-manager to have read the Secrets', seconds: 30 });
  }

  /** Makes every request, and returns what became of each. */
  async function ask(): Promise<Outcome[]> {
    const made: { csr: Csr; at: Date; each: Case }[] = [];
    for (const [i, each] of CASES.entries()) {
      const at = new Date();
      const csr = await requests.make({ as: OTHERS[i % OTHERS.length], signer: 'clusterissuers.cert-manager.io/plain', ...each.asked });
      if (each.then === undefined) await requests.approve(csr);
      if (each.then === 'denied') await requests.approve(csr, 'Denied');
      made.push({ csr, at, each });
    }
    const found: Outcome[] = [];
    for (const { csr, at, each } of made) {
      let last: Outcome | undefined;
      const settled = async (): Promise<Outcome | false> => {
        last = outcomeOf(await requests.read(csr), await requests.events(csr), at);
        // The Event comes a moment after the answer it is about.
        return (each.quiet === true || (last.result !== 'left alone' && last.events.length > 0)) && last;
      };
      // What is never answered is compared as it is, beside the others.
      await until(settled, { what: `an answer to: ${each.about}`, seconds: 20 }).catch(() => undefined);
      assert.ok(last !== undefined, each.about);
      found.push(last);
    }
    return found;
  }
});
