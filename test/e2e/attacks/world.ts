import { parseConfig, type Config } from '../../../src/config.ts';
import { guardObjects } from '../../../src/config/guard.ts';
import { testRoot, type TestAuthority } from '../../support/authority.ts';
import { caSecret } from '../../support/ca-secret.ts';
import { validNow } from '../../support/clock.ts';
import { meshConfig, SIGNER_DOMAIN, startMesh, type Mesh } from '../../support/mesh.ts';
import { apiClient, type Api, type KubernetesObject } from '../../support/rig/api.ts';
import { caClient, type CaClient } from '../../support/rig/ca-client.ts';
import { freePorts } from '../../support/rig/ports.ts';
import { until } from '../../support/rig/until.ts';
import { startSignet } from '../../support/signet.ts';

export type SignerName = 'foo' | 'bar' | 'istio-system' | 'payments' | 'registry';

export const REGISTRAR = 'system:serviceaccount:registry:registrar';

/** Beside service accounts: users that may ask, and what else each may. */
export const USERS = {
  /** May change every request, and approves and signs for no signer. */
  writer: 'writer',
  /** May approve for every signer, and is listed for `registry`. */
  approver: 'approver',
  /** May approve for every signer, and is listed nowhere. */
  unlisted: 'unlisted-approver',
  /** A controller that may sign for every signer. */
  rival: 'rival-signer',
  /** Whoever may ask. */
  asker: 'asker',
  spiffe: 'spiffe://cluster.local/ns/foo/sa/app',
  node: 'system:node:foo-1',
} as const;

/** The mesh of two tenants as the example has it, all attackers, and what they work with. */
export interface World extends AsyncDisposable {
  readonly mesh: Mesh;
  /** Of the Signet that runs. */
  readonly config: Config;
  readonly authorities: Readonly<Record<SignerName, TestAuthority>>;
  /** istiod's CA port. */
  readonly ca: CaClient;
  /** Where Signet's webhook listens; the API server is not told of it. */
  readonly webhookPort: number;
  /** The API as this user, with a real token; a service account and its namespace are made when they are not there. */
  as(user: string): Promise<Api>;
  /** A token as a pod of this service account (`namespace/name`) has it mounted for istiod. */
  istioToken(account: string): Promise<string>;
  /** Requests that an attempt has reported already. */
  readonly reported: Set<string>;
  installGuard(): Promise<void>;
  stopSignet(): Promise<void>;
  /** Starts Signet anew with another configuration. */
  restartSignet(edit: (config: string) => string): Promise<void>;
}

/**
 * Beside the tenants of the example: `payments` takes only some accounts and one kind of key, `registry` gives DNS names to one requester and
 * has its approvals from outside, and foo's signer still serves a namespace that it is about to give up.
 */
const MORE_SIGNERS = `
  - name: ${SIGNER_DOMAIN}/payments
    ca: { secret: cert-manager/payments-ca }
    allow: [{ namespaces: [payments], serviceAccounts: ["payments/web-*"], keys: [P-256] }]
  - name: ${SIGNER_DOMAIN}/registry
    ca: { secret: cert-manager/registry-ca }
    approval: external
    approvers: [{ user: ${USERS.approver} }]
    allow: [{ requesters: [${REGISTRAR}], dnsNames: ["*.registry.svc"] }]
`;

const MORE_REQUESTERS = `
  - user: ${REGISTRAR}
    vouches: { namespaces: [payments], trustDomains: [cluster.local, partner.example] }
`;

export async function startWorld(): Promise<World> {
  const [webhookPort] = (await freePorts(1)) as [number];
  const edit = (config: string): string =>
    config
      .replace('\nsigners:', `${MORE_REQUESTERS}signers:`)
      .replace('namespaces: [foo]', 'namespaces: [foo, retired]')
      .replace('publish:', `${MORE_SIGNERS}publish:`)
      .concat(`webhook: { address: "127.0.0.1:${webhookPort}" }\n`);
  const users = Object.values(USERS).map((name) => ({ name, groups: name === USERS.node ? ['system:nodes'] : [] }));
  const mesh = await startMesh({ edit, controlPlane: { users, audit: true } });
  const { controlPlane } = mesh;
  const apis = new Map<string, Promise<Api>>();
  const accounts = new Map<string, Promise<void>>();
  let later: AsyncDisposable | undefined;

  const validity = validNow();
  const authorities = { ...mesh.authorities, payments: testRoot({ name: 'payments', ...validity }), registry: testRoot({ name: 'registry', ...validity }) };
  await controlPlane.api.apply(...rights(), caSecret('payments-ca', authorities.payments), caSecret('registry-ca', authorities.registry));
  let config = parsed(meshConfig({ edit }));
  for (const name of ['payments', 'registry']) await until(async () => (await mesh.signet.metric('signet_ca_ready', `${SIGNER_DOMAIN}/${name}`)) === 1, { what: `the CA of ${name} to be taken up` });
  const ca = caClient({ istiod: mesh.istiod, rootCertPem: await mesh.istiod.rootCertPem() });

  const account = (name: string): Promise<void> => once(accounts, name, async () => {
    await controlPlane.namespaces(name.split('/')[0] ?? '');
    await controlPlane.serviceAccounts(name);
  });
  const tokenOf = async (user: string): Promise<string> => {
    const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user) ?? [];
    if (namespace === undefined || name === undefined) return controlPlane.userToken(user);
    await account(`${namespace}/${name}`);
    return controlPlane.serviceAccountToken(namespace, name);
  };
  return {
    mesh,
    get config() {
      return config;
    },
    authorities,
    ca,
    webhookPort,
    reported: new Set(),
    as: (user) => once(apis, user, async () => apiClient({ url: controlPlane.url, caPem: controlPlane.caPem, token: await tokenOf(user) })),
    istioToken: async (name) => {
      await account(name);
      const [namespace = '', short = ''] = name.split('/');
      return controlPlane.serviceAccountToken(namespace, short, { audiences: ['istio-ca'] });
    },
    installGuard: async () => {
      await controlPlane.api.apply(...(guardObjects(config) as unknown as KubernetesObject[]));
    },
    stopSignet: () => mesh.signet.stop(),
    restartSignet: async (change) => {
      const text = meshConfig({ edit: (usual) => change(edit(usual)) });
      config = parsed(text);
      const signet = await startSignet({ controlPlane, config: text });
      later = signet;
      await signet.ready();
    },
    [Symbol.asyncDispose]: async () => {
      ca[Symbol.dispose]();
      for (const api of await Promise.all(apis.values())) api.close();
      await later?.[Symbol.asyncDispose]();
      await mesh[Symbol.asyncDispose]();
    },
  };
}

function parsed(text: string): Config {
  const result = parseConfig(text);
  if (!result.ok) throw new Error(`The test's own configuration is wrong: ${JSON.stringify(result.problems)}`);
  return result.config;
}

function once<T>(made: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = made.get(key) ?? make();
  made.set(key, known);
  return known;
}

/** RBAC as it is found: everybody may ask, and some may do more than they need. */
function rights(): KubernetesObject[] {
  const csr = (resources: readonly string[], verbs: readonly string[]): object => ({ apiGroups: ['certificates.k8s.io'], resources, verbs });
  const user = (name: string): object => ({ apiGroup: GROUP, kind: 'User', name });
  const changers = [USERS.writer, USERS.approver, USERS.unlisted, USERS.rival];
  const parts = ['certificatesigningrequests', 'certificatesigningrequests/approval', 'certificatesigningrequests/status'];
  return [
    ...role('attack-ask', [csr(['certificatesigningrequests'], ['create', 'get'])], [{ apiGroup: GROUP, kind: 'Group', name: 'system:authenticated' }]),
    ...role('attack-change', [csr(parts, ['update', 'patch'])], changers.map(user)),
    ...role('attack-approve', [csr(['signers'], ['approve'])], [USERS.approver, USERS.unlisted].map(user)),
    // Whoever runs "signet signers" may look for other doors to the same CAs.
    ...role('attack-look', [{ apiGroups: ['cert-manager.io'], resources: ['clusterissuers'], verbs: ['get', 'list'] }], [{ kind: 'ServiceAccount', namespace: 'signet-system', name: 'signet' }]),
    ...role('attack-sign', [csr(['signers'], ['sign'])], [user(USERS.rival)]),
  ];
}

const GROUP = 'rbac.authorization.k8s.io';

function role(name: string, rules: readonly object[], subjects: readonly object[]): KubernetesObject[] {
  const [apiVersion, metadata] = [`${GROUP}/v1`, { name }];
  return [
    { apiVersion, kind: 'ClusterRole', metadata, rules },
    { apiVersion, kind: 'ClusterRoleBinding', metadata, roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name }, subjects },
  ];
}
