// Signet in cert-manager's place under a real istiod: the flow of Istio's task "Custom CA Integration using Kubernetes CSR", with a CA
// for each namespace. Nothing is pasted anywhere: istiod takes the roots from the ConfigMap that Signet publishes.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { certificatePem } from '../../src/core/certificate.ts';
import { SIGNER_DOMAIN, startMesh, type Mesh } from '../support/mesh.ts';
import { startAgent, type Agent, type AgentOptions } from '../support/rig/agent.ts';
import { startApp, type App } from '../support/rig/app.ts';
import { startClientEnvoy, startServerEnvoy, type ClientEnvoy, type Envoy } from '../support/rig/envoy.ts';
import { judge } from '../support/rig/judge.ts';
import { until } from '../support/rig/until.ts';

type Event = { reason: string; message: string; involvedObject: { name: string; uid?: string } };
type Csr = { metadata: { name: string }; spec: { signerName: string }; status?: { certificate?: string; conditions?: { type: string }[] } };
const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';

describe('Signet under a real istiod, a CA for each namespace', () => {
  let mesh: Mesh;
  const parts: AsyncDisposable[] = [];
  const use = <T extends AsyncDisposable>(part: T): T => {
    parts.unshift(part);
    return part;
  };
  const agent = async (namespace: string, serviceAccount: string, more: Partial<AgentOptions> = {}): Promise<Agent> =>
    use(await startAgent({ controlPlane: mesh.controlPlane, istiod: mesh.istiod, namespace, serviceAccount, ...more }));

  before(async () => {
    // Half a minute, so that a workload renews while the test looks on.
    mesh = use(await startMesh({ lifetime: '30s' }));
  });
  after(async () => {
    for (const part of parts) await part[Symbol.asyncDispose]();
  });

  it('istiod starts with a serving certificate of signer istio-system, its ten years clamped to a day', async () => {
    const certificate = await mesh.istiod.servingCertificate();
    assert.equal(certificate.issuer, 'CN=istio-system');
    assert.match(certificate.subjectAltName ?? '', /DNS:istiod\.istio-system\.svc/);
    const hours = (Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / 3_600_000;
    assert.ok(hours > 23 && hours < 24.1, `it is valid for ${hours} h`);
  });

  it('istiod has every root from the ConfigMap that Signet publishes, one entry for each signer', async () => {
    const { caCertificates = [] } = await mesh.istiod.debugMesh();
    const roots = new Map(caCertificates.map(({ pem, certSigners }) => [certSigners?.join(), pem?.trim()]));
    for (const name of ['foo', 'bar', 'istio-system'] as const) {
      assert.equal(roots.get(`${SIGNER_DOMAIN}/${name}`), certificatePem(mesh.authorities[name].root).trim());
    }
    assert.equal(caCertificates.length, 3);
  });

  describe('the workloads of foo and bar', () => {
    const agents: Record<string, Agent> = {};
    const servers: Record<string, Envoy> = {};
    const clients: Record<string, ClientEnvoy> = {};
    let app: App;

    before(async () => {
      app = use(await startApp());
      for (const namespace of ['foo', 'bar']) for (const account of ['httpbin', 'curl']) agents[`${namespace}/${account}`] = await agent(namespace, account);
      for (const each of Object.values(agents)) await each.waitForCertificate();
      for (const namespace of ['foo', 'bar']) servers[namespace] = use(await startServerEnvoy({ identity: part(agents, `${namespace}/httpbin`), appPort: app.port }));
      for (const from of ['foo', 'bar']) {
        for (const to of ['foo', 'bar']) {
          // A caller that trusts anyone shows what the server refuses; one that verifies shows what the caller does.
          clients[`${from}->${to}`] = use(await startClientEnvoy({ identity: part(agents, `${from}/curl`), server: part(servers, to), trustsAnyone: from !== to }));
        }
      }
    });

    for (const namespace of ['foo', 'bar'] as const) {
      it(`get certificates from their own CA in ${namespace}`, async () => {
        const certificate = await part(agents, `${namespace}/httpbin`).waitForCertificate();
        assert.equal(certificate.subjectAltName, `URI:spiffe://cluster.local/ns/${namespace}/sa/httpbin`);
        assert.ok(certificate.verify(new X509Certificate(mesh.authorities[namespace].certificate.der).publicKey));
        const root = await readFile(part(agents, `${namespace}/httpbin`).rootCert, 'utf8');
        assert.equal(new X509Certificate(root).fingerprint256, new X509Certificate(mesh.authorities[namespace].root.der).fingerprint256);
      });
    }

    it('reach httpbin in their own namespace, and are refused by the one across, whose listener serves its own before and after', async () => {
      for (const [home, across] of [['foo', 'bar'], ['bar', 'foo']] as const) {
        const server = part(servers, across);
        const before = await part(clients, `${across}->${across}`).get('/html');
        assert.equal(before.status, 200);
        assert.match(before.body, /Herman Melville - Moby-Dick/);
        const errors = await server.stat('ssl.fail_verify_error');
        const refused = await part(clients, `${home}->${across}`).get('/html');
        assert.equal(refused.status, 503);
        assert.match(refused.body, /TLS|reset|connection/i);
        await until(async () => (await server.stat('ssl.fail_verify_error')) > errors, { what: `ssl.fail_verify_error of httpbin in ${across} to rise` });
        assert.equal((await part(clients, `${across}->${across}`).get('/html')).status, 200);
      }
    });

    it('renew twice, each time with a new serial, and still reach each other', async () => {
      const serials = await Promise.all(Object.values(agents).map((each) => each.serials(3)));
      for (const each of serials) assert.equal(new Set(each).size, 3);
      for (const namespace of ['foo', 'bar']) {
        await until(async () => (await part(clients, `${namespace}->${namespace}`).get('/html')).status === 200, { what: `httpbin in ${namespace} to answer after the renewals` });
      }
    });

    it('have certificates that openssl, Go and zlint have no word against', async () => {
      const { data = {} } = await mesh.controlPlane.api.get<{ data?: { mesh?: string } }>('/api/v1/namespaces/istio-system/configmaps/signet-mesh');
      const { caCertificates } = parse(data.mesh ?? '') as { caCertificates: { pem: string; certSigners: string[] }[] };
      const rootsOf = (signer: string): string => caCertificates.find(({ certSigners }) => certSigners[0] === `${SIGNER_DOMAIN}/${signer}`)?.pem ?? '';
      const workloads = await Promise.all(Object.entries(agents).map(async ([name, each]) => ({ name, chain: withoutRoot(await readFile(each.certChain, 'utf8')), roots: rootsOf(name.split('/')[0] ?? '') })));
      const istiod = { name: 'istiod', chain: (await mesh.istiod.servingCertificate()).toString(), roots: rootsOf('istio-system'), dnsName: 'istiod.istio-system.svc' };
      const verdicts = await judge([...workloads, istiod]);
      assert.equal(verdicts.length, 5);
      assert.deepEqual(verdicts.filter(({ objections }) => objections.length > 0), []);
    });
  });

  it('a workload of bar that asks for signer foo gets nothing, and Event, metric and log say why; asking for bar it is served', async () => {
    const failed = (): Promise<number> => mesh.signet.metric('signet_requests_total', `${SIGNER_DOMAIN}/foo`, 'outcome="failed"', 'PolicyViolation');
    const before = await failed();
    const thief = await agent('bar', 'thief', { certSigner: 'foo' });
    await until(async () => (await failed()) > before, { what: 'signet_requests_total of signer foo to count the refusal' });
    const violation = /namespace: found "bar", allowed only namespaces that signer/;
    await until(async () => (await events(mesh)).some(({ reason, message }) => reason === 'PolicyViolation' && violation.test(message)), { what: 'the Event that says why' });
    const line = mesh.signet.log().find(({ message, signer, violations }) => message === 'failed' && signer === `${SIGNER_DOMAIN}/foo` && JSON.stringify(violations).includes('bar'));
    assert.ok(line !== undefined, 'the log has no line about it');
    assert.equal(await thief.certificate(), undefined);
    assert.doesNotMatch(thief.log(), /BEGIN CERTIFICATE/);
    await thief.stop();

    const honest = await agent('bar', 'thief', { certSigner: 'bar' });
    assert.equal((await honest.waitForCertificate()).subjectAltName, 'URI:spiffe://cluster.local/ns/bar/sa/thief');
    await honest.stop();
  });

  it('a request that is under way when Signet restarts is answered by the next Signet', async () => {
    await mesh.signet.kill();
    const waiting = await agent('foo', 'patient-1');
    await approvedAndUnsigned(mesh);
    await mesh.signet.start();
    assert.equal((await waiting.waitForCertificate()).subjectAltName, 'URI:spiffe://cluster.local/ns/foo/sa/patient-1');
    await waiting.stop();
  });

  it('a request that is under way when istiod restarts comes right', async () => {
    await mesh.signet.process.freeze();
    const waiting = await agent('foo', 'patient-2');
    await approvedAndUnsigned(mesh);
    await mesh.istiod.restart();
    mesh.signet.process.thaw();
    await mesh.istiod.ready();
    assert.equal((await waiting.waitForCertificate({ seconds: 120 })).subjectAltName, 'URI:spiffe://cluster.local/ns/foo/sa/patient-2');
    await waiting.stop();
  });

  it('a request that is under way when the API server dies comes right once it is back', async () => {
    await mesh.signet.process.freeze();
    const waiting = await agent('foo', 'patient-3');
    await approvedAndUnsigned(mesh);
    await mesh.controlPlane.kill();
    mesh.signet.process.thaw();
    await mesh.controlPlane.restart();
    await mesh.istiod.ready({ seconds: 120 });
    assert.equal((await waiting.waitForCertificate({ seconds: 180 })).subjectAltName, 'URI:spiffe://cluster.local/ns/foo/sa/patient-3');
    assert.equal(mesh.signet.process.running, true);
    await waiting.stop();
    console.log(`istiod ended on its own and was started again ${mesh.istiod.restarts} times (istio#61829: it panics when the API server dies while a request is unsigned)`);
  });
});

/** A request of istiod's that is approved and waits for its certificate. */
async function approvedAndUnsigned({ controlPlane }: Mesh): Promise<void> {
  const isWaiting = ({ status }: Csr): boolean => status?.certificate === undefined && status?.conditions?.some(({ type }) => type === 'Approved') === true;
  await until(async () => (await controlPlane.api.list<Csr>(CSRS)).some(isWaiting), { what: 'a request to be approved and not signed' });
}

async function events({ controlPlane }: Mesh): Promise<Event[]> {
  return controlPlane.api.list<Event>('/api/v1/namespaces/default/events');
}

/** istiod appends the root to what it hands on; a verifier has it already. */
function withoutRoot(chain: string): string {
  const certificates = chain.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g) ?? [];
  return certificates.filter((pem) => {
    const { subject, issuer } = new X509Certificate(pem);
    return subject !== issuer;
  }).join('');
}

function part<T>(parts: Readonly<Record<string, T>>, name: string): T {
  const found = parts[name];
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}
