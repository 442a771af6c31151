// Two hundred workloads that start in the same moment: each asks a real istiod for its certificate, half of them in foo and half in bar.
// Signet's own part is from the event that says Approved to the answer of the API server; what the callers see beside it is mostly
// istiod, and six calls of the API server for each certificate.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { certificatePem } from '../../src/core/certificate.ts';
import { testKey } from '../support/keys.ts';
import { SIGNER_DOMAIN, startMesh, type Mesh } from '../support/mesh.ts';
import { csrPem, spiffe } from '../support/requests.ts';
import { caClient } from '../support/rig/ca-client.ts';

const TENANTS = ['foo', 'bar'] as const;
const WORKLOADS = 200;
/** Seconds; a bucket of the histogram. */
const WITHIN = '0.05';
/** istio: security/pkg/k8s/chiron/utils.go, certWatchTimeout. */
const ISTIOD_GIVES_UP_MS = 60_000;

type Workload = { readonly namespace: (typeof TENANTS)[number]; readonly account: string; readonly token: string; readonly csr: string; readonly publicKey: Uint8Array };
type Answer = { readonly workload: Workload; readonly chain: readonly string[]; readonly milliseconds: number };

describe(`${WORKLOADS} certificates asked at once through a real istiod`, () => {
  let mesh: Mesh;
  let workloads: Workload[];
  let answers: Answer[];
  let earlier: Counts;
  let later: Counts;

  before(async () => {
    // With istiod's own limit of 80 calls a second, the burst would be istiod's queue and nothing else.
    mesh = await startMesh({ istiodArgs: ['--kubernetesApiQPS=2000', '--kubernetesApiBurst=4000'] });
    workloads = await prepared(mesh);
    const rootCertPem = await mesh.istiod.rootCertPem('foo');
    using client = caClient({ istiod: mesh.istiod, rootCertPem });
    earlier = await counts(mesh);
    answers = await Promise.all(
      workloads.map(async (workload) => {
        const asked = performance.now();
        const chain = await client.createCertificate({ csr: workload.csr, certSigner: workload.namespace, token: workload.token });
        return { workload, chain, milliseconds: performance.now() - asked };
      }),
    );
    later = await counts(mesh);
  });
  after(async () => mesh?.[Symbol.asyncDispose]());

  it('are all answered, each with a certificate of its own key and name from its own CA', () => {
    for (const { workload, chain } of answers) {
      const { certificate: ca, root } = mesh.authorities[workload.namespace];
      const leaf = new X509Certificate(chain[0] ?? '');
      assert.equal(leaf.subjectAltName, `URI:spiffe://cluster.local/ns/${workload.namespace}/sa/${workload.account}`);
      assert.deepEqual(leaf.publicKey.export({ type: 'spki', format: 'der' }), Buffer.from(workload.publicKey));
      assert.ok(leaf.verify(new X509Certificate(ca.der).publicKey), `${workload.account} has a certificate of another CA than ${workload.namespace}'s`);
      assert.equal(chain.at(-1)?.trim(), certificatePem(root).trim());
    }
    assert.equal(new Set(answers.map(({ chain }) => new X509Certificate(chain[0] ?? '').serialNumber)).size, WORKLOADS);
  });

  it('are counted as issued, and nothing as failed, denied or a bug', () => {
    assert.equal(later.issued - earlier.issued, WORKLOADS);
    assert.equal(later.observed - earlier.observed, WORKLOADS);
    assert.deepEqual([later.refused, later.bugs], [0, 0]);
  });

  it('tell how long each took, for the callers and for Signet itself', () => {
    // Reported and not judged: on a machine whose cores are all taken by istiod and the API server, each call of the API waits for a core.
    const observed = later.observed - earlier.observed;
    const share = (later.within - earlier.within) / observed;
    const sorted = answers.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b);
    const percentile = (part: number): string => `${Math.round(sorted[Math.ceil(sorted.length * part) - 1] ?? 0)} ms`;
    const mean = ((later.seconds - earlier.seconds) / observed) * 1000;
    console.log(`${WORKLOADS} at once: ${(share * 100).toFixed(1)} % signed within ${WITHIN} s of Approved, ${mean.toFixed(1)} ms on average; the callers waited ${percentile(0.5)} (p50), ${percentile(0.99)} (p99)`);
    assert.equal(observed, WORKLOADS);
    assert.ok((sorted.at(-1) ?? Infinity) < ISTIOD_GIVES_UP_MS, 'istiod would have given up on the slowest');
  });
});

type Counts = { readonly issued: number; readonly refused: number; readonly bugs: number; readonly observed: number; readonly within: number; readonly seconds: number };

/** Sums over the two tenants, read from the page as a scraper would. */
async function counts({ signet }: Mesh): Promise<Counts> {
  const lines = (await signet.metrics()).split('\n');
  const sum = (name: string, ...texts: readonly string[]): number =>
    lines.filter((line) => line.startsWith(`${name}{`) && texts.every((text) => line.includes(text))).reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0);
  const tenants = (name: string, ...texts: readonly string[]): number => TENANTS.reduce((total, tenant) => total + sum(name, `signer="${SIGNER_DOMAIN}/${tenant}"`, ...texts), 0);
  return {
    issued: tenants('signet_requests_total', 'outcome="issued"'),
    refused: sum('signet_requests_total', 'outcome="failed"') + sum('signet_requests_total', 'outcome="denied"'),
    bugs: sum('signet_bugs_total'),
    observed: tenants('signet_issue_duration_seconds_count'),
    within: tenants('signet_issue_duration_seconds_bucket', `le="${WITHIN}"`),
    seconds: tenants('signet_issue_duration_seconds_sum'),
  };
}

/** A service account with a token, a key and a request for each workload, all made before the clock runs. */
async function prepared({ controlPlane }: Mesh): Promise<Workload[]> {
  const names = Array.from({ length: WORKLOADS }, (_, i) => ({ namespace: TENANTS[i % TENANTS.length] ?? 'foo', account: `workload-${i}` }));
  return Promise.all(
    names.map(async ({ namespace, account }) => {
      await controlPlane.serviceAccounts(`${namespace}/${account}`);
      const token = await controlPlane.serviceAccountToken(namespace, account, { audiences: ['istio-ca'] });
      const key = testKey('P-256', account);
      return { namespace, account, token, csr: csrPem({ key, names: [spiffe(namespace, account)] }), publicKey: key.publicKey.spki };
    }),
  );
}
