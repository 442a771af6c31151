// In no suite, as the peers are built only when asked for, which takes minutes:
//   npm run controlplane -- cert-manager-signer kube-controller-manager
//   node --import tsx --test test/bench/contenders/peers.test.ts
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { csrPem, dns } from '../../support/requests.ts';
import type { KubernetesObject } from '../../support/rig/api.ts';
import { startControlPlane, type ControlPlane } from '../../support/rig/apiserver.ts';
import { caIssuer, prepareCertManager, unreadyIssuers } from '../../support/rig/cert-manager.ts';
import { until } from '../../support/rig/until.ts';
import type { Contender, PreparedContender } from '../contender.ts';
import { benchSigners } from '../signers.ts';
import { certManager } from './cert-manager.ts';
import { kubeControllerManager, kubeControllerManagerUnlimited } from './kube-controller-manager.ts';

type Csr = KubernetesObject & { readonly metadata: { readonly name: string }; readonly spec: { readonly signerName: string }; readonly status?: { readonly certificate?: string } };

const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const ISTIO_USAGES = ['digital signature', 'key encipherment', 'server auth', 'client auth'];
const offered = benchSigners({ count: 3 });
const request = Buffer.from(csrPem({ names: [dns('app.bench.example')] })).toString('base64');

describe('the peers of the benchmark', () => {
  let controlPlane: ControlPlane;
  before(async () => {
    controlPlane = await startControlPlane();
  });
  after(async () => controlPlane[Symbol.asyncDispose]());

  /** Creates and approves `count` requests, the signers in turn. */
  const ask = async ({ signers, usages = ISTIO_USAGES }: PreparedContender, count: number): Promise<string[]> => {
    const names = Array.from({ length: count }, async (_, index) => {
      const spec = { request, usages, signerName: signers[index % signers.length], expirationSeconds: 3600 };
      const created = await controlPlane.api.create<Csr>({ apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { generateName: 'csr-peer-' }, spec });
      const conditions = [{ type: 'Approved', status: 'True', reason: 'Bench', message: 'approved' }];
      await controlPlane.api.call('PUT', `${CSRS}/${created.metadata.name}/approval`, { ...created, status: { conditions } });
      return created.metadata.name;
    });
    return Promise.all(names);
  };
  const signed = async (names: readonly string[]): Promise<Csr[]> => (await controlPlane.api.list<Csr>(CSRS)).filter(({ metadata, status }) => names.includes(metadata.name) && status?.certificate !== undefined);
  const allSigned = async (names: readonly string[], process: Awaited<ReturnType<PreparedContender['start']>>['process']): Promise<Csr[]> =>
    until(async () => signed(names).then((found) => found.length === names.length && found), { what: `${names.length} certificates`, process });
  const caOf = (signer: string): X509Certificate => new X509Certificate((offered.find(({ name }) => name === signer) ?? offered[0])!.certificatePem);
  const assertIssued = (found: readonly Csr[]): void => {
    for (const { spec, status } of found) {
      const leaf = new X509Certificate(Buffer.from(status?.certificate ?? '', 'base64'));
      assert.ok(leaf.verify(caOf(spec.signerName).publicKey), `${spec.signerName} signed with its own CA`);
      assert.equal(leaf.subjectAltName, 'DNS:app.bench.example');
    }
  };

  const peers: readonly Contender[] = [certManager, kubeControllerManager, kubeControllerManagerUnlimited];
  for (const peer of peers) {
    it(`${peer.name} signs twenty requests, each with the CA of its signer`, async () => {
      const prepared = await peer.prepare({ controlPlane, signers: offered });
      assert.match(prepared.version, /^1\.\d+\.\d+/);
      const running = await prepared.start();
      try {
        assertIssued(await allSigned(await ask(prepared, 20), running.process));
      } finally {
        await running.stop();
      }
    });

    it(`${peer.name} signs what was approved while it was away, and not before it is back`, async () => {
      const prepared = await peer.prepare({ controlPlane, signers: offered });
      const names = await ask(prepared, 20);
      assert.deepEqual(await signed(names), []);
      const running = await prepared.start();
      try {
        assertIssued(await allSigned(names, running.process));
      } finally {
        await running.stop();
      }
    });
  }

  it('cert-manager makes issuers of both kinds Ready, and not one whose Secret is missing', async () => {
    const { api } = controlPlane;
    const { start } = await prepareCertManager({ controlPlane, controllers: ['clusterissuers', 'issuers'] });
    const [ca] = offered;
    assert.ok(ca !== undefined);
    await controlPlane.namespaces('tenant-a');
    const [secret, issuer] = caIssuer({ ...ca, name: 'local', namespace: 'tenant-a' });
    const [, without] = caIssuer({ ...ca, name: 'without', secret: 'nowhere' });
    assert.ok(secret !== undefined && issuer !== undefined && without !== undefined);
    await api.apply(...caIssuer({ ...ca, name: 'global' }), secret, issuer, without);
    await using process = await start();
    await until(async () => (await unreadyIssuers(api, ['global', 'tenant-a/local'])).length === 0, { what: 'two issuers to be Ready', process });
    const verdict = await until(async () => (await api.get<{ status?: { conditions?: { reason: string; status: string }[] } }>('/apis/cert-manager.io/v1/clusterissuers/without')).status?.conditions?.[0], { what: 'a verdict on the third', process });
    assert.equal(verdict.status, 'False');
    assert.deepEqual(await unreadyIssuers(api, ['global', 'tenant-a/local', 'without', 'tenant-a/absent']), ['without', 'tenant-a/absent']);
  });

  it('cert-manager refuses a signer that no ClusterIssuer can be', async () => {
    await assert.rejects(certManager.prepare({ controlPlane, signers: [{ ...offered[0]!, name: 'example.com/tenant-0' }] }), /cannot serve example\.com\/tenant-0: the name has to begin with clusterissuers\.cert-manager\.io\//);
    assert.deepEqual((await certManager.prepare({ controlPlane, signers: offered.slice(0, 1) })).signers, [offered[0]!.name]);
  });
});
