// What Signet does on a Kubernetes API, told to whichever `open` starts: the sandbox and the real server. The whole of `run` is wired
// in this process; requests are made as the users that would make them.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../src/adapters/kubernetes/connection.ts';
import { createLog } from '../../src/adapters/log.ts';
import { startApp, type App } from '../../src/app.ts';
import { parseConfig, type Config } from '../../src/config.ts';
import { rbacObjects } from '../../src/config/rbac.ts';
import { kubeconfigText } from '../../src/sandbox/kubeconfig.ts';
import { secretFiles, testRoot, type TestAuthority } from '../support/authority.ts';
import { testKey } from '../support/keys.ts';
import { commonName, csrPem, dns, ISTIOD, otherName, spiffe, type RequestShape } from '../support/requests.ts';
import { connectTo, type Client, type Target, type User } from './client.ts';

type Condition = { type: string; status: string; reason: string; message: string };
type Csr = { metadata: { name: string; uid: string; resourceVersion: string; annotations?: Record<string, string> }; spec: object; status?: { conditions?: Condition[]; certificate?: string } };

const DOMAIN = 'clusterissuers.cert-manager.io';
const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const USAGES = ['digital signature', 'key encipherment', 'server auth', 'client auth'];
const CONFIG = `
requesters:
  - { user: ${ISTIOD}, approves: true, vouches: { namespaces: ["*"] } }
signers:
  - { name: ${DOMAIN}/foo, ca: { secret: cert-manager/foo-ca }, allow: { namespaces: foo }, lifetime: { default: 1h, max: 2h } }
  - { name: ${DOMAIN}/bar, ca: { secret: cert-manager/bar-ca }, allow: { namespaces: bar } }
  - { name: ${DOMAIN}/late, ca: { secret: cert-manager/late-ca }, allow: { namespaces: late } }
  - { name: ${DOMAIN}/external, ca: { secret: cert-manager/external-ca }, approval: external, allow: { namespaces: foo } }
publish: { meshConfig: { configMap: istio-system/signet-mesh } }
http: { address: "127.0.0.1:0" }
`;

export function signerContract(name: string, open: () => Promise<Target>): void {
  describe(name, () => {
    const stop = new AbortController();
    let target: Target;
    let client: Client;
    let app: App;
    const validity = { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 3650 * 86_400_000) };
    const cas = Object.fromEntries(['foo', 'bar', 'late', 'external'].map((each) => [each, testRoot({ name: `${each} root`, key: testKey('P-256', `${each}-ca`), ...validity })])) as Record<string, TestAuthority>;

    before(async () => {
      target = await open();
      client = connectTo(target);
      const config = valid(CONFIG);
      await furnish(client, config);
      for (const tenant of ['foo', 'bar', 'external']) await putCa(tenant);
      const token = ((await ok(client.call('POST', '/api/v1/namespaces/signet-system/serviceaccounts/signet/token', { body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} } }))) as { status: { token: string } }).status.token;
      const log = createLog({ write: () => undefined, now: () => new Date() });
      const connection = await connect({ kubeconfigText: kubeconfigText({ url: target.url, ca: target.ca, user: 'signet', token }), env: {}, userAgent: 'signet-test', log });
      app = await startApp({ config, connection, namespace: 'signet-system', version: 'test', log }, stop.signal);
      await until(() => Promise.resolve(app.missing().length === 0), 'Signet to be ready');
    });
    after(async () => {
      stop.abort();
      await app?.ended;
      await client?.[Symbol.asyncDispose]();
      await target?.stop();
    });

    it('approves and signs the request of a service account for its own identity, in one write each, and says so on the object', async () => {
      const done = await decided(await create('foo', { names: [spiffe('foo', 'web')] }, { as: account('foo', 'web') }));
      const [approved] = done.status?.conditions ?? [];
      assert.equal(approved?.type, 'Approved');
      assert.equal(approved.reason, 'PolicyAllowed');
      const certificate = certificateOf(done);
      assert.equal(certificate.subjectAltName, 'URI:spiffe://cluster.local/ns/foo/sa/web');
      assert.ok(certificate.verify(publicKeyOf('foo')));
      assert.deepEqual(Object.keys(done.metadata.annotations ?? {}).filter((key) => key.startsWith('signet.dev/')).sort(), ['signet.dev/ca-sha256', 'signet.dev/decision', 'signet.dev/policy', 'signet.dev/serial']);
      assert.equal(done.metadata.annotations?.['signet.dev/serial'], certificate.serialNumber.toLowerCase());
      assert.equal(done.metadata.annotations?.['signet.dev/ca-sha256'], cas['foo']?.certificate.fingerprint);
    });

    it('never writes to a request of istiod\'s before istiod has approved it, and signs it then', async () => {
      const created = await create('foo', { names: [spiffe('foo')] }, { as: istiod() });
      // Another request, made later and answered, shows that Signet has looked at the first one.
      await decided(await create('bar', { names: [spiffe('bar', 'web')] }, { as: account('bar', 'web') }));
      assert.equal((await read(created)).metadata.resourceVersion, created.metadata.resourceVersion);
      const done = await decided(await approve(created, istiod()));
      assert.ok(certificateOf(done).verify(publicKeyOf('foo')));
    });

    it('clamps a lifetime to the signer\'s max and takes its default where none is asked for', async () => {
      const long = await decided(await approve(await create('foo', { names: [spiffe('foo')] }, { as: istiod(), expirationSeconds: 315_360_000 }), istiod()));
      assert.equal(hours(long), 2);
      assert.match(long.metadata.annotations?.['signet.dev/decision'] ?? '', /lifetime 87600h clamped to 2h/);
      const plain = await decided(await approve(await create('foo', { names: [spiffe('foo')] }, { as: istiod() }), istiod()));
      assert.equal(hours(plain), 1);
    });

    for (const [title, theft, twin] of [
      ['a workload of another namespace', { names: [spiffe('bar')] }, { names: [spiffe('foo')] }],
      ['two identities', { names: [spiffe('foo'), spiffe('foo', 'other')] }, { names: [spiffe('foo', 'other')] }],
      ['a DNS name', { names: [dns('foo.example')] }, { names: [spiffe('foo')] }],
      ['an otherName', { names: [spiffe('foo'), otherName('spiffe://cluster.local/ns/bar/sa/app')] }, { names: [spiffe('foo')] }],
      ['no name at all', { names: [] }, { names: [spiffe('foo')] }],
      ['a common name', { names: [spiffe('foo')], subject: commonName('admin') }, { names: [spiffe('foo')] }],
    ] as [string, RequestShape, RequestShape][]) {
      it(`refuses istiod ${title} of signer foo though it is approved, and signs its twin`, async () => {
        const failed = await decided(await approve(await create('foo', theft, { as: istiod() }), istiod()));
        const condition = failed.status?.conditions?.find(({ type }) => type === 'Failed');
        assert.equal(condition?.reason, 'PolicyViolation', JSON.stringify(failed.status));
        assert.equal(failed.status?.certificate, undefined);
        assert.equal(failed.metadata.annotations?.['signet.dev/decision'], 'failed');
        assert.ok(certificateOf(await decided(await approve(await create('foo', twin, { as: istiod() }), istiod()))).verify(publicKeyOf('foo')));
      });
    }

    it('denies a service account every name but its own, and the message names what would be believed', async () => {
      const denied = await decided(await create('foo', { names: [spiffe('foo', 'web')] }, { as: account('foo', 'thief') }));
      const condition = denied.status?.conditions?.find(({ type }) => type === 'Denied');
      assert.equal(condition?.reason, 'PolicyViolation');
      assert.match(condition.message, /"system:serviceaccount:foo:thief" asking for "URI:spiffe:\/\/cluster\.local\/ns\/foo\/sa\/web"/);
      assert.ok(certificateOf(await decided(await create('foo', { names: [spiffe('foo', 'thief')] }, { as: account('foo', 'thief') }))));
    });

    it('denies an istiod that is not listed at once, and names the line that is missing', async () => {
      const denied = await decided(await create('foo', { names: [spiffe('foo')] }, { as: account('istio-system', 'istiod-canary') }));
      assert.match(denied.status?.conditions?.[0]?.message ?? '', /add under requesters: - \{ user: "system:serviceaccount:istio-system:istiod-canary", approves: true, vouches: /);
    });

    it('refuses a request that only a lenient reader would take, and signs it written strictly', async () => {
      const names = [spiffe('foo', 'web')];
      const lenient = await decided(await create('foo', { names }, { as: account('foo', 'web'), pem: (pem) => `a comment\n${pem}` }));
      assert.equal(lenient.status?.conditions?.find(({ type }) => type === 'Denied')?.reason, 'InvalidRequest', JSON.stringify(lenient.status));
      assert.ok(certificateOf(await decided(await create('foo', { names }, { as: account('foo', 'web') }))));
    });

    it('refuses a usage that makes a CA of a leaf, and signs without it', async () => {
      const names = [spiffe('foo', 'web')];
      const denied = await decided(await create('foo', { names }, { as: account('foo', 'web'), usages: [...USAGES, 'cert sign'] }));
      assert.match(denied.status?.conditions?.[0]?.message ?? '', /spec\.usages: found "cert sign"/);
      assert.ok(certificateOf(await decided(await create('foo', { names }, { as: account('foo', 'web') }))));
    });

    it('leaves requests of other signers alone, and tells the requester of a signer that is nowhere in its domain', async () => {
      const foreign = await create('foo', { names: [spiffe('foo', 'web')] }, { as: account('foo', 'web'), signerName: 'example.com/foo' });
      const mistyped = await create('fooo', { names: [spiffe('foo', 'web')] }, { as: account('foo', 'web') });
      const told = await event(mistyped.metadata.uid);
      assert.equal(told.reason, 'SignerNotFound');
      assert.match(told.message, /clusterissuers\.cert-manager\.io\/fooo" is not in the configuration/);
      const page = await (await fetch(`http://127.0.0.1:${app.http.port}/metrics`)).text();
      assert.match(page, /^signet_requests_total\{signer="other",outcome="unserved",reason="SignerNotFound"\} 1$/m);
      for (const each of [foreign, mistyped]) assert.equal((await read(each)).metadata.resourceVersion, each.metadata.resourceVersion);
    });

    it('waits for somebody else\'s approval where approval is external, and signs then', async () => {
      const created = await create('external', { names: [spiffe('foo', 'web')] }, { as: account('foo', 'web') });
      await decided(await create('bar', { names: [spiffe('bar', 'web')] }, { as: account('bar', 'web') }));
      assert.equal((await read(created)).metadata.resourceVersion, created.metadata.resourceVersion);
      assert.ok(certificateOf(await decided(await approve(created, { user: 'approver' }))).verify(publicKeyOf('external')));
    });

    it('fails what an approver approved against the policy, and signs what it approved within it', async () => {
      const against = await decided(await approve(await create('external', { names: [spiffe('bar', 'web')] }, { as: account('bar', 'web') }), { user: 'approver' }));
      assert.equal(against.status?.conditions?.find(({ type }) => type === 'Failed')?.reason, 'PolicyViolation');
      assert.ok(certificateOf(await decided(await approve(await create('external', { names: [spiffe('foo', 'web')] }, { as: account('foo', 'web') }), { user: 'approver' }))));
    });

    it('lets a request wait for a CA that is not there yet, says so in an Event, and serves it when the CA comes', async () => {
      const created = await approve(await create('late', { names: [spiffe('late')] }, { as: istiod() }), istiod());
      assert.equal((await event(created.metadata.uid)).reason, 'CertificateAuthorityUnavailable');
      assert.equal((await read(created)).status?.conditions?.length, 1, 'only Approved');
      await putCa('late');
      assert.ok(certificateOf(await decided(created)).verify(publicKeyOf('late')));
    });

    it('publishes the root of every signer, and puts a change by another hand right', async () => {
      const path = '/api/v1/namespaces/istio-system/configmaps/signet-mesh';
      const mesh = async (): Promise<string> => ((await ok(client.call('GET', path))) as { data?: { mesh?: string } }).data?.mesh ?? '';
      const whole = async (): Promise<boolean> => ['foo', 'bar', 'late', 'external'].every(((text) => (each: string) => text.includes(`- ${DOMAIN}/${each}`))(await mesh()));
      await until(whole, 'all roots to be published');
      const text = await mesh();
      await ok(client.call('PATCH', path, { body: { data: { mesh: 'caCertificates: []' } }, type: 'application/merge-patch+json' }));
      await until(async () => (await mesh()) === text, 'the change to be put right');
    });

    function valid(text: string): Config {
      const parsed = parseConfig(text);
      assert.ok(parsed.ok, JSON.stringify(parsed));
      return parsed.config;
    }

    async function putCa(tenant: string): Promise<void> {
      const data = Object.fromEntries(Object.entries(secretFiles(cas[tenant] as TestAuthority)).map(([key, value]) => [key, value.toString('base64')]));
      await ok(client.call('POST', '/api/v1/namespaces/cert-manager/secrets', { body: { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: { name: `${tenant}-ca` }, data } }));
    }

    function publicKeyOf(tenant: string): X509Certificate['publicKey'] {
      return new X509Certificate((cas[tenant] as TestAuthority).certificate.der).publicKey;
    }

    type Created = { as: User; usages?: string[]; expirationSeconds?: number; signerName?: string; pem?: (pem: string) => string };
    async function create(signer: string, shape: RequestShape, { as, usages = USAGES, expirationSeconds, signerName = `${DOMAIN}/${signer}`, pem = (text) => text }: Created): Promise<Csr> {
      const spec = { signerName, usages, request: Buffer.from(pem(csrPem(shape))).toString('base64'), ...(expirationSeconds === undefined ? {} : { expirationSeconds }) };
      return (await ok(client.call('POST', CSRS, { as, body: { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { generateName: 'csr-' }, spec } }))) as Csr;
    }

    async function approve(csr: Csr, as: User): Promise<Csr> {
      const conditions = [{ type: 'Approved', status: 'True', reason: 'Test', message: 'approved' }];
      return (await ok(client.call('PUT', `${CSRS}/${csr.metadata.name}/approval`, { as, body: { ...csr, status: { conditions } } }))) as Csr;
    }

    async function read(csr: Csr): Promise<Csr> {
      return (await ok(client.call('GET', `${CSRS}/${csr.metadata.name}`))) as Csr;
    }

    /** The request once it has a certificate, or was denied or failed. */
    async function decided(csr: Csr): Promise<Csr> {
      let last = csr;
      await until(async () => {
        last = await read(csr);
        return last.status?.certificate !== undefined || last.status?.conditions?.some(({ type }) => type === 'Denied' || type === 'Failed') === true;
      }, () => `a decision about ${JSON.stringify(last)}`);
      return last;
    }

    /** The Event about this object, once it is there. */
    async function event(uid: string): Promise<{ reason: string; message: string }> {
      type Event = { involvedObject: { uid?: string }; reason: string; message: string };
      let found: Event | undefined;
      await until(async () => {
        const { items } = (await ok(client.call('GET', '/api/v1/namespaces/default/events'))) as { items: Event[] };
        found = items.find(({ involvedObject }) => involvedObject.uid === uid);
        return found !== undefined;
      }, `an Event about ${uid}`);
      return found as unknown as Event;
    }
  });
}

async function furnish(client: Client, config: Config): Promise<void> {
  for (const name of ['signet-system', 'cert-manager', 'istio-system', 'foo', 'bar', 'late']) await ok(client.call('POST', '/api/v1/namespaces', { body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } }));
  await ok(client.call('POST', '/api/v1/namespaces/signet-system/serviceaccounts', { body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'signet' } } }));
  await ok(client.call('POST', '/api/v1/namespaces/istio-system/configmaps', { body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'signet-mesh' } } }));
  const apiGroups = ['certificates.k8s.io'];
  const group = 'rbac.authorization.k8s.io';
  const requesting = [{ apiGroups, resources: ['certificatesigningrequests'], verbs: ['create', 'get', 'watch', 'delete'] }];
  const approving = [{ apiGroups, resources: ['certificatesigningrequests/approval'], verbs: ['update'] }, { apiGroups, resources: ['signers'], resourceNames: [`${DOMAIN}/*`], verbs: ['approve'] }];
  const role = (name: string, rules: object[], subjects: object[]): object[] => [
    { apiVersion: `${group}/v1`, kind: 'ClusterRole', metadata: { name }, rules },
    { apiVersion: `${group}/v1`, kind: 'ClusterRoleBinding', metadata: { name }, roleRef: { apiGroup: group, kind: 'ClusterRole', name }, subjects },
  ];
  const objects = [
    ...role('requesters', requesting, [{ kind: 'Group', apiGroup: group, name: 'system:serviceaccounts' }]),
    ...role('approvers', approving, [ISTIOD, 'approver'].map((name) => ({ kind: 'User', apiGroup: group, name }))),
    ...rbacObjects(config),
  ] as { apiVersion: string; kind: string; metadata: { namespace?: string } }[];
  for (const object of objects) {
    const scope = object.metadata.namespace === undefined ? '' : `/namespaces/${object.metadata.namespace}`;
    await ok(client.call('POST', `/apis/${object.apiVersion}${scope}/${object.kind.toLowerCase()}s`, { body: object }));
  }
}

function istiod(): User {
  return { user: ISTIOD, groups: ['system:serviceaccounts', 'system:authenticated'] };
}

function account(namespace: string, name: string): User {
  return { user: `system:serviceaccount:${namespace}:${name}`, groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'] };
}

function certificateOf({ status }: Csr): X509Certificate {
  assert.ok(status?.certificate !== undefined, `no certificate: ${JSON.stringify(status)}`);
  return new X509Certificate(Buffer.from(status.certificate, 'base64'));
}

/** Hours from now to its end, rounded: notBefore is backdated. */
function hours(csr: Csr): number {
  return Math.round((Date.parse(certificateOf(csr).validTo) - Date.now()) / 3_600_000);
}

async function ok(answer: Promise<{ status: number; body: unknown }>): Promise<unknown> {
  const { status, body } = await answer;
  assert.ok(status >= 200 && status < 300, `${status}: ${JSON.stringify(body)}`);
  return body;
}

async function until(condition: () => Promise<boolean>, what: string | (() => string), seconds = 20): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, `waited ${seconds} s for ${typeof what === 'string' ? what : what()}`);
    await sleep(10);
  }
}
