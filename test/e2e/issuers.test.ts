// cert-manager's own controllers make issuers Ready; Signet finds them and signs for them, through everything that breaks and is mended.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { secretFiles, testRoot, type TestAuthority } from '../support/authority.ts';
import { mayReference, openRequests, type Csr, type IssuerRequests } from '../support/issuer-requests.ts';
import { testKey } from '../support/keys.ts';
import { commonName, dns } from '../support/requests.ts';
import type { KubernetesObject } from '../support/rig/api.ts';
import { startControlPlane, type ControlPlane } from '../support/rig/apiserver.ts';
import { caIssuer, certManagerNamespace, prepareCertManager, unreadyIssuers } from '../support/rig/cert-manager.ts';
import type { RigProcess } from '../support/rig/process.ts';
import { until } from '../support/rig/until.ts';
import { startSignet, type SignetProcess } from '../support/signet.ts';

const CLUSTER = 'clusterissuers.cert-manager.io';
const NAMESPACED = 'issuers.cert-manager.io';
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const GROUP = '/apis/cert-manager.io/v1';
const CONFIG = `
signers:
  - { name: signers.example.test/own, ca: { secret: cert-manager/own }, allow: { namespaces: own } }
  - { name: ${CLUSTER}/listed, ca: { secret: cert-manager/listed-ca }, allow: { namespaces: listed } }
discover: { certManager: { allow: approved, namespaces: [team-a, team-b] } }
http: { address: "127.0.0.1:0" }
`;
/** As names in signer names go: [signer, issuer's namespace]. */
const ISSUERS = { [`${CLUSTER}/one`]: ['one', undefined], [`${CLUSTER}/two.dots`]: ['two.dots', undefined], [`${NAMESPACED}/team-a.ca`]: ['ca', 'team-a'], [`${NAMESPACED}/team-a.second.ca`]: ['second.ca', 'team-a'], [`${NAMESPACED}/team-b.ca`]: ['ca', 'team-b'] } as const;

describe('issuers of cert-manager that Signet finds', () => {
  let plane: ControlPlane;
  let certManager: RigProcess;
  let signet: SignetProcess;
  let requests: IssuerRequests;
  const cas = new Map<string, TestAuthority>();

  before(async () => {
    plane = await startControlPlane({ users: [{ name: 'alice' }, { name: 'bob' }] });
    await plane.namespaces('team-a', 'team-b', 'team-c', certManagerNamespace);
    const prepared = await prepareCertManager({ controlPlane: plane, controllers: ['clusterissuers', 'issuers'] });
    certManager = await prepared.start();
    for (const [signer, [name, namespace]] of Object.entries(ISSUERS)) await apply(signer, name, namespace);
    await until(async () => (await unreadyIssuers(plane.api, ['one', 'two.dots', 'team-a/ca', 'team-a/second.ca', 'team-b/ca'])).length === 0, { what: 'the issuers to be Ready', process: certManager, seconds: 60 });
    await plane.api.apply(...caIssuer({ name: 'own', ...files(authority('own')) }).slice(0, 1), ...caIssuer({ name: 'listed', secret: 'listed-ca', ...files(authority('listed')) }).slice(0, 1));
    signet = await startSignet({ controlPlane: plane, config: CONFIG });
    await signet.ready();
    requests = await openRequests(plane, ['alice', 'bob']);
  });
  after(async () => {
    await signet?.stop();
    await certManager?.stop();
    await plane?.[Symbol.asyncDispose]();
  });

  it('signs for two ClusterIssuers and three Issuers, each with its own CA, and says so as cert-manager does', async () => {
    for (const signer of Object.keys(ISSUERS)) {
      const csr = await approved(signer);
      const done = await requests.decided(csr);
      const [leaf, ...rest] = requests.chain(done);
      assert.ok(leaf !== undefined && leaf.verify(keyOf(signer)), signer);
      assert.deepEqual(rest, [], 'a root that signed itself does not go along');
      assert.equal(leaf.subject, 'CN=jo');
      assert.equal(leaf.subjectAltName, 'DNS:b.example, DNS:a.example');
      assert.equal(done.status?.conditions?.length, 1);
      assert.equal((await requests.told(done, 'CertificateIssued')).type, 'Normal');
      assert.equal(done.metadata.annotations?.['signet.dev/policy'], 'discover.approved');
    }
  });

  it('tells who waits for an approval, and writes nothing before', async () => {
    const csr = await requests.make({ signer: `${CLUSTER}/one` });
    assert.equal((await requests.told(csr, 'WaitingApproval')).type, 'Normal');
    assert.equal((await requests.read(csr)).metadata.resourceVersion, csr.metadata.resourceVersion);
    await requests.approve(csr);
    await requests.decided(csr);
  });

  it('asks whether a requester may use an Issuer, and fails who may not; its twin may', async () => {
    await plane.api.apply(...mayReference('alice', 'team-a'));
    const signer = `${NAMESPACED}/team-a.ca`;
    const [alice, bob] = [await approved(signer, 'alice'), await approved(signer, 'bob')];
    assert.ok((await requests.decided(alice)).status?.certificate !== undefined);
    const failed = await requests.decided(bob);
    assert.equal(failed.status?.conditions?.find(({ type }) => type === 'Failed')?.reason, 'DeniedReference');
    assert.equal((await requests.told(bob, 'DeniedReference')).type, 'Warning');
    // A ClusterIssuer has no such question.
    assert.ok((await requests.decided(await approved(`${CLUSTER}/one`, 'bob'))).status?.certificate !== undefined);
  });

  it('serves an issuer that comes, within two seconds of its being Ready, to a request that waited for it; and serves it no more once it is gone', async () => {
    const signer = `${CLUSTER}/late`;
    const csr = await approved(signer);
    assert.match((await requests.told(csr, 'IssuerNotFound')).message, /ClusterIssuer \/late not found/);
    await apply(signer, 'late', undefined);
    await until(async () => (await unreadyIssuers(plane.api, ['late'])).length === 0, { what: 'it to be Ready' });
    const ready = performance.now();
    assert.ok(requests.chain(await requests.decided(csr))[0]?.verify(keyOf(signer)));
    assert.ok(performance.now() - ready < 2_000, `${performance.now() - ready} ms`);
    await until(async () => (await signet.metrics()).includes(`signet_ca_ready{signer="${signer}"} 1`), { what: 'its metrics' });

    await plane.api.delete(`${GROUP}/clusterissuers/late`);
    await until(async () => !(await signet.metrics()).includes(signer), { what: 'its metrics to go', seconds: 5 });
    const second = await approved(signer);
    await requests.told(second, 'IssuerNotFound');
    assert.equal((await requests.read(second)).status?.conditions?.length, 1, 'only Approved');
  });

  it('waits for a Secret that is missing or damaged, and serves within five seconds of its mending', async () => {
    const signer = `${NAMESPACED}/team-b.ca`;
    const path = '/api/v1/namespaces/team-b/secrets/ca';
    const restore = async (): Promise<void> => {
      await plane.api.delete(path);
      await plane.api.apply(...caIssuer({ name: 'ca', namespace: 'team-b', ...files(authority(signer)) }));
    };
    for (const [reason, breakIt] of [
      ['SecretMissing', () => plane.api.delete(path)],
      ['SecretInvalidData', () => plane.api.call('PATCH', path, { data: { 'tls.crt': Buffer.from('no certificate').toString('base64') } }, 'application/merge-patch+json')],
    ] as const) {
      await breakIt();
      // Whichever is seen first: the Secret, or the issuer that its own controller finds wrong.
      const csr = await until(async () => waiting(signer, [reason, 'IssuerNotReady']), { what: `a request to wait for ${reason}`, seconds: 20 });
      assert.equal((await requests.read(csr)).status?.conditions?.length, 1, 'only Approved');
      await restore();
      await until(async () => (await unreadyIssuers(plane.api, ['team-b/ca'])).length === 0, { what: 'it to be Ready', seconds: 60 });
      const mended = performance.now();
      assert.ok(requests.chain(await requests.decided(csr))[0]?.verify(keyOf(signer)));
      assert.ok(performance.now() - mended < 5_000, `${performance.now() - mended} ms`);
    }
  });

  it('waits for the right to read a Secret, and serves within five seconds of its being granted', async () => {
    const signer = `${NAMESPACED}/team-b.ca`;
    const path = '/apis/rbac.authorization.k8s.io/v1/namespaces/team-b/roles';
    const { apiVersion, kind, rules } = await plane.api.get<KubernetesObject & { rules: unknown }>(`${path}/signet`);
    await plane.api.delete(`${path}/signet`);
    const csr = await until(async () => waiting(signer, ['SecretGetError']), { what: 'a request to wait for the right', seconds: 20 });
    assert.match((await requests.told(csr, 'SecretGetError')).message, /it takes the verb get on Secrets of namespace team-b/);
    await plane.api.apply({ apiVersion, kind, metadata: { name: 'signet', namespace: 'team-b' }, rules });
    const mended = performance.now();
    assert.ok(requests.chain(await requests.decided(csr))[0]?.verify(keyOf(signer)));
    assert.ok(performance.now() - mended < 5_000, `${performance.now() - mended} ms`);
  });

  it('uses a CA that its owner replaced within five seconds, as nobody said that it must wait', async () => {
    const signer = `${NAMESPACED}/team-a.second.ca`;
    const renewed = testRoot({ name: 'renewed', key: testKey('P-256', 'renewed'), ...validity() });
    await plane.api.apply(...caIssuer({ name: 'second.ca', namespace: 'team-a', ...files(renewed) }));
    const written = performance.now();
    const newKey = new X509Certificate(renewed.certificate.der).publicKey;
    await until(async () => requests.chain(await requests.decided(await approved(signer)))[0]?.verify(newKey), { what: 'a certificate of the new CA', seconds: 10 });
    assert.ok(performance.now() - written < 6_500, `${performance.now() - written} ms`);
  });

  it('refuses an issuer over the Secret or the key of a signer of the configuration, says so, and serves the signer', async () => {
    const [own, other] = [authority('own'), authority('another')];
    await plane.api.apply(...caIssuer({ name: 'same-key', secret: 'copied', ...files(own) }), caIssuer({ name: 'same-secret', secret: 'own', ...files(own) })[1]!, ...caIssuer({ name: 'apart', secret: 'apart', ...files(other) }));
    for (const name of ['same-key', 'same-secret']) {
      const csr = await approved(`${CLUSTER}/${name}`);
      const told = await requests.told(csr, 'CertificateAuthorityUnavailable');
      assert.match(told.message, /its CA is that of another signer/);
      assert.doesNotMatch(told.message, /example\.test/);
      assert.equal((await requests.read(csr)).status?.certificate, undefined);
      await until(() => signet.log().some((line) => String(line['message']).startsWith('shared:') && line['issuer'] === `${CLUSTER}/${name}` && line['signer'] === 'signers.example.test/own'), { what: 'the log to say it' });
    }
    assert.equal(await signet.metric('signet_ca_shared', 'signers.example.test/own'), 1);
    assert.equal(await signet.metric('signet_ca_shared', `${CLUSTER}/listed`), 0);
    assert.ok(requests.chain(await requests.decided(await approved(`${CLUSTER}/apart`)))[0]?.verify(keyOf('another')));
    for (const name of ['same-key', 'same-secret']) await plane.api.delete(`${GROUP}/clusterissuers/${name}`);
    await until(async () => (await signet.metric('signet_ca_shared', 'signers.example.test/own')) === 0, { what: 'the alarm to end', seconds: 5 });
  });

  it('lets a signer of the configuration go before an issuer of its name', async () => {
    await apply('another listed', 'listed', undefined);
    const csr = await approved(`${CLUSTER}/listed`);
    const failed = await requests.decided(csr);
    assert.equal(failed.status?.conditions?.find(({ type }) => type === 'Failed')?.reason, 'PolicyViolation', 'the policy of the configuration, which knows no DNS names');
  });

  it('leaves requests for Issuers of other namespaces alone', async () => {
    await plane.api.apply(...caIssuer({ name: 'ca', namespace: 'team-c', ...files(authority('team-c')) }));
    await until(async () => (await unreadyIssuers(plane.api, ['team-c/ca'])).length === 0, { what: 'it to be Ready' });
    const csr = await approved(`${NAMESPACED}/team-c.ca`);
    await requests.decided(await approved(`${CLUSTER}/one`));
    assert.deepEqual(await requests.events(csr), []);
    assert.equal((await requests.read(csr)).status?.certificate, undefined);
  });

  it('waits while the kinds themselves are gone, and serves within five seconds of their return', async () => {
    const names = ['clusterissuers.cert-manager.io', 'issuers.cert-manager.io'];
    const crds = await Promise.all(names.map(async (name) => plane.api.get<Record<string, unknown> & { metadata: Record<string, unknown> }>(`${CRDS}/${name}`)));
    await certManager.stop();
    for (const name of names) await plane.api.delete(`${CRDS}/${name}`);
    await until(async () => (await Promise.all(names.map(async (name) => plane.api.find(`${CRDS}/${name}`)))).every((each) => each === undefined), { what: 'the kinds to be gone' });
    const csr = await until(async () => waiting(`${CLUSTER}/one`, ['IssuerNotFound']), { what: 'a request to wait for its issuer', seconds: 20 });

    for (const { apiVersion, kind, metadata, spec } of crds) await plane.api.create({ apiVersion: apiVersion as string, kind: kind as string, metadata: { name: metadata['name'] as string, annotations: metadata['annotations'] }, spec });
    await until(async () => plane.api.list(`${GROUP}/clusterissuers`).then(() => true), { what: 'the kinds to be served' });
    const prepared = await prepareCertManager({ controlPlane: plane, controllers: ['clusterissuers', 'issuers'] });
    certManager = await prepared.start();
    await apply(`${CLUSTER}/one`, 'one', undefined);
    await until(async () => (await unreadyIssuers(plane.api, ['one'])).length === 0, { what: 'the issuer to be Ready', process: certManager, seconds: 60 });
    const mended = performance.now();
    assert.ok(requests.chain(await requests.decided(csr))[0]?.verify(keyOf(`${CLUSTER}/one`)));
    assert.ok(performance.now() - mended < 5_000, `${performance.now() - mended} ms`);
  });

  it('nothing of all this was a bug, or is published', async () => {
    assert.doesNotMatch(await signet.metrics(), /^signet_bugs_total/m);
  });

  /** Made and approved. */
  async function approved(signer: string, as?: string): Promise<Csr> {
    const csr = await requests.make({ signer, shape: { key: 'P-256', subject: commonName('jo'), names: [dns('b.example'), dns('a.example')] }, ...(as === undefined ? {} : { as }) });
    await requests.approve(csr);
    return csr;
  }

  /** A new request that waits for one of these reasons, or false when it is served. */
  async function waiting(signer: string, reasons: readonly string[]): Promise<Csr | false> {
    const csr = await approved(signer);
    return until(
      async () => {
        if ((await requests.read(csr)).status?.certificate !== undefined) return 'served';
        return (await requests.events(csr)).some(({ reason }) => reasons.includes(reason)) && 'waits';
      },
      { what: 'a request to be served, or to wait' },
    ).then((outcome) => outcome === 'waits' && csr);
  }

  async function apply(signer: string, name: string, namespace: string | undefined): Promise<void> {
    await plane.api.apply(...caIssuer({ name, ...(namespace === undefined ? {} : { namespace }), ...files(authority(signer)) }));
  }

  function authority(of: string): TestAuthority {
    const known = cas.get(of) ?? testRoot({ name: of.replace(/[^a-z]/g, ' '), key: testKey('P-256', of), ...validity() });
    cas.set(of, known);
    return known;
  }

  function keyOf(of: string): X509Certificate['publicKey'] {
    return new X509Certificate(authority(of).certificate.der).publicKey;
  }
});

function validity(): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 3650 * 86_400_000) };
}

function files(of: TestAuthority): { certificatePem: string; keyPem: string } {
  const all = secretFiles(of);
  return { certificatePem: all['tls.crt'].toString(), keyPem: all['tls.key'].toString() };
}
