// What `signet explain NAME` says of requests that Signet decides on a Kubernetes API, for an administrator and for users who may read less.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Report } from '../../src/cli/explain/report.ts';
import { kubeconfigText } from '../../src/sandbox/kubeconfig.ts';
import { secretFiles } from '../support/authority.ts';
import { commandLine } from '../support/command-line.ts';
import { ISTIOD, csrPem, spiffe } from '../support/requests.ts';
import { until } from '../support/rig/until.ts';
import type { Target } from './client.ts';
import { namespace, ok, startSignet, user, type Csr, type Signet } from './signet.ts';

const DOMAIN = 'signers.example.test';
const config = (foo: string): string => `
requesters:
  - { user: ${ISTIOD}, approves: true, vouches: { namespaces: ["*"] } }
signers:
  - { name: ${DOMAIN}/foo, ca: { secret: cas/foo }, allow: { namespaces: ${foo} } }
  - { name: ${DOMAIN}/labelled, ca: { secret: cas/labelled }, allow: { namespaces: { matchLabels: { tenant: a } } } }
  - { name: ${DOMAIN}/late, ca: { secret: cas/late }, allow: { namespaces: late } }
http: { address: "127.0.0.1:0" }
`;
/** Who may get requests and nothing else, and who may not even that. */
const READER = { apiGroup: 'rbac.authorization.k8s.io', role: 'request-readers' };
const OBJECTS = [
  namespace('tenant-a', { tenant: 'a' }),
  namespace('tenant-b', { tenant: 'b' }),
  namespace('people'),
  ...['reader', 'nobody'].map((name) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: 'people', name } })),
  { apiVersion: `${READER.apiGroup}/v1`, kind: 'ClusterRole', metadata: { name: READER.role }, rules: [{ apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'], verbs: ['get'] }] },
  { apiVersion: `${READER.apiGroup}/v1`, kind: 'ClusterRoleBinding', metadata: { name: READER.role }, roleRef: { apiGroup: READER.apiGroup, kind: 'ClusterRole', name: READER.role }, subjects: [{ kind: 'ServiceAccount', namespace: 'people', name: 'reader' }] },
];

export function explainContract(name: string, open: () => Promise<Target>): void {
  describe(name, () => {
    let target: Target;
    let signet: Signet;
    let folder: string;
    const printed: string[] = [];

    before(async () => {
      target = await open();
      signet = await startSignet(target, { config: config('foo'), objects: OBJECTS, late: ['late'] });
      folder = await mkdtemp(join(tmpdir(), 'signet-explain-'));
      for (const foo of ['foo', 'tenant-b']) await writeFile(join(folder, `${foo}.yaml`), config(foo));
      await writeFile(join(folder, 'admin'), kubeconfigText({ url: target.url, ca: target.ca, user: 'admin', token: target.adminToken }));
      for (const each of ['reader', 'nobody']) {
        const { status } = (await ok(signet.client.call('POST', `/api/v1/namespaces/people/serviceaccounts/${each}/token`, { body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} } }))) as { status: { token: string } };
        await writeFile(join(folder, each), kubeconfigText({ url: target.url, ca: target.ca, user: each, token: status.token }));
      }
      await until(() => signet.app.missing().length === 0, { what: 'Signet to be ready' });
    });
    after(async () => {
      await signet?.stop();
      await target?.stop();
      if (folder !== undefined) await rm(folder, { recursive: true });
    });

    it('tells what was issued, by whom and to whom, and that another configuration would refuse it', async () => {
      const csr = await decided(await ask('foo', 'foo', { user: 'system:serviceaccount:foo:app' }));
      const told = await explain(csr);
      assert.deepEqual([told.code, told.verdict, told.state, told.status?.outcome, told.status?.changed], [0, 'allowed', 'final', 'issued', null]);
      const certificate = told.status?.certificate;
      assert.ok(certificate?.problem === null);
      assert.deepEqual([certificate.bySignet, certificate.sameKey, certificate.issuer, certificate.names], [true, true, 'CN=foo', ['URI:spiffe://cluster.local/ns/foo/sa/app']]);
      assert.equal(certificate.serial, csr.metadata.annotations?.['signet.dev/serial']);
      assert.deepEqual([told.certificate?.issuer?.subject, told.certificate?.issuer?.sha256, told.notes], ['CN=foo', signet.cas['foo']?.certificate.fingerprint, []]);
      const changed = await explain(csr, { config: 'tenant-b' });
      assert.deepEqual([changed.code, changed.verdict, changed.status?.changed], [0, 'refused', 'it was issued, and would be refused now']);
    });

    it('tells why a request was refused, with its Event, and that another configuration would allow it', async () => {
      const csr = await decided(await ask('foo', 'tenant-b', { user: 'system:serviceaccount:tenant-b:app' }));
      const told = await until(async () => {
        const report = await explain(csr);
        return report.events.length > 0 && report;
      }, { what: 'its Event' });
      const denied = csr.status?.conditions?.find(({ type }) => type === 'Denied');
      assert.deepEqual([told.code, told.status?.outcome, told.message, told.events[0]?.message, told.violations.map(({ rule }) => rule)], [1, 'denied', denied?.message, denied?.message, ['namespace']]);
      assert.match((await explain(csr, { config: 'tenant-b' })).status?.changed ?? '', /would be allowed now/);
    });

    it('tells beforehand what becomes of a request that istiod has not approved yet', async () => {
      const theft = await ask('foo', 'tenant-b', istiod());
      const told = await explain(theft);
      assert.deepEqual([told.code, told.state, told.steps.pending, told.steps.approved.do], [1, 'pending', { do: 'nothing', why: 'its requester approves it', notice: null }, 'refuse']);
      const failed = await decided(await signet.approve(theft, istiod()));
      assert.equal(failed.status?.conditions?.find(({ type }) => type === 'Failed')?.message, told.message);
      assert.deepEqual([(await explain(failed)).code, (await explain(failed)).status?.outcome], [1, 'failed']);

      const own = await ask('foo', 'foo', istiod());
      const promised = await explain(own);
      assert.deepEqual([promised.code, promised.verdict], [0, 'allowed']);
      const issued = await explain(await decided(await signet.approve(own, istiod())));
      assert.ok(issued.status?.certificate?.problem === null);
      assert.deepEqual(issued.status.certificate.names, promised.certificate?.names);
    });

    it('takes the labels of namespaces from the cluster', async () => {
      assert.deepEqual(await Promise.all(['tenant-a', 'tenant-b', 'nowhere'].map(async (each) => (await explain(await ask('labelled', each, istiod()))).verdict)), ['allowed', 'refused', 'refused']);
    });

    it('cannot tell where the CA cannot sign, and can when it does', async () => {
      const csr = await ask('late', 'late', istiod());
      const waiting = await explain(csr);
      assert.deepEqual([waiting.code, waiting.verdict, waiting.reason, waiting.certificate?.issuer], [2, 'waits', 'CertificateAuthorityUnavailable', null]);
      assert.match(waiting.message, /Secret cas\/late does not exist/);
      await signet.putCa('late');
      await decided(await signet.approve(csr, istiod()));
      assert.equal((await explain(csr)).code, 0);
    });

    it('explains requests of signers that are not served, and leaves them alone', async () => {
      const typo = await explain(await ask('fooo', 'foo', istiod()));
      assert.deepEqual([typo.code, typo.verdict, typo.reason, typo.signer.near, typo.signers.filter(({ verdict }) => verdict === 'allowed').map(({ signer }) => signer)], [1, 'unserved', 'SignerNotFound', [`${DOMAIN}/foo`], [`${DOMAIN}/foo`]]);
      const foreign = await signet.create({ signerName: 'example.com/else', pem: csrPem({ names: [spiffe('foo')] }), as: istiod() });
      const told = await explain(foreign);
      assert.deepEqual([told.code, told.verdict, told.signer.near], [1, 'unserved', []]);
      assert.equal((await signet.read(foreign)).metadata.resourceVersion, foreign.metadata.resourceVersion);
    });

    it('ends with 2 for a request that is not there, and for what cannot be a name', async () => {
      const missing = await run(['csr-nowhere'], {});
      assert.deepEqual([missing.code, missing.stdout], [2, '']);
      assert.match(missing.stderr, /there is no CertificateSigningRequest "csr-nowhere"\nhint: istiod deletes its requests/);
      for (const odd of ['', '..', 'a/b', 'a%2e']) assert.match((await run([odd], {})).stderr, /cannot be the name/);
    });

    it('tells a user who may read less what it has left out, and one who may not read the request which right it takes', async () => {
      const csr = await ask('foo', 'foo', istiod());
      const told = await explain(csr, { as: 'reader' });
      assert.deepEqual([told.code, told.verdict, told.certificate?.issuer], [0, 'allowed', null]);
      assert.deepEqual(told.notes.map((note) => /Secrets of the CAs|list namespaces|list Events/.exec(note)?.[0]), ['Secrets of the CAs', 'list namespaces', 'list Events']);
      assert.equal((await explain(await ask('labelled', 'tenant-a', istiod()), { as: 'reader' })).code, 2);
      // By it every service account may read requests. It takes a moment until the server goes by the change.
      await ok(signet.client.call('DELETE', `/apis/${READER.apiGroup}/v1/clusterrolebindings/requesters`));
      const forbidden = await until(async () => {
        const result = await run([csr.metadata.name], { as: 'nobody' });
        return result.code === 2 && result;
      }, { what: 'the right to be gone' });
      assert.equal(forbidden.stdout, '');
      assert.equal((await explain(csr, { as: 'reader' })).code, 0);
      assert.match(forbidden.stderr, /403 Forbidden.*it takes the verb get on certificatesigningrequests/);
    });

    it('has printed nothing of the keys that it has read', () => {
      const all = printed.join('\n');
      assert.ok(printed.length > 20 && all.includes('CN=foo'));
      for (const ca of Object.values(signet.cas)) {
        const pem = secretFiles(ca)['tls.key'].toString();
        const [, body = ''] = pem.split('\n');
        assert.ok(body.length > 40);
        assert.ok(!all.includes(body) && !all.includes(Buffer.from(pem).toString('base64').slice(0, 80)));
      }
      assert.doesNotMatch(all, /PRIVATE KEY/);
    });

    function istiod(): { user: string } {
      return user('istio-system', 'istiod');
    }

    /** Somebody asks a signer for a workload of this namespace. */
    function ask(signer: string, from: string, as: { user: string }): Promise<Csr> {
      return signet.create({ signerName: `${DOMAIN}/${signer}`, pem: csrPem({ names: [spiffe(from)] }), as: { groups: ['system:serviceaccounts', 'system:authenticated'], ...as } });
    }

    async function run(args: readonly string[], { config: which = 'foo', as = 'admin' }: { config?: string; as?: string }): Promise<Awaited<ReturnType<typeof commandLine>>> {
      const result = await commandLine(['explain', '-c', join(folder, `${which}.yaml`), '--kubeconfig', join(folder, as), '-n', 'signet-system', ...args]);
      printed.push(result.stdout, result.stderr);
      return result;
    }

    /** As JSON; as text too, for what that prints. */
    async function explain({ metadata }: Csr, options: { config?: string; as?: string } = {}): Promise<Report & { code: number }> {
      const [{ code, stdout, stderr }, text] = await Promise.all([run([metadata.name, '-o', 'json'], options), run([metadata.name], options)]);
      assert.deepEqual([stderr, text.stderr, text.code], ['', '', code]);
      assert.match(text.stdout, /^[\n -~]+$/);
      return { ...(JSON.parse(stdout) as Report), code };
    }

    /** The request once it has a certificate, or was denied or failed. */
    function decided(csr: Csr): Promise<Csr> {
      return until(async () => {
        const last = await signet.read(csr);
        return (last.status?.certificate !== undefined || last.status?.conditions?.some(({ type }) => type === 'Denied' || type === 'Failed') === true) && last;
      }, { what: 'a decision' });
    }
  });
}
