// The admission policy that "signet guard" prints, on a real API server: each thing it refuses, and the twin that passes.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { certificatePem } from '../../src/core/certificate.ts';
import { yamlText } from '../../src/cli/output.ts';
import { parseConfig } from '../../src/config.ts';
import { guardObjects } from '../../src/config/guard.ts';
import { testRoot } from '../support/authority.ts';
import { caSecret } from '../support/ca-secret.ts';
import { validNow } from '../support/clock.ts';
import { csrPem, ISTIOD, spiffe } from '../support/requests.ts';
import { ApiError, apiClient, type Api, type KubernetesObject } from '../support/rig/api.ts';
import { startControlPlane, type ControlPlane } from '../support/rig/apiserver.ts';
import { istiodRbac } from '../support/rig/istiod-rbac.ts';
import { kubectl } from '../support/rig/kubectl.ts';
import { until } from '../support/rig/until.ts';
import { startSignet, type SignetProcess } from '../support/signet.ts';

const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const DOMAIN = 'guarded.example';
/** Nobody serves it: what guard refuses elsewhere passes here. */
const ELSEWHERE = 'other.example/ca';
const USERS = ['mallory', 'alice', 'bob', 'carol'] as const;
const PREFIX = 'experimental.cert-manager.io';

const CONFIG = `
requesters:
  - { user: "${ISTIOD}", approves: true, vouches: { namespaces: ["*"] } }
  - { user: bob, vouches: { namespaces: [foo] } }
signers:
  # Signet decides; alice may step in.
  - { name: ${DOMAIN}/decides, ca: { secret: cas/decides }, allow: { namespaces: foo }, approvers: { user: alice } }
  # Others decide: alice, and the group that carol is in.
  - { name: ${DOMAIN}/external, ca: { secret: cas/external }, approval: external, allow: { namespaces: foo }, approvers: [{ user: alice }, { group: pki }] }
  # Whoever has the right.
  - { name: ${DOMAIN}/open, ca: { secret: cas/open }, approval: external, allow: { namespaces: foo } }
  # Only bob may ask.
  - { name: ${DOMAIN}/closed, ca: { secret: cas/closed }, approval: external, allow: { namespaces: foo, requesters: bob } }
guard: true
http: { address: "127.0.0.1:0" }
`;

type Csr = KubernetesObject & { metadata: { name: string; annotations?: Record<string, string> }; status?: { certificate?: string; conditions?: { type: string; reason?: string; message?: string }[] } };
type Signer = 'decides' | 'external' | 'open' | 'closed';

describe('guard on a real API server', () => {
  let controlPlane: ControlPlane;
  let signet: SignetProcess;
  const apis = new Map<string, Api>();
  const as = (user: (typeof USERS)[number] | 'istiod'): Api => apis.get(user) ?? assert.fail(user);

  before(async () => {
    controlPlane = await startControlPlane({ users: [...USERS.map((name) => ({ name, groups: name === 'carol' ? ['pki'] : [] }))] });
    await controlPlane.namespaces('cas', 'foo', 'istio-system');
    await controlPlane.serviceAccounts('istio-system/istiod');
    await controlPlane.api.apply(...istiodRbac({ certSigners: [`${DOMAIN}/*`] }), ...everyRight());
    await controlPlane.api.apply(...['decides', 'external', 'open', 'closed'].map((name) => caSecret(name, testRoot({ name, ...validNow() }), 'cas')));
    for (const user of USERS) apis.set(user, apiClient({ url: controlPlane.url, caPem: controlPlane.caPem, token: controlPlane.userToken(user) }));
    apis.set('istiod', apiClient({ url: controlPlane.url, caPem: controlPlane.caPem, token: await controlPlane.serviceAccountToken('istio-system', 'istiod') }));
    signet = await startSignet({ controlPlane, config: CONFIG });
    await signet.ready();

    const parsed = parseConfig(CONFIG);
    assert.ok(parsed.ok, JSON.stringify(parsed));
    const { code, stderr } = await kubectl(controlPlane.adminKubeconfig, ['apply', '-f', '-'], { input: yamlText(...guardObjects(parsed.config)) });
    assert.equal(code, 0, stderr);
    // The API server takes a policy up when its own watch has brought it.
    const probe = csr({ signer: 'closed', name: 'probe' });
    await until(() => as('mallory').call('POST', `${CSRS}?dryRun=All`, probe).then(() => false, (error: unknown) => error instanceof ApiError && error.status === 403), { what: 'guard to be in force' });
  });
  after(async () => {
    for (const api of apis.values()) api.close();
    await signet?.[Symbol.asyncDispose]();
    await controlPlane?.[Symbol.asyncDispose]();
  });

  /** A pending request of bob's that Signet leaves alone. */
  const pending = async (signer: Signer | typeof ELSEWHERE, annotations: Record<string, string> = {}): Promise<string> =>
    (await as('bob').create<Csr>(csr({ signer, annotations }))).metadata.name;
  const approve = (api: Api, name: string, type = 'Approved'): Promise<Csr> => patch(api, `${name}/approval`, { status: { conditions: [{ type, status: 'True', reason: 'Test', message: 'as a test' }] } });
  const settled = (name: string): Promise<Csr> =>
    until(async () => controlPlane.api.get<Csr>(`${CSRS}/${name}`).then((found) => (found.status?.certificate !== undefined || found.status?.conditions?.some(({ type }) => type !== 'Approved') === true) && found), { what: `${name} to be answered` });

  describe('the certificate', () => {
    it('is not written by another controller, and is by Signet', async () => {
      const forged = { status: { certificate: Buffer.from(certificate()).toString('base64') } };
      const name = await pending('open');
      await refused(patch(as('mallory'), `${name}/status`, forged), /user "mallory" may not write the certificate or the conditions of a request for signer "guarded.example\/open": only system:serviceaccount:signet-system:signet does/);
      await approve(as('mallory'), name);
      const { status, metadata } = await settled(name);
      assert.ok(status?.certificate !== undefined && metadata.annotations?.['signet.dev/serial'] !== undefined, JSON.stringify(status));

      const other = await pending(ELSEWHERE);
      assert.ok((await patch<Csr>(as('mallory'), `${other}/status`, forged)).status?.certificate !== undefined);
    });

    it('is not declared failed by another controller either, nor refused by a condition of its own making', async () => {
      for (const type of ['Failed', 'Pondering']) {
        const condition = { status: { conditions: [{ type, status: 'True', reason: 'Test', message: 'as a test' }] } };
        await refused(patch(as('mallory'), `${await pending('external')}/status`, condition), /may not write the certificate or the conditions/);
        assert.equal((await patch<Csr>(as('mallory'), `${await pending(ELSEWHERE)}/status`, condition)).status?.conditions?.[0]?.type, type);
      }
    });

    it('that comes along at creation is dropped by the API server itself', async () => {
      const created = await as('bob').create<Csr>({ ...csr({ signer: 'external' }), status: { certificate: Buffer.from(certificate()).toString('base64'), conditions: [{ type: 'Approved', status: 'True' }] } });
      assert.deepEqual(created.status, {});
    });
  });

  describe('an approval', () => {
    it('is for the approvers of that signer: a user, a member of a group, and not whoever has the right', async () => {
      const message = /user "mallory" may not approve or deny this request for signer "guarded.example\/external": it is none of its approvers/;
      for (const type of ['Approved', 'Denied']) {
        const name = await pending('external');
        await refused(approve(as('mallory'), name, type), message);
        assert.equal((await approve(as('alice'), name, type)).status?.conditions?.[0]?.type, type);
        await approve(as('carol'), await pending('external'), type);
      }
      await approve(as('mallory'), await pending('open'));
      await approve(as('mallory'), await pending(ELSEWHERE));
    });

    it('of its own request is for a requester with approves: true, and of nobody else\'s', async () => {
      const own = await as('istiod').call<Csr>('POST', CSRS, csr({ signer: 'decides' }));
      const approved = await as('istiod').call<Csr>('PUT', `${CSRS}/${own.metadata.name}/approval`, { ...own, status: { conditions: [{ type: 'Approved', status: 'True', reason: 'Test', message: 'as istiod would' }] } });
      assert.ok((await settled(approved.metadata.name)).status?.certificate !== undefined);

      const foreign = await as('bob').create<Csr>(csr({ signer: 'external' }));
      await refused(as('istiod').call('PUT', `${CSRS}/${foreign.metadata.name}/approval`, { ...foreign, status: { conditions: [{ type: 'Approved', status: 'True', reason: 'Test', message: 'as istiod would' }] } }), /may not approve or deny this request/);
    });

    it('is Signet\'s where it decides: it approves what the policy allows, and denies the rest', async () => {
      const allowed = await settled(await pending('decides'));
      assert.deepEqual([allowed.status?.conditions?.map(({ type, reason }) => [type, reason]), allowed.status?.certificate !== undefined], [[['Approved', 'PolicyAllowed']], true]);
      const { metadata: { name } } = await as('bob').create<Csr>(csr({ signer: 'decides', namespace: 'bar' }));
      assert.deepEqual((await settled(name)).status?.conditions?.map(({ type, reason }) => [type, reason]), [['Denied', 'PolicyViolation']]);
    });
  });

  describe('a request', () => {
    it('is for the listed requesters where every alternative lists some', async () => {
      await refused(as('mallory').create(csr({ signer: 'closed' })), /user "mallory" may not ask for a certificate for signer "guarded.example\/closed": each entry of its allow names requesters, and this is none of them/);
      await as('bob').create(csr({ signer: 'closed' }));
      await as('mallory').create(csr({ signer: 'open' }));
    });

    it('may not be turned into one for a signer that is not guarded', async () => {
      const name = await pending('external');
      await patch(as('bob'), name, { spec: { signerName: ELSEWHERE } }).catch(() => undefined);
      await refused(approve(as('mallory'), name), /it is none of its approvers/);
    });
  });

  describe('an annotation of experimental.cert-manager.io', () => {
    const key = `${PREFIX}/request-duration`;
    const changes = { added: { [`${PREFIX}/request-is-ca`]: 'true' }, changed: { [key]: '87600h' }, removed: { [key]: null } };

    for (const [how, annotations] of Object.entries(changes)) {
      it(`is not ${how} after creation, by whatever part of the API, and another annotation is`, async () => {
        for (const part of ['', '/status', '/approval']) {
          const name = await pending('external', { [key]: '1h' });
          await refused(patch(as('alice'), `${name}${part}`, { metadata: { annotations } }), /user "alice" may not change annotations of experimental.cert-manager.io or signet.dev/);
          assert.deepEqual((await controlPlane.api.get<Csr>(`${CSRS}/${name}`)).metadata.annotations, { [key]: '1h' });
          await patch(as('alice'), `${name}${part}`, { metadata: { annotations: { 'example.com/note': 'seen' } } });
          assert.deepEqual((await controlPlane.api.get<Csr>(`${CSRS}/${name}`)).metadata.annotations, { [key]: '1h', 'example.com/note': 'seen' });
        }
        const elsewhere = await pending(ELSEWHERE, { [key]: '1h' });
        await patch(as('alice'), elsewhere, { metadata: { annotations } });
      });
    }

    it('is not forged as one of Signet\'s own, which Signet writes', async () => {
      const name = await pending('open');
      await refused(patch(as('alice'), name, { metadata: { annotations: { 'signet.dev/serial': '00' } } }), /may not change annotations/);
      await approve(as('alice'), name);
      assert.match((await settled(name)).metadata.annotations?.['signet.dev/serial'] ?? '', /^[0-9a-f]{40}$/);
    });
  });

  it('costs no more than it may with as many annotations as an object can have: the request is answered, and others may still note something', async () => {
    // 256 KiB of keys and values is the API server's limit.
    const annotations = Object.fromEntries(Array.from({ length: 7500 }, (_, i) => [`${PREFIX}/${i}`, '']));
    const { metadata: { name } } = await as('bob').create<Csr>(csr({ signer: 'decides', namespace: 'bar', annotations }));
    assert.deepEqual((await settled(name)).status?.conditions?.map(({ type }) => type), ['Denied']);
    await patch(as('alice'), name, { metadata: { annotations: { 'example.com/note': 'seen' } } });
    await refused(patch(as('alice'), name, { metadata: { annotations: { [`${PREFIX}/0`]: 'x' } } }), /may not change annotations/);
  });
});

function csr({ signer, namespace = 'foo', annotations = {}, name }: { signer: Signer | typeof ELSEWHERE; namespace?: string; annotations?: Record<string, string>; name?: string }): Csr {
  const metadata = { ...(name === undefined ? { generateName: 'guarded-' } : { name }), annotations };
  const request = Buffer.from(csrPem({ names: [spiffe(namespace)] })).toString('base64');
  const signerName = signer === ELSEWHERE ? signer : `${DOMAIN}/${signer}`;
  return { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata, spec: { request, signerName, usages: ['digital signature', 'server auth'] } } as unknown as Csr;
}

function patch<T = KubernetesObject>(api: Api, path: string, body: unknown): Promise<T> {
  return api.call<T>('PATCH', `${CSRS}/${path}`, body, 'application/merge-patch+json');
}

async function refused(call: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(call, (error: unknown) => {
    assert.ok(error instanceof ApiError && error.status === 403, String(error));
    assert.match(error.message, message);
    assert.match(error.message, /ValidatingAdmissionPolicy 'signet'/);
    return true;
  });
}

/** Any certificate: the API server looks at no more than that it is one. */
function certificate(): string {
  return certificatePem(testRoot({ name: 'any' }).certificate);
}

/** The test's users have every right on requests that RBAC can give: what stops them is guard. */
function everyRight(): KubernetesObject[] {
  const apiGroup = 'rbac.authorization.k8s.io';
  const metadata = { name: 'all-of-csr' };
  const rules = [{ apiGroups: ['certificates.k8s.io'], resources: ['*'], verbs: ['*'] }];
  return [
    { apiVersion: `${apiGroup}/v1`, kind: 'ClusterRole', metadata, rules },
    { apiVersion: `${apiGroup}/v1`, kind: 'ClusterRoleBinding', metadata, roleRef: { apiGroup, kind: 'ClusterRole', name: metadata.name }, subjects: USERS.map((name) => ({ apiGroup, kind: 'User', name })) },
  ];
}
