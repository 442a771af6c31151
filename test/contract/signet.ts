// Signet as `run` wires it, in this process, on whichever API a suite is told to: the sandbox or the real server.
import assert from 'node:assert/strict';
import { connect } from '../../src/adapters/kubernetes/connection.ts';
import { createLog } from '../../src/adapters/log.ts';
import { startApp, type App, type AppOptions } from '../../src/app.ts';
import { parseConfig } from '../../src/config.ts';
import { rbacObjects, type PolicyRule } from '../../src/config/rbac.ts';
import { kubeconfigText } from '../../src/sandbox/kubeconfig.ts';
import { testRoot, type TestAuthority } from '../support/authority.ts';
import { caSecret } from '../support/ca-secret.ts';
import { validNow } from '../support/clock.ts';
import { ISTIOD } from '../support/requests.ts';
import { pathOf, type KubernetesObject } from '../support/rig/api.ts';
import { connectTo, type Client, type Target, type User } from './client.ts';
import { CSRS } from './kubernetes/world.ts';

export type Condition = { type: string; status: string; reason: string; message: string };
export type Csr = { metadata: { name: string; uid: string; resourceVersion: string; annotations?: Record<string, string> }; spec: object; status?: { conditions?: Condition[]; certificate?: string } };

export type Asked = { readonly signerName: string; readonly pem: string; readonly as: User; readonly usages?: readonly string[]; readonly expirationSeconds?: number | undefined };

export interface Signet {
  readonly client: Client;
  readonly app: App;
  /** By the last part of the signer's name, whether its Secret is there or not. */
  readonly cas: Readonly<Record<string, TestAuthority>>;
  /** Makes the Secret of this signer's CA. */
  putCa(signer: string): Promise<void>;
  create(request: Asked): Promise<Csr>;
  /** Service accounts cannot: it is for istiod, and for a user named `approver`. */
  approve(csr: Csr, as: User): Promise<Csr>;
  read(csr: Csr): Promise<Csr>;
  stop(): Promise<void>;
}

export type SignetOptions = {
  readonly config: string;
  /** Beside Signet's own namespace and those of the CAs. */
  readonly objects?: readonly KubernetesObject[];
  /** Signers whose CA comes later. */
  readonly late?: readonly string[];
  /** Of the rights that `signet rbac` prints, those that Signet does not have. */
  readonly withheld?: (rule: PolicyRule) => boolean;
  readonly authority?: AppOptions['authority'];
};

const USAGES = ['digital signature', 'key encipherment', 'server auth', 'client auth'];

/** Starts it with the rights that `signet rbac` prints, and a CA for each signer. Ports must be free ones. With SIGNET_TEST_LOG its log is shown. */
export async function startSignet(target: Target, { config: text, objects = [], late = [], withheld = () => false, authority }: SignetOptions): Promise<Signet> {
  const client = connectTo(target);
  const parsed = parseConfig(text);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const { config } = parsed;
  const put = (object: KubernetesObject): Promise<unknown> => ok(client.call('POST', pathOf(object), { body: object }));
  const rights = rbacObjects(config).map((object) => ('rules' in object ? { ...object, rules: object.rules.filter((rule) => !withheld(rule)) } : object));
  const cas = Object.fromEntries(config.signers.map(({ name }) => [lastPart(name), testRoot({ name: lastPart(name), ...validNow() })]));
  const secretOf = new Map(config.signers.map(({ name, ca }) => [lastPart(name), ca.secret]));

  async function putCa(signer: string): Promise<void> {
    const { namespace, name } = secretOf.get(signer) ?? assert.fail(`there is no signer ${signer}`);
    await put(caSecret(name, cas[signer] ?? assert.fail(), namespace));
  }

  const namespaces = new Set(['signet-system', ...[...secretOf.values()].map(({ namespace }) => namespace)]);
  await Promise.all([...namespaces].map((name) => put(namespace(name))));
  for (const object of [account('signet-system', 'signet'), ...objects, ...callers(config.signers.map(({ name }) => name)), ...rights]) await put(object as KubernetesObject);
  for (const signer of Object.keys(cas)) if (!late.includes(signer)) await putCa(signer);
  const answer = await ok(client.call('POST', '/api/v1/namespaces/signet-system/serviceaccounts/signet/token', { body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} } }));
  const { token } = (answer as { status: { token: string } }).status;

  const stop = new AbortController();
  const log = createLog({ write: (line) => void (process.env['SIGNET_TEST_LOG'] && process.stderr.write(line)), now: () => new Date() });
  const connection = await connect({ kubeconfigText: kubeconfigText({ url: target.url, ca: target.ca, user: 'signet', token }), env: {}, userAgent: 'signet-test', log });
  const app = await startApp({ config, connection, namespace: 'signet-system', version: 'test', log, ...(authority === undefined ? {} : { authority }) }, stop.signal);
  return {
    client,
    app,
    cas,
    putCa,
    async create({ signerName, pem, as, usages = USAGES, expirationSeconds }) {
      const spec = { signerName, usages, request: Buffer.from(pem).toString('base64'), expirationSeconds };
      return (await ok(client.call('POST', CSRS, { as, body: { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { generateName: 'csr-' }, spec } }))) as Csr;
    },
    async approve(csr, as) {
      const conditions = [{ type: 'Approved', status: 'True', reason: 'Test', message: 'approved' }];
      return (await ok(client.call('PUT', `${CSRS}/${csr.metadata.name}/approval`, { as, body: { ...csr, status: { conditions } } }))) as Csr;
    },
    read: async ({ metadata }) => (await ok(client.call('GET', `${CSRS}/${metadata.name}`))) as Csr,
    async stop() {
      stop.abort();
      await app.ended;
      await client[Symbol.asyncDispose]();
    },
  };
}

/** The body of an answer that says that it was done. */
export async function ok(answer: ReturnType<Client['call']>): Promise<unknown> {
  const { status, body } = await answer;
  assert.ok(status >= 200 && status < 300, `${status}: ${JSON.stringify(body)}`);
  return body;
}

export function namespace(name: string, labels: Readonly<Record<string, string>> = {}): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

/** A service account as the API server knows it. */
export function user(namespace: string, name: string): User {
  return { user: `system:serviceaccount:${namespace}:${name}`, groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'] };
}

function account(namespace: string, name: string): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name } };
}

/** What those may do that ask, and those that approve. */
function callers(signers: readonly string[]): KubernetesObject[] {
  const [group, apiGroups] = ['rbac.authorization.k8s.io', ['certificates.k8s.io']];
  const role = (name: string, rules: object[], subjects: object[]): KubernetesObject[] => [
    { apiVersion: `${group}/v1`, kind: 'ClusterRole', metadata: { name }, rules },
    { apiVersion: `${group}/v1`, kind: 'ClusterRoleBinding', metadata: { name }, roleRef: { apiGroup: group, kind: 'ClusterRole', name }, subjects },
  ];
  const approving = [{ apiGroups, resources: ['certificatesigningrequests/approval'], verbs: ['update'] }, { apiGroups, resources: ['signers'], resourceNames: signers, verbs: ['approve'] }];
  return [
    ...role('requesters', [{ apiGroups, resources: ['certificatesigningrequests'], verbs: ['create', 'get', 'watch', 'delete'] }], [{ kind: 'Group', apiGroup: group, name: 'system:serviceaccounts' }]),
    ...role('approvers', approving, [ISTIOD, 'approver'].map((name) => ({ kind: 'User', apiGroup: group, name }))),
  ];
}

function lastPart(signerName: string): string {
  return signerName.slice(signerName.lastIndexOf('/') + 1);
}
