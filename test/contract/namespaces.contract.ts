// Who may have what by the labels of namespaces, on whichever API `open` starts: the sandbox and the real server. Signet runs wired in this
// process with the rights that `signet rbac` prints, the one on namespaces last.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../src/adapters/kubernetes/connection.ts';
import { createLog } from '../../src/adapters/log.ts';
import { startApp, type App } from '../../src/app.ts';
import { parseConfig } from '../../src/config.ts';
import { rbacObjects } from '../../src/config/rbac.ts';
import { matchesLabels, selectorText, type LabelRequirement, type Labels } from '../../src/core/label-selector.ts';
import { kubeconfigText } from '../../src/sandbox/kubeconfig.ts';
import { secretFiles, testRoot } from '../support/authority.ts';
import { testKey } from '../support/keys.ts';
import { csrPem, spiffe } from '../support/requests.ts';
import { connectTo, type Client, type Target } from './client.ts';

const DOMAIN = 'signers.example.test';
const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const NAMESPACES = '/api/v1/namespaces';
const CONFIG = `
signers:
  - { name: ${DOMAIN}/tenant-a, ca: { secret: cas/tenant-a }, allow: { namespaces: { matchLabels: { tenant: a } } } }
  - { name: ${DOMAIN}/rest, ca: { secret: cas/rest }, allow: { namespaces: unclaimed } }
  - { name: ${DOMAIN}/plain, ca: { secret: cas/plain }, allow: { namespaces: plain } }
http: { address: "127.0.0.1:0" }
`;

type Csr = { metadata: { name: string }; status?: { conditions?: { type: string; reason: string; message: string }[]; certificate?: string } };

export function namespacesContract(name: string, open: () => Promise<Target>): void {
  describe(name, () => {
    const stop = new AbortController();
    let target: Target;
    let client: Client;
    let app: App;
    let openTheView: () => Promise<unknown>;

    before(async () => {
      target = await open();
      client = connectTo(target);
      const parsed = parseConfig(CONFIG);
      assert.ok(parsed.ok, JSON.stringify(parsed));
      const { config } = parsed;
      for (const each of ['signet-system', 'cas', 'plain', 'other']) await namespace(each);
      await namespace('labelled', { tenant: 'a' });
      await ok(client.call('POST', `${NAMESPACES}/signet-system/serviceaccounts`, { body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'signet' } } }));
      openTheView = await grant(rbacObjects(config) as unknown as Rbac[]);
      for (const { name: signer, ca } of config.signers) {
        const validity = { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 3650 * 86_400_000) };
        const data = Object.fromEntries(Object.entries(secretFiles(testRoot({ name: signer, key: testKey('P-256', signer), ...validity }))).map(([key, value]) => [key, value.toString('base64')]));
        await ok(client.call('POST', `${NAMESPACES}/cas/secrets`, { body: { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: { name: ca.secret.name }, data } }));
      }
      const token = ((await ok(client.call('POST', `${NAMESPACES}/signet-system/serviceaccounts/signet/token`, { body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} } }))) as { status: { token: string } }).status.token;
      const log = createLog({ write: () => undefined, now: () => new Date() });
      const connection = await connect({ kubeconfigText: kubeconfigText({ url: target.url, ca: target.ca, user: 'signet', token }), env: {}, userAgent: 'signet-test', log });
      app = await startApp({ config, connection, namespace: 'signet-system', version: 'test', log }, stop.signal);
    });
    after(async () => {
      stop.abort();
      await app?.ended;
      await client?.[Symbol.asyncDispose]();
      await target?.stop();
    });

    it('before the labels are known nothing is decided by them, and what does not ask for them is', async () => {
      const waiting = [await ask('tenant-a', 'labelled'), await ask('tenant-a', 'other'), await ask('rest', 'other')];
      assert.equal(await verdict(await ask('plain', 'plain')), 'issued');
      for (const each of waiting) assert.equal((await read(each)).status?.conditions, undefined);
      assert.deepEqual(app.missing(), ['the first list of Namespaces']);

      await openTheView();
      assert.deepEqual(await Promise.all(waiting.map(verdict)), ['issued', 'Denied', 'issued']);
      assert.deepEqual(app.missing(), []);
    });

    it('a namespace that is made, labelled anew and unlabelled is judged as it is then', async () => {
      await namespace('moving', { tenant: 'a' });
      await settles('tenant-a', 'moving', 'issued');
      assert.equal(await verdict(await ask('rest', 'moving')), 'Denied');
      await label('moving', { tenant: 'b' });
      await settles('tenant-a', 'moving', 'Denied');
      assert.equal(await verdict(await ask('rest', 'moving')), 'issued');
      await label('moving', { tenant: 'a' });
      await settles('tenant-a', 'moving', 'issued');
      await label('moving', { tenant: null });
      await settles('tenant-a', 'moving', 'Denied');
    });

    it('a namespace that the cluster does not have fits no selector, and is not unclaimed while somebody claims by one', async () => {
      assert.equal(await verdict(await ask('tenant-a', 'nowhere')), 'Denied');
      assert.equal(await verdict(await ask('rest', 'nowhere')), 'Denied');
      assert.equal(await verdict(await ask('rest', 'other')), 'issued');
    });

    it('selectors select what the API server selects', async () => {
      const all: Record<string, Labels> = { 'sel-0': {}, 'sel-1': { a: 'x' }, 'sel-2': { a: 'y', b: '' }, 'sel-3': { b: 'x', 'example.com/a': 'y' }, 'sel-4': { 'a': '', 'b': 'y', 'example.com/a': 'x' } };
      for (const [each, labels] of Object.entries(all)) await namespace(each, labels);
      const requirements = ['a', 'b', 'example.com/a'].flatMap((key): LabelRequirement[] => [
        { key, operator: 'Exists', values: [] },
        { key, operator: 'DoesNotExist', values: [] },
        ...[['x'], [''], ['x', 'y'], ['', 'z']].flatMap((values): LabelRequirement[] => [{ key, operator: 'In', values }, { key, operator: 'NotIn', values }]),
      ]);
      const selectors = requirements.flatMap((first, i) => [{ requirements: [first] }, { requirements: [first, requirements[(i * 7 + 3) % requirements.length] ?? first] }]);
      let selected = 0;
      for (const selector of selectors) {
        const { items } = (await ok(client.call('GET', `${NAMESPACES}?labelSelector=${encodeURIComponent(selectorText(selector))}`))) as { items: { metadata: { name: string } }[] };
        const theirs = items.map(({ metadata }) => metadata.name).filter((each) => each.startsWith('sel-')).sort();
        const ours = Object.entries(all).flatMap(([each, labels]) => (matchesLabels(selector, labels) ? [each] : []));
        assert.deepEqual(ours, theirs, selectorText(selector));
        if (ours.length > 0 && ours.length < 5) selected += 1;
      }
      assert.ok(selected > selectors.length / 2);
    });

    async function namespace(name: string, labels: Labels = {}): Promise<void> {
      await ok(client.call('POST', NAMESPACES, { body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } } }));
    }

    async function label(name: string, labels: Record<string, string | null>): Promise<void> {
      await ok(client.call('PATCH', `${NAMESPACES}/${name}`, { body: { metadata: { labels } }, type: 'application/merge-patch+json' }));
    }

    /** A service account of the namespace asks the signer for itself. */
    async function ask(signer: string, from: string): Promise<Csr> {
      const as = { user: `system:serviceaccount:${from}:app`, groups: ['system:serviceaccounts', 'system:authenticated'] };
      const spec = { signerName: `${DOMAIN}/${signer}`, usages: ['digital signature', 'client auth'], request: Buffer.from(csrPem({ names: [spiffe(from)] })).toString('base64') };
      return (await ok(client.call('POST', CSRS, { as, body: { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { generateName: 'csr-' }, spec } }))) as Csr;
    }

    async function read({ metadata }: Csr): Promise<Csr> {
      return (await ok(client.call('GET', `${CSRS}/${metadata.name}`))) as Csr;
    }

    /** `issued`, or the condition that ended it; a refusal must be the rule's about namespaces. */
    async function verdict(csr: Csr): Promise<string> {
      for (const deadline = performance.now() + 40_000; ; await sleep(10)) {
        const { status } = await read(csr);
        if (status?.certificate !== undefined) return 'issued';
        const refusal = status?.conditions?.find(({ type }) => type === 'Denied' || type === 'Failed');
        if (refusal !== undefined) {
          assert.match(refusal.message, /namespace: found "[a-z-]+", allowed only namespaces that signer/);
          return refusal.type;
        }
        assert.ok(performance.now() < deadline, `no verdict on ${JSON.stringify(await read(csr))}`);
      }
    }

    /** The watch is a moment behind the write: asks until the verdict is that one. */
    async function settles(signer: string, from: string, expected: string): Promise<void> {
      for (const deadline = performance.now() + 20_000; (await verdict(await ask(signer, from))) !== expected; ) assert.ok(performance.now() < deadline, `${from} at ${signer} does not become ${expected}`);
    }

    /** Everything but the view of namespaces, which is granted by what is returned. */
    async function grant(objects: Rbac[]): Promise<() => Promise<unknown>> {
      const seesNamespaces = ({ resources }: Rule): boolean => resources.includes('namespaces');
      for (const object of [...objects, ...requesting()]) {
        const { apiVersion, kind, metadata, rules } = object;
        const scope = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
        await ok(client.call('POST', `/apis/${apiVersion}${scope}/${kind.toLowerCase()}s`, { body: { ...object, ...(rules === undefined ? {} : { rules: rules.filter((rule) => !seesNamespaces(rule)) }) } }));
      }
      const whole = objects.find(({ rules }) => rules?.some(seesNamespaces));
      assert.ok(whole !== undefined, 'the rights include the view of namespaces');
      return () => ok(client.call('PATCH', `/apis/${whole.apiVersion}/clusterroles/${whole.metadata.name}`, { body: { rules: whole.rules }, type: 'application/merge-patch+json' }));
    }
  });
}

type Rule = { readonly resources: readonly string[] };
type Rbac = { readonly apiVersion: string; readonly kind: string; readonly metadata: { readonly name: string; readonly namespace?: string }; readonly rules?: readonly Rule[] };

function requesting(): Rbac[] {
  const group = 'rbac.authorization.k8s.io';
  const rules = [{ apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'], verbs: ['create'] }];
  return [
    { apiVersion: `${group}/v1`, kind: 'ClusterRole', metadata: { name: 'requesters' }, rules },
    { apiVersion: `${group}/v1`, kind: 'ClusterRoleBinding', metadata: { name: 'requesters' }, roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'requesters' }, subjects: [{ kind: 'Group', apiGroup: group, name: 'system:serviceaccounts' }] } as Rbac,
  ];
}

async function ok(answer: Promise<{ status: number; body: unknown }>): Promise<unknown> {
  const { status, body } = await answer;
  assert.ok(status >= 200 && status < 300, `${status}: ${JSON.stringify(body)}`);
  return body;
}
