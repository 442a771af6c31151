// The admission webhook under a real istiod: the reason in milliseconds, and nothing that fails because of it.
import assert from 'node:assert/strict';
import { randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { loadPair } from '../../src/adapters/authorities/pair.ts';
import { newServingCertificate } from '../../src/adapters/webhook/serving-certificate.ts';
import { secretFiles, testRoot } from '../support/authority.ts';
import { validNow } from '../support/clock.ts';
import { SIGNER_DOMAIN, startMesh, type Mesh } from '../support/mesh.ts';
import { sumOf } from '../support/metrics-page.ts';
import { median } from '../support/quantiles.ts';
import { csrPem, dns, spiffe } from '../support/requests.ts';
import { startAgent } from '../support/rig/agent.ts';
import { ApiError, apiClient, type Api, type KubernetesObject } from '../support/rig/api.ts';
import { CaError, caClient, type CaClient } from '../support/rig/ca-client.ts';
import { freePorts } from '../support/rig/ports.ts';
import { startProcess } from '../support/rig/process.ts';
import { until } from '../support/rig/until.ts';

const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const CONFIGURATION = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/signet';
const MANIFEST = join(import.meta.dirname, '../../manifests/components/webhook/validatingwebhookconfiguration.yaml');
const USAGES = ['digital signature', 'key encipherment', 'server auth', 'client auth'];
const REFUSAL = /namespace: found "bar", allowed only namespaces that signer "clusterissuers\.cert-manager\.io\/foo" serves/;

type Csr = KubernetesObject & { metadata: { name: string }; status?: { certificate?: string; conditions?: { type: string; message?: string }[] } };
type Configuration = KubernetesObject & { webhooks: { clientConfig: { url?: string; caBundle?: string; service?: object }; matchConditions: { name: string; expression: string }[]; [key: string]: unknown }[] };

describe('the admission webhook under a real istiod', () => {
  let mesh: Mesh;
  let ca: CaClient;
  let istiod: Api;
  let port: number;
  let thief: string;
  const parts: AsyncDisposable[] = [];

  before(async () => {
    [port] = (await freePorts(1)) as [number];
    // istiod's own certificate lives for half a minute, so that it renews while the test looks on.
    const edit = (config: string): string => config.replace('istio-ca-selfsigned }', 'istio-ca-selfsigned }\n    lifetime: { max: 30s }').concat(`webhook: { address: "127.0.0.1:${port}" }\n`);
    mesh = await startMesh({ edit });
    parts.unshift(mesh);
    ca = caClient({ istiod: mesh.istiod, rootCertPem: await mesh.istiod.rootCertPem() });
    const { controlPlane } = mesh;
    await controlPlane.serviceAccounts('bar/thief', 'bar/honest');
    thief = await controlPlane.serviceAccountToken('bar', 'thief', { audiences: ['istio-ca'] });
    istiod = apiClient({ url: controlPlane.url, caPem: controlPlane.caPem, token: await controlPlane.serviceAccountToken('istio-system', 'istiod') });
    await controlPlane.api.create(configuration(`https://127.0.0.1:${port}/review`));
    await inForce();
  });
  after(async () => {
    ca?.[Symbol.dispose]();
    istiod?.close();
    for (const part of parts) await part[Symbol.asyncDispose]();
  });

  const create = (names: Parameters<typeof csrPem>[0], { signer = 'foo', dryRun = false, domain = SIGNER_DOMAIN } = {}): Promise<Csr> =>
    istiod.call<Csr>('POST', `${CSRS}${dryRun ? '?dryRun=All' : ''}`, csr(`${domain}/${signer}`, names));
  const steal = (): Promise<string[]> => ca.createCertificate({ csr: csrPem({ names: [spiffe('bar', 'thief')] }), certSigner: 'foo', token: thief });
  /** Until the API server calls the endpoint that the configuration names now, and believes it. */
  const inForce = (): Promise<boolean> => until(() => create({ names: [spiffe('bar')] }, { dryRun: true }).then(() => false, (error: unknown) => error instanceof ApiError && error.status === 403), { what: 'the webhook to be in force' });
  const reviews = (verdict: string): Promise<number> => mesh.signet.metric('signet_webhook_reviews_total', `signer="${SIGNER_DOMAIN}/foo"`, `verdict="${verdict}"`);
  const point = async (url: string): Promise<void> => {
    await mesh.controlPlane.api.call('PATCH', CONFIGURATION, [{ op: 'replace', path: '/webhooks/0/clientConfig/url', value: url }], 'application/json-patch+json');
  };
  /** What istiod could not get signed, by its own count. */
  const signErrors = async (): Promise<number> => sumOf(await mesh.istiod.metrics(), 'citadel_server_csr_sign_err_count');

  it('is told to the API server by Signet: its CA, and the signers to ask for; all else stays as the manifest has it', async () => {
    const [found] = (await mesh.controlPlane.api.get<Configuration>(CONFIGURATION)).webhooks;
    const [written] = configuration(`https://127.0.0.1:${port}/review`).webhooks;
    assert.ok(found !== undefined && written !== undefined);
    const { caBundle = '', ...client } = found.clientConfig;
    assert.deepEqual(client, written.clientConfig);
    assert.equal(new X509Certificate(Buffer.from(caBundle, 'base64')).ca, true);
    assert.deepEqual(found.matchConditions, [{ name: 'served', expression: `object.spec.signerName in [${['bar', 'foo', 'istio-system'].map((name) => `"${SIGNER_DOMAIN}/${name}"`).join(', ')}]` }]);
    for (const key of ['failurePolicy', 'timeoutSeconds', 'sideEffects', 'rules', 'admissionReviewVersions']) assert.deepEqual(found[key], written[key], key);
  });

  it('gives twenty thieves the reason through istiod, in a median of less than 100 ms, and serves them at their own signer', async (context) => {
    const [before, errors] = [await reviews('refused'), await signErrors()];
    const times: number[] = [];
    for (let i = 0; i < 20; i++) {
      const started = performance.now();
      await assert.rejects(steal(), (error: unknown) => {
        assert.ok(error instanceof CaError, String(error));
        assert.match(error.message, REFUSAL);
        assert.match(error.message, /admission webhook "requests\.signet\.dev" denied the request/);
        return true;
      });
      times.push(performance.now() - started);
    }
    context.diagnostic(`median ${median(times).toFixed(1)} ms, slowest ${Math.max(...times).toFixed(1)} ms`);
    assert.ok(median(times) < 100, `the median is ${median(times)} ms: ${times.map(Math.round).join(', ')}`);
    assert.deepEqual([(await reviews('refused')) - before, (await signErrors()) - errors], [20, 20]);
    // Not created, so there is nothing to deny, to fail or to clean up.
    assert.equal((await mesh.controlPlane.api.list<Csr>(CSRS)).filter(({ status }) => status?.conditions?.some(({ type }) => type === 'Failed')).length, 0);

    const honest = await ca.createCertificate({ csr: csrPem({ names: [spiffe('bar', 'thief')] }), certSigner: 'bar', token: thief });
    assert.equal(new X509Certificate(honest[0] ?? '').subjectAltName, 'URI:spiffe://cluster.local/ns/bar/sa/thief');
  });

  it('says what the condition would have said', async () => {
    const quick = await create({ names: [spiffe('bar')] }).then(() => '', (error: unknown) => String((error as Error).message));
    await point('https://127.0.0.1:1/review');
    try {
      const created = await until(() => create({ names: [spiffe('bar')] }).catch(() => false as const), { what: 'the API server to go on without the webhook' });
      await approve(istiod, created);
      const failed = await until(async () => mesh.controlPlane.api.get<Csr>(`${CSRS}/${created.metadata.name}`).then(({ status }) => status?.conditions?.find(({ type }) => type === 'Failed')), { what: 'the request to be failed' });
      assert.ok(failed.message !== undefined && quick.endsWith(`denied the request: ${failed.message}`), `${quick}\n${failed.message}`);
    } finally {
      await point(`https://127.0.0.1:${port}/review`);
      await inForce();
    }
  });

  it('refuses a dry run too, and does not count it', async () => {
    const before = [await reviews('refused'), await reviews('allowed')];
    await assert.rejects(create({ names: [spiffe('bar')] }, { dryRun: true }), REFUSAL);
    await create({ names: [spiffe('foo')] }, { dryRun: true });
    assert.deepEqual([await reviews('refused'), await reviews('allowed')], before);
  });

  it('is not asked about requests for other signers', async () => {
    const total = (): Promise<number> => mesh.signet.metrics().then((page) => sumOf(page, 'signet_webhook_reviews_total'));
    const before = await total();
    const { metadata } = await create({ names: [spiffe('bar')] }, { domain: 'other.example' });
    assert.equal(await total(), before);
    await mesh.controlPlane.api.delete(`${CSRS}/${metadata.name}`);
  });

  it('never refuses istiod a request by DNS names alone, whatever the policy says of them, and one for a workload it does', async () => {
    const { metadata } = await create({ names: [dns('istiod.elsewhere.svc')] });
    await mesh.controlPlane.api.delete(`${CSRS}/${metadata.name}`);
    await assert.rejects(create({ names: [dns('istiod.elsewhere.svc'), spiffe('bar')] }), /admission webhook .* denied the request/);
  });

  it('is told who asks by what spec.username will be, with the name that the object will have', async () => {
    const reviews: { request: { userInfo: { username: string }; object: Csr & { spec: { username?: string } } } }[] = [];
    const files = secretFiles(testRoot({ name: '127.0.0.1', ...validNow() }));
    const loaded = loadPair(files, { anchor: 'root' });
    assert.ok(loaded.ok);
    const { key, cert } = await newServingCertificate(loaded.pair, [{ type: 'ip', value: '127.0.0.1' }], { now: new Date(), randomBytes, seconds: 3600 });
    const server = await listening(createServer({ key, cert }, (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const review = JSON.parse(body) as (typeof reviews)[number] & { request: { uid: string } };
        reviews.push(review);
        response.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid: review.request.uid, allowed: true } }));
      });
    }));
    const manifest = configuration(`https://127.0.0.1:${(server.address() as AddressInfo).port}/review`);
    const webhooks = manifest.webhooks.map((webhook) => ({ ...webhook, name: 'probe.signet.test', matchConditions: [], clientConfig: { ...webhook.clientConfig, caBundle: Buffer.from(files['tls.crt']).toString('base64') } }));
    await mesh.controlPlane.api.create({ ...manifest, metadata: { name: 'probe' }, webhooks } as KubernetesObject);
    try {
      await until(() => create({ names: [spiffe('foo')] }, { dryRun: true }).then(() => reviews.length > 0), { what: 'the probe to be asked' });
      const created = await create({ names: [spiffe('foo')] });
      const { userInfo, object } = reviews.at(-1)?.request ?? assert.fail();
      assert.equal(userInfo.username, 'system:serviceaccount:istio-system:istiod');
      assert.equal(object.spec.username, userInfo.username);
      assert.equal(object.metadata.name, created.metadata.name);
    } finally {
      await mesh.controlPlane.api.delete(CONFIGURATION.replace(/signet$/, 'probe'));
      server.close();
    }
  });

  it('is put right by Signet after somebody has applied its manifest anew', async () => {
    const manifest = configuration(`https://127.0.0.1:${port}/review`);
    const { metadata } = await mesh.controlPlane.api.get<Configuration>(CONFIGURATION);
    await mesh.controlPlane.api.call('PUT', CONFIGURATION, { ...manifest, metadata: { ...metadata, managedFields: undefined } });
    await until(async () => ((await mesh.controlPlane.api.get<Configuration>(CONFIGURATION)).webhooks[0]?.clientConfig.caBundle ?? '') !== '', { what: 'the CA to be there again' });
    await inForce();
  });

  describe('when it does not answer', () => {
    const troubles: { readonly what: string; readonly set: () => Promise<string>; end?: () => Promise<void> }[] = [
      { what: 'its endpoint refuses connections', set: async () => `https://127.0.0.1:${((await freePorts(1)) as [number])[0]}/review` },
      {
        what: 'its endpoint is frozen',
        set: async () => {
          const [free] = (await freePorts(1)) as [number];
          const script = `require('node:net').createServer(() => {}).listen(${free}, '127.0.0.1', () => console.log('listening'))`;
          const endpoint = await startProcess({ name: 'endpoint', command: process.execPath, args: ['-e', script], log: join(mesh.controlPlane.dir, 'endpoint.log') });
          parts.unshift(endpoint);
          await until(() => /^listening$/m.test(endpoint.output()), { what: 'the endpoint to listen', process: endpoint });
          await endpoint.freeze();
          return `https://127.0.0.1:${free}/review`;
        },
      },
      {
        what: 'its endpoint has a certificate of another CA',
        set: async () => {
          const files = secretFiles(testRoot({ name: 'stranger', ...validNow() }));
          const server = await listening(createServer({ cert: files['tls.crt'], key: files['tls.key'] }, (_, response) => response.end()));
          parts.unshift({ [Symbol.asyncDispose]: async () => void server.close() });
          return `https://127.0.0.1:${(server.address() as AddressInfo).port}/review`;
        },
      },
    ];

    for (const { what, set } of troubles) {
      it(`because ${what}, workloads get their certificates, istiod renews its own, and a thief still gets nothing`, async () => {
        await point(await set());
        // The thief is past the webhook: istiod waits for a certificate that does not come.
        await until(() => create({ names: [spiffe('bar')] }, { dryRun: true }).catch(() => false as const), { what: 'the API server to go on without the webhook' });
        const serving = (await mesh.istiod.servingCertificate()).serialNumber;
        const errors = await signErrors();
        for (let i = 0; i < 5; i++) {
          const [leaf = ''] = await ca.createCertificate({ csr: csrPem({ names: [spiffe('bar', 'thief')] }), certSigner: 'bar', token: thief });
          assert.equal(new X509Certificate(leaf).subjectAltName, 'URI:spiffe://cluster.local/ns/bar/sa/thief');
        }
        const agent = await startAgent({ controlPlane: mesh.controlPlane, istiod: mesh.istiod, namespace: 'bar', serviceAccount: 'honest' });
        parts.unshift(agent);
        assert.equal((await agent.waitForCertificate()).subjectAltName, 'URI:spiffe://cluster.local/ns/bar/sa/honest');
        await agent.stop();
        const stolen = await create({ names: [spiffe('bar')] });
        await approve(istiod, stolen);
        await until(async () => mesh.controlPlane.api.get<Csr>(`${CSRS}/${stolen.metadata.name}`).then(({ status }) => status?.conditions?.some(({ type, message }) => type === 'Failed' && REFUSAL.test(message ?? '')) === true), { what: 'the theft to be failed' });
        await until(async () => (await mesh.istiod.servingCertificate()).serialNumber !== serving, { what: 'istiod to renew its certificate', seconds: 60 });
        assert.deepEqual([mesh.istiod.restarts, await signErrors()], [0, errors]);
      });
    }

    it('because Signet itself is frozen, a request waits and is answered when it goes on', async () => {
      await point(`https://127.0.0.1:${port}/review`);
      await inForce();
      await mesh.signet.process.freeze();
      const created = await create({ names: [spiffe('foo')] });
      await approve(istiod, created);
      mesh.signet.process.thaw();
      await until(async () => mesh.controlPlane.api.get<Csr>(`${CSRS}/${created.metadata.name}`).then(({ status }) => status?.certificate !== undefined), { what: 'the certificate' });
      await assert.rejects(steal(), REFUSAL);
    });
  });

  it('goes on with the CA it has kept when Signet restarts', async () => {
    const bundle = async (): Promise<string | undefined> => (await mesh.controlPlane.api.get<Configuration>(CONFIGURATION)).webhooks[0]?.clientConfig.caBundle;
    const before = await bundle();
    await mesh.signet.stop();
    await mesh.signet.start();
    await mesh.signet.ready();
    await inForce();
    assert.equal(await bundle(), before);
    await assert.rejects(steal(), REFUSAL);
  });
});

function configuration(url: string): Configuration {
  const manifest = parse(readFileSync(MANIFEST, 'utf8')) as Configuration;
  // There is no network of Services here.
  return { ...manifest, webhooks: manifest.webhooks.map((webhook) => ({ ...webhook, clientConfig: { url } })) };
}

function csr(signerName: string, shape: Parameters<typeof csrPem>[0]): KubernetesObject {
  const request = Buffer.from(csrPem(shape)).toString('base64');
  return { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { generateName: 'csr-workload-' }, spec: { request, signerName, usages: USAGES } };
}

async function approve(api: Api, created: Csr): Promise<void> {
  const conditions = [{ type: 'Approved', status: 'True', reason: 'Test', message: 'as istiod would' }];
  await api.call('PUT', `${CSRS}/${created.metadata.name}/approval`, { ...created, status: { conditions } });
}

function listening(server: Server): Promise<Server> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}
