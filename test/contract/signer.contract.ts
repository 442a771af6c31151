// What Signet does on a Kubernetes API. Requests are made as the users that would make them.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { commonName, csrPem, dns, ISTIOD, otherName, spiffe, type RequestShape } from '../support/requests.ts';
import { until } from '../support/rig/until.ts';
import type { Target } from './client.ts';
import { CSRS } from './kubernetes/world.ts';
import { namespace, ok, startSignet, user, type Asked, type Csr, type Signet } from './signet.ts';

const DOMAIN = 'clusterissuers.cert-manager.io';
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
const OBJECTS = [namespace('istio-system'), { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'istio-system', name: 'signet-mesh' } }];
const ISTIOD_USER = user('istio-system', 'istiod');

export function signerContract(name: string, open: () => Promise<Target>): void {
  describe(name, () => {
    let target: Target;
    let signet: Signet;

    before(async () => {
      target = await open();
      signet = await startSignet(target, { config: CONFIG, objects: OBJECTS, late: ['late'] });
      await until(() => signet.app.missing().length === 0, { what: 'Signet to be ready' });
    });
    after(async () => {
      await signet?.stop();
      await target?.stop();
    });

    it('approves and signs the request of a service account for its own identity, in one write each, and says so on the object', async () => {
      const done = await decided(await create('foo', { names: [spiffe('foo', 'web')] }, { as: user('foo', 'web') }));
      const [approved] = done.status?.conditions ?? [];
      assert.equal(approved?.type, 'Approved');
      assert.equal(approved.reason, 'PolicyAllowed');
      const certificate = certificateOf(done);
      assert.equal(certificate.subjectAltName, 'URI:spiffe://cluster.local/ns/foo/sa/web');
      assert.ok(certificate.verify(publicKeyOf('foo')));
      assert.deepEqual(Object.keys(done.metadata.annotations ?? {}).filter((key) => key.startsWith('signet.dev/')).sort(), ['signet.dev/ca-sha256', 'signet.dev/decision', 'signet.dev/policy', 'signet.dev/serial']);
      assert.equal(done.metadata.annotations?.['signet.dev/serial'], certificate.serialNumber.toLowerCase());
      assert.equal(done.metadata.annotations?.['signet.dev/ca-sha256'], signet.cas['foo']?.certificate.fingerprint);
    });

    it('leaves on the object what others have written there, as little as is held in memory and as much as is read again', async () => {
      type Fields = { managedFields?: { manager: string }[] };
      const others = ({ metadata }: Csr): object => {
        const { annotations = {}, managedFields = [], ...rest } = metadata as Csr['metadata'] & Fields;
        return { ...rest, resourceVersion: '', annotations: Object.entries(annotations).filter(([key]) => !key.startsWith('signet.dev/')), managedFields: managedFields.filter(({ manager }) => manager !== 'signet') };
      };
      for (const note of ['short', 'long'.repeat(5_000)]) {
        const metadata = { generateName: 'csr-', labels: { team: 'a' }, annotations: { 'example.test/note': note }, finalizers: ['example.test/hold'], ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'web', uid: 'u-1' }] };
        const spec = { signerName: `${DOMAIN}/foo`, usages: ['digital signature', 'client auth'], request: Buffer.from(csrPem({ names: [spiffe('foo', 'web')] })).toString('base64') };
        const created = (await ok(signet.client.call('POST', CSRS, { as: user('foo', 'web'), body: { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata, spec } }))) as Csr;
        const done = await decided(created);
        assert.ok(certificateOf(done).verify(publicKeyOf('foo')));
        assert.deepEqual(others(done), others(created));
        assert.deepEqual(done.spec, created.spec);
        assert.equal(done.metadata.annotations?.['signet.dev/decision'], 'issued');
      }
    });

    it('answers a request whose annotations leave no room for its own, and leaves these away', async () => {
      const answer = async (names: NonNullable<RequestShape['names']>, room: number): Promise<Csr> => {
        const key = 'example.test/note';
        const metadata = { generateName: 'csr-', annotations: { [key]: 'x'.repeat(256 * 1024 - key.length - room) } };
        const spec = { signerName: `${DOMAIN}/foo`, usages: ['digital signature', 'client auth'], request: Buffer.from(csrPem({ names })).toString('base64') };
        return decided((await ok(signet.client.call('POST', CSRS, { as: user('foo', 'web'), body: { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata, spec } }))) as Csr);
      };
      const own = ({ metadata }: Csr): number => Object.keys(metadata.annotations ?? {}).filter((key) => key.startsWith('signet.dev/')).length;
      const [full, roomy] = [await answer([spiffe('foo', 'web')], 0), await answer([spiffe('foo', 'web')], 1_000)];
      for (const done of [full, roomy]) assert.ok(certificateOf(done).verify(publicKeyOf('foo')));
      assert.deepEqual([own(full), own(roomy)], [0, 4]);
      const refused = await answer([spiffe('bar', 'web')], 0);
      assert.deepEqual([refused.status?.conditions?.[0]?.type, own(refused)], ['Denied', 0]);
    });

    it('never writes to a request of istiod\'s before istiod has approved it, and signs it then', async () => {
      const created = await create('foo', { names: [spiffe('foo')] }, { as: ISTIOD_USER });
      // Another request, made later and answered, shows that Signet has looked at the first one.
      await decided(await create('bar', { names: [spiffe('bar', 'web')] }, { as: user('bar', 'web') }));
      assert.equal((await signet.read(created)).metadata.resourceVersion, created.metadata.resourceVersion);
      const done = await decided(await signet.approve(created, ISTIOD_USER));
      assert.ok(certificateOf(done).verify(publicKeyOf('foo')));
    });

    it('clamps a lifetime to the signer\'s max and takes its default where none is asked for', async () => {
      const long = await decided(await signet.approve(await create('foo', { names: [spiffe('foo')] }, { as: ISTIOD_USER, expirationSeconds: 315_360_000 }), ISTIOD_USER));
      assert.equal(hours(long), 2);
      assert.match(long.metadata.annotations?.['signet.dev/decision'] ?? '', /lifetime 87600h clamped to 2h/);
      const plain = await decided(await signet.approve(await create('foo', { names: [spiffe('foo')] }, { as: ISTIOD_USER }), ISTIOD_USER));
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
        const failed = await decided(await signet.approve(await create('foo', theft, { as: ISTIOD_USER }), ISTIOD_USER));
        const condition = failed.status?.conditions?.find(({ type }) => type === 'Failed');
        assert.equal(condition?.reason, 'PolicyViolation', JSON.stringify(failed.status));
        assert.equal(failed.status?.certificate, undefined);
        assert.equal(failed.metadata.annotations?.['signet.dev/decision'], 'failed');
        assert.ok(certificateOf(await decided(await signet.approve(await create('foo', twin, { as: ISTIOD_USER }), ISTIOD_USER))).verify(publicKeyOf('foo')));
      });
    }

    it('denies a service account every name but its own, and the message names what would be believed', async () => {
      const denied = await decided(await create('foo', { names: [spiffe('foo', 'web')] }, { as: user('foo', 'thief') }));
      const condition = denied.status?.conditions?.find(({ type }) => type === 'Denied');
      assert.equal(condition?.reason, 'PolicyViolation');
      assert.match(condition.message, /"system:serviceaccount:foo:thief" asking for "URI:spiffe:\/\/cluster\.local\/ns\/foo\/sa\/web"/);
      assert.ok(certificateOf(await decided(await create('foo', { names: [spiffe('foo', 'thief')] }, { as: user('foo', 'thief') }))));
    });

    it('denies an istiod that is not listed at once, and names the line that is missing', async () => {
      const denied = await decided(await create('foo', { names: [spiffe('foo')] }, { as: user('istio-system', 'istiod-canary') }));
      assert.match(denied.status?.conditions?.[0]?.message ?? '', /add under requesters: - \{ user: "system:serviceaccount:istio-system:istiod-canary", approves: true, vouches: /);
    });

    it('refuses a request that only a lenient reader would take, and signs it written strictly', async () => {
      const names = [spiffe('foo', 'web')];
      const lenient = await decided(await create('foo', { names }, { as: user('foo', 'web'), pem: (pem) => `a comment\n${pem}` }));
      assert.equal(lenient.status?.conditions?.find(({ type }) => type === 'Denied')?.reason, 'InvalidRequest', JSON.stringify(lenient.status));
      assert.ok(certificateOf(await decided(await create('foo', { names }, { as: user('foo', 'web') }))));
    });

    it('refuses a usage that makes a CA of a leaf, and signs without it', async () => {
      const names = [spiffe('foo', 'web')];
      const denied = await decided(await create('foo', { names }, { as: user('foo', 'web'), usages: ['digital signature', 'client auth', 'cert sign'] }));
      assert.match(denied.status?.conditions?.[0]?.message ?? '', /spec\.usages: found "cert sign"/);
      assert.ok(certificateOf(await decided(await create('foo', { names }, { as: user('foo', 'web') }))));
    });

    it('leaves requests of other signers alone, and tells the requester of a signer that is nowhere in its domain', async () => {
      const foreign = await create('foo', { names: [spiffe('foo', 'web')] }, { as: user('foo', 'web'), signerName: 'example.com/foo' });
      const mistyped = await create('fooo', { names: [spiffe('foo', 'web')] }, { as: user('foo', 'web') });
      const told = await event(mistyped.metadata.uid);
      assert.equal(told.reason, 'SignerNotFound');
      assert.match(told.message, /clusterissuers\.cert-manager\.io\/fooo" is not in the configuration/);
      const page = await (await fetch(`http://127.0.0.1:${signet.app.http.port}/metrics`)).text();
      assert.match(page, /^signet_requests_total\{signer="other",outcome="unserved",reason="SignerNotFound"\} 1$/m);
      for (const each of [foreign, mistyped]) assert.equal((await signet.read(each)).metadata.resourceVersion, each.metadata.resourceVersion);
    });

    it('waits for somebody else\'s approval where approval is external, and signs then', async () => {
      const created = await create('external', { names: [spiffe('foo', 'web')] }, { as: user('foo', 'web') });
      await decided(await create('bar', { names: [spiffe('bar', 'web')] }, { as: user('bar', 'web') }));
      assert.equal((await signet.read(created)).metadata.resourceVersion, created.metadata.resourceVersion);
      assert.ok(certificateOf(await decided(await signet.approve(created, { user: 'approver' }))).verify(publicKeyOf('external')));
    });

    it('fails what an approver approved against the policy, and signs what it approved within it', async () => {
      const against = await decided(await signet.approve(await create('external', { names: [spiffe('bar', 'web')] }, { as: user('bar', 'web') }), { user: 'approver' }));
      assert.equal(against.status?.conditions?.find(({ type }) => type === 'Failed')?.reason, 'PolicyViolation');
      assert.ok(certificateOf(await decided(await signet.approve(await create('external', { names: [spiffe('foo', 'web')] }, { as: user('foo', 'web') }), { user: 'approver' }))));
    });

    it('lets a request wait for a CA that is not there yet, says so in an Event, and serves it when the CA comes', async () => {
      const created = await signet.approve(await create('late', { names: [spiffe('late')] }, { as: ISTIOD_USER }), ISTIOD_USER);
      assert.equal((await event(created.metadata.uid)).reason, 'CertificateAuthorityUnavailable');
      assert.equal((await signet.read(created)).status?.conditions?.length, 1, 'only Approved');
      await signet.putCa('late');
      assert.ok(certificateOf(await decided(created)).verify(publicKeyOf('late')));
    });

    it('publishes the root of every signer, and puts a change by another hand right', async () => {
      const path = '/api/v1/namespaces/istio-system/configmaps/signet-mesh';
      const mesh = async (): Promise<string> => ((await ok(signet.client.call('GET', path))) as { data?: { mesh?: string } }).data?.mesh ?? '';
      const whole = async (): Promise<boolean> => ['foo', 'bar', 'late', 'external'].every(((text) => (each: string) => text.includes(`- ${DOMAIN}/${each}`))(await mesh()));
      await until(whole, { what: 'all roots to be published' });
      const text = await mesh();
      await ok(signet.client.call('PATCH', path, { body: { data: { mesh: 'caCertificates: []' } }, type: 'application/merge-patch+json' }));
      await until(async () => (await mesh()) === text, { what: 'the change to be put right' });
    });

    function publicKeyOf(tenant: string): X509Certificate['publicKey'] {
      return new X509Certificate(signet.cas[tenant]?.certificate.der ?? assert.fail(tenant)).publicKey;
    }

    type Shaped = Omit<Asked, 'signerName' | 'pem'> & { signerName?: string; pem?: (pem: string) => string };
    function create(signer: string, shape: RequestShape, { signerName = `${DOMAIN}/${signer}`, pem = (text) => text, ...rest }: Shaped): Promise<Csr> {
      return signet.create({ signerName, pem: pem(csrPem(shape)), ...rest });
    }

    /** The request once it has a certificate, or was denied or failed. */
    function decided(csr: Csr): Promise<Csr> {
      let last = csr;
      return until(async () => {
        last = await signet.read(csr);
        return (last.status?.certificate !== undefined || last.status?.conditions?.some(({ type }) => type === 'Denied' || type === 'Failed') === true) && last;
      }, { what: 'a decision', otherwise: () => last });
    }

    /** The Event about this object, once it is there. */
    function event(uid: string): Promise<{ reason: string; message: string }> {
      type Event = { involvedObject: { uid?: string }; reason: string; message: string };
      return until(async () => {
        const { items } = (await ok(signet.client.call('GET', '/api/v1/namespaces/default/events'))) as { items: Event[] };
        return items.find(({ involvedObject }) => involvedObject.uid === uid);
      }, { what: `an Event about ${uid}` });
    }
  });
}

function certificateOf({ status }: Csr): X509Certificate {
  assert.ok(status?.certificate !== undefined, `no certificate: ${JSON.stringify(status)}`);
  return new X509Certificate(Buffer.from(status.certificate, 'base64'));
}

/** Hours from now to its end, rounded: notBefore is backdated. */
function hours(csr: Csr): number {
  return Math.round((Date.parse(certificateOf(csr).validTo) - Date.now()) / 3_600_000);
}
