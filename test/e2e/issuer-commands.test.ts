// What the commands say of issuers of cert-manager that Signet finds, on a real API server.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { secretFiles, testRoot, type TestAuthority } from '../support/authority.ts';
import { caSecret } from '../support/ca-secret.ts';
import { openRequests, type IssuerRequests } from '../support/issuer-requests.ts';
import { testKey } from '../support/keys.ts';
import { commonName, dns } from '../support/requests.ts';
import { startControlPlane, type ControlPlane } from '../support/rig/apiserver.ts';
import { caIssuer, certManagerNamespace, prepareCertManager } from '../support/rig/cert-manager.ts';
import { sumOf } from '../support/metrics-page.ts';
import { until } from '../support/rig/until.ts';
import { startSignet, type SignetProcess } from '../support/signet.ts';

const OWN = 'signers.example.test/own';
const CONFIG = `
signers: [{ name: ${OWN}, ca: { secret: cert-manager/own }, allow: { namespaces: own } }]
discover: { certManager: { allow: approved, namespaces: [team-a] } }
http: { address: "127.0.0.1:0" }
`;
type Row = { readonly name: string; readonly discovered: boolean; readonly state: string; readonly subject: string | null; readonly shared: readonly string[] | null; readonly why: string };

describe('commands and the issuers that Signet finds', () => {
  let plane: ControlPlane;
  let signet: SignetProcess;
  let requests: IssuerRequests;
  const own = authority('own');

  before(async () => {
    plane = await startControlPlane({ users: [{ name: 'bob' }] });
    await plane.namespaces(certManagerNamespace, 'team-a', 'team-b');
    await prepareCertManager({ controlPlane: plane, controllers: [] });
    await plane.api.apply(caSecret('own', own));
    signet = await startSignet({ controlPlane: plane, config: CONFIG });
    await signet.ready();
    requests = await openRequests(plane, ['bob']);
    await issuer('good', authority('good'));
    await issuer('ca', authority('team'), { namespace: 'team-a' });
    await issuer('ca', authority('elsewhere'), { namespace: 'team-b' });
    await issuer('unready', authority('unready'), { ready: false });
  });
  after(async () => {
    await signet?.stop();
    await plane?.[Symbol.asyncDispose]();
  });

  it('signers shows each after the signers of the configuration, and its exit code is about those alone', async () => {
    const { code, rows } = await signers();
    assert.equal(code, 0);
    assert.deepEqual(rows.map(({ name, discovered, state }) => [name, discovered, state]), [
      [OWN, false, 'ready'],
      ['clusterissuers.cert-manager.io/good', true, 'ready'],
      ['clusterissuers.cert-manager.io/unready', true, 'unavailable'],
      ['issuers.cert-manager.io/team-a.ca', true, 'ready'],
    ]);
    assert.equal(rows[1]?.subject, 'CN=good');
    assert.match(rows[2]?.why ?? '', /does not find it Ready/);
  });

  it('signers names the issuers with the CA of a signer, whatever their Secret is called, until they are gone', async () => {
    await issuer('copied', own);
    await issuer('copied', own, { namespace: 'team-a' });
    const { code, rows } = await signers();
    assert.equal(code, 1);
    assert.deepEqual(rows[0]?.shared, ['copied', 'team-a/copied']);
    const copied = rows.find(({ name }) => name === 'clusterissuers.cert-manager.io/copied');
    assert.equal(copied?.state, 'unavailable');
    assert.match(copied?.why ?? '', /it has the key of signer "signers\.example\.test\/own"/);
    const table = await signet.cli('signers');
    assert.match(table.output, /ready +ClusterIssuer copied, Issuer team-a\/copied/);
    for (const path of ['clusterissuers/copied', 'namespaces/team-a/issuers/copied']) await plane.api.delete(`/apis/cert-manager.io/v1/${path}`);
    assert.equal((await signers()).code, 0);
  });

  it('explain says what is decided about a request for one, and what it waits for', async () => {
    const explain = async (signer: string, as?: string): Promise<{ code: number; answer: { verdict: string; reason: string; signer: { issuer: string }; certificate: { issuer: { subject: string } } | null } }> => {
      const csr = await requests.make({ signer, shape: { key: 'P-256', subject: commonName('jo'), names: [dns('a.example')] }, ...(as === undefined ? {} : { as }) });
      const { code, output } = await signet.cli('explain', csr.metadata.name, '-o', 'json');
      return { code, answer: JSON.parse(output) as never };
    };
    const good = await explain('clusterissuers.cert-manager.io/good', 'bob');
    assert.deepEqual([good.code, good.answer.verdict, good.answer.signer.issuer, good.answer.certificate?.issuer.subject], [0, 'allowed', 'ClusterIssuer /good', 'CN=good']);
    for (const [signer, code, verdict, reason] of [
      ['clusterissuers.cert-manager.io/unready', 2, 'waits', 'IssuerNotReady'],
      ['clusterissuers.cert-manager.io/nowhere', 2, 'waits', 'IssuerNotFound'],
      ['issuers.cert-manager.io/team-a.ca', 1, 'refused', 'DeniedReference'],
    ] as const) {
      const { code: found, answer } = await explain(signer, 'bob');
      assert.deepEqual([found, answer.verdict, answer.reason], [code, verdict, reason], signer);
    }
    assert.equal((await explain('issuers.cert-manager.io/team-a.ca')).answer.verdict, 'allowed', 'the administrator may use it');
    assert.equal((await explain('issuers.cert-manager.io/team-b.ca')).answer.verdict, 'unserved');
  });

  it('a certificate that somebody else writes first is counted and told, and is the only one', async () => {
    const signer = 'clusterissuers.cert-manager.io/unready';
    const csr = await requests.make({ signer, shape: { key: 'P-256', subject: commonName('jo'), names: [dns('a.example')] } });
    await requests.approve(csr);
    await requests.told(csr, 'IssuerNotReady');
    // A client without a name, as that of these tests, leaves no trace of who writes what; from the first apply on there is one.
    await plane.api.apply({ apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name: csr.metadata.name, labels: { 'example.test/tracked': '' } } });
    const path = `/apis/certificates.k8s.io/v1/certificatesigningrequests/${csr.metadata.name}/status`;
    const certificate = secretFiles(own)['tls.crt'].toString('base64');
    const { metadata: { resourceVersion } } = await plane.api.call<{ metadata: { resourceVersion: string } }>('PATCH', `${path}?fieldManager=cert-manager`, { status: { certificate } }, 'application/merge-patch+json');
    await until(async () => (await signet.metric('signet_foreign_certificates_total', signer)) === 1, { what: 'it to be counted' });
    const line = signet.log().find(({ message }) => message === 'somebody else answers requests of a signer that Signet serves');
    assert.deepEqual([line?.['signer'], line?.['writer'], line?.['request']], [signer, 'cert-manager', csr.metadata.name]);
    await plane.api.call('PATCH', '/apis/cert-manager.io/v1/clusterissuers/unready/status', READY, 'application/merge-patch+json');
    const second = await requests.make({ signer, shape: { key: 'P-256', subject: commonName('jo'), names: [dns('a.example')] } });
    await requests.approve(second);
    assert.ok((await requests.decided(second)).status?.certificate !== undefined);
    assert.equal((await requests.read(csr)).metadata.resourceVersion, resourceVersion);
    assert.equal(await signet.metric('signet_foreign_certificates_total', signer), 1);
  });

  it('what the controller of another kind of issuer answers is its own affair, and is not counted', async () => {
    await plane.api.apply({ apiVersion: 'cert-manager.io/v1', kind: 'ClusterIssuer', metadata: { name: 'self' }, spec: { selfSigned: {} } });
    const shape = { key: 'P-256', subject: commonName('jo'), names: [dns('a.example')] } as const;
    const csr = await requests.make({ signer: 'clusterissuers.cert-manager.io/self', shape });
    await requests.approve(csr);
    await plane.api.call('PATCH', `/apis/certificates.k8s.io/v1/certificatesigningrequests/${csr.metadata.name}/status`, { status: { certificate: secretFiles(own)['tls.crt'].toString('base64') } }, 'application/merge-patch+json');
    // What comes after it on the same watch is answered: it was seen.
    const next = await requests.make({ signer: 'clusterissuers.cert-manager.io/good', shape });
    await requests.approve(next);
    await requests.decided(next);
    assert.equal(sumOf(await signet.metrics(), 'signet_foreign_certificates_total'), 1, 'the one of the test before');
  });

  async function signers(): Promise<{ code: number; rows: Row[] }> {
    const { code, output } = await signet.cli('signers', '-o', 'json');
    const rows = JSON.parse(output) as Row[];
    return { code, rows: rows.map((row) => row).sort((a, b) => Number(a.discovered) - Number(b.discovered) || (a.name < b.name ? -1 : 1)) };
  }

  async function issuer(name: string, ca: TestAuthority, { namespace, ready = true }: { namespace?: string; ready?: boolean } = {}): Promise<void> {
    const files = secretFiles(ca);
    await plane.api.apply(...caIssuer({ name, ...(namespace === undefined ? {} : { namespace }), certificatePem: files['tls.crt'].toString(), keyPem: files['tls.key'].toString() }));
    const path = namespace === undefined ? `clusterissuers/${name}` : `namespaces/${namespace}/issuers/${name}`;
    if (ready) await plane.api.call('PATCH', `/apis/cert-manager.io/v1/${path}/status`, READY, 'application/merge-patch+json');
  }
});

const READY = { status: { conditions: [{ type: 'Ready', status: 'True', reason: 'KeyPairVerified' }] } };

function authority(name: string): TestAuthority {
  return testRoot({ name, key: testKey('P-256', name), notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 3650 * 86_400_000) });
}
