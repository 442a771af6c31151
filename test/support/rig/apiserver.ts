import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { locate } from '../../controlplane/build.ts';
import { type Api, apiClient } from './api.ts';
import { makeDir } from './dir.ts';
import { freePorts } from './ports.ts';
import { type RigProcess, startProcess } from './process.ts';
import { until } from './until.ts';

/** A user of the API server, other than a service account. */
export interface StaticUser {
  readonly name: string;
  readonly groups?: readonly string[];
}

export interface ControlPlaneOptions {
  /** Where keys, data and logs go, to stay; by default a temporary folder that disposing of the control plane removes. */
  readonly dir?: string;
  /** Users that authenticate with a token; the API server reads them once, so they are named here. */
  readonly users?: readonly StaticUser[];
  /** Record every request's metadata (and, for CSRs, its body); read with auditEvents. */
  readonly audit?: boolean;
  /** Further arguments of kube-apiserver. */
  readonly apiserverArgs?: readonly string[];
}

export interface TokenOptions {
  readonly audiences?: readonly string[];
  /** Lifetime; the API server refuses less than 600. */
  readonly seconds?: number;
}

/** Who a kubeconfig is for: a user named at the start, a service account `namespace/name`, or a token's bearer. */
export type Who = { readonly user: string } | { readonly serviceAccount: string } | { readonly token: string };

export interface AuditEvent {
  readonly verb: string;
  readonly requestURI: string;
  readonly stage: string;
  readonly user: { readonly username: string };
  readonly responseStatus?: { readonly code: number };
  readonly [key: string]: unknown;
}

/** etcd and kube-apiserver, with RBAC on and nothing else of a cluster: no controllers, no nodes. */
export interface ControlPlane extends AsyncDisposable {
  readonly dir: string;
  readonly url: string;
  readonly version: string;
  readonly caPem: string;
  readonly caFile: string;
  /** A member of system:masters. */
  readonly adminToken: string;
  /** Path of the administrator's kubeconfig. */
  readonly adminKubeconfig: string;
  /** The administrator's client. */
  readonly api: Api;
  readonly apiserver: RigProcess;
  readonly etcd: RigProcess;
  /** Writes a kubeconfig and returns its path. */
  kubeconfigFor(who: Who, options?: TokenOptions): Promise<string>;
  /** A bound token of the service account, which must exist. */
  serviceAccountToken(namespace: string, name: string, options?: TokenOptions): Promise<string>;
  userToken(name: string): string;
  /** Creates what is missing of these namespaces. */
  namespaces(...names: readonly string[]): Promise<void>;
  serviceAccounts(...names: readonly string[]): Promise<void>;
  auditEvents(): Promise<AuditEvent[]>;
  ready(): Promise<void>;
  /** Ends both gently. Everything stays on disk for restart. */
  stop(): Promise<void>;
  /** Ends the API server, and only it, as a crash would. */
  kill(): Promise<void>;
  /** Starts what is not running, with the same ports, certificates, users and data; stops the API server first. */
  restart(): Promise<void>;
}

/** Starts etcd and kube-apiserver and waits until the API server says it is ready. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { users = [], audit = false, apiserverArgs = [] } = options;
  const temporary = options.dir === undefined ? await makeDir() : undefined;
  const dir = options.dir ?? temporary!.path;
  await mkdir(dir, { recursive: true });
  const programs = await locate({ only: ['etcd', 'kube-apiserver'] });
  const [etcdPort, peerPort, port] = (await freePorts(3)) as [number, number, number];
  const url = `https://127.0.0.1:${port}`;

  const tokens = new Map([['admin', randomToken()], ...users.map(({ name }) => [name, randomToken()] as const)]);
  const adminToken = tokens.get('admin')!;
  const all = [{ name: 'admin', groups: ['system:masters'] }, ...users];
  await writeKeys(dir);
  await writeFile(join(dir, 'tokens.csv'), all.map((user) => tokenLine(user, tokens.get(user.name)!)).join(''), { mode: 0o600 });
  if (audit) await writeFile(join(dir, 'audit-policy.json'), JSON.stringify(auditPolicy));

  const startEtcd = async () => {
    const client = `http://127.0.0.1:${etcdPort}`;
    const process = await startProcess({
      name: 'etcd',
      command: programs.etcd.path,
      args: [
        ...['--data-dir', join(dir, 'etcd'), '--listen-client-urls', client, '--advertise-client-urls', client],
        ...['--listen-peer-urls', `http://127.0.0.1:${peerPort}`, '--unsafe-no-fsync', '--log-level', 'warn'],
      ],
      log: join(dir, 'etcd.log'),
    });
    const healthy = async () => (await fetch(`${client}/health`)).ok;
    await until(healthy, { what: 'etcd to be healthy', process });
    return process;
  };
  const startApiserver = async () =>
    startProcess({
      name: 'kube-apiserver',
      command: programs['kube-apiserver'].path,
      args: [
        ...['--etcd-servers', `http://127.0.0.1:${etcdPort}`, '--secure-port', String(port), '--bind-address', '127.0.0.1'],
        ...['--cert-dir', join(dir, 'pki'), '--token-auth-file', join(dir, 'tokens.csv')],
        ...['--service-account-issuer', 'https://kubernetes.default.svc', '--api-audiences', 'https://kubernetes.default.svc'],
        ...['--service-account-key-file', join(dir, 'sa.pub'), '--service-account-signing-key-file', join(dir, 'sa.key')],
        ...['--authorization-mode', 'Node,RBAC', '--enable-admission-plugins', 'NodeRestriction'],
        // Without these two it ends on a machine that has no default route.
        ...['--advertise-address', '127.0.0.1', '--endpoint-reconciler-type', 'none'],
        ...['--service-cluster-ip-range', '10.0.0.0/24', '--allow-privileged', '--shutdown-delay-duration', '0s'],
        ...(audit ? ['--audit-policy-file', join(dir, 'audit-policy.json'), '--audit-log-path', join(dir, 'audit.log')] : []),
        ...apiserverArgs,
      ],
      log: join(dir, 'kube-apiserver.log'),
    });

  let etcd = await startEtcd();
  let apiserver = await startApiserver();
  const caFile = join(dir, 'pki', 'apiserver.crt');
  const caPem = await until(async () => completePem(caFile), { what: 'the API server to write its certificate', process: apiserver });
  const api = apiClient({ url, caPem, token: adminToken });

  const ready = async () => {
    const asked = async () => {
      await api.call('GET', '/readyz');
      // Its namespace controller makes this one a moment after it is ready.
      return (await api.find('/api/v1/namespaces/default')) !== undefined;
    };
    await until(asked, { what: 'the API server to be ready', seconds: 60, process: apiserver });
  };
  await ready();

  let written = 0;
  const writeKubeconfig = async (token: string) => {
    const path = join(dir, `kubeconfig-${++written}.json`);
    await writeFile(path, JSON.stringify(kubeconfig(url, caPem, token)), { mode: 0o600 });
    return path;
  };
  const serviceAccountToken = async (namespace: string, name: string, { audiences = [], seconds = 3_600 }: TokenOptions = {}) => {
    const spec = { audiences: audiences.length > 0 ? audiences : undefined, expirationSeconds: seconds };
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
    return (await api.call<{ status: { token: string } }>('POST', path, body)).status.token;
  };
  const userToken = (name: string) => {
    const token = tokens.get(name);
    if (token === undefined) throw new Error(`no user "${name}": startControlPlane was given ${[...tokens.keys()].join(', ')}`);
    return token;
  };
  const tokenOf = async (who: Who, options?: TokenOptions) => {
    if ('token' in who) return who.token;
    if ('user' in who) return userToken(who.user);
    const [namespace = '', name = ''] = who.serviceAccount.split('/');
    return serviceAccountToken(namespace, name, options);
  };
  const stop = async () => {
    await apiserver.stop();
    await etcd.stop();
  };
  return {
    dir,
    url,
    version: programs['kube-apiserver'].version,
    caPem,
    caFile,
    adminToken,
    adminKubeconfig: await writeKubeconfig(adminToken),
    api,
    get apiserver() {
      return apiserver;
    },
    get etcd() {
      return etcd;
    },
    kubeconfigFor: async (who, options) => writeKubeconfig(await tokenOf(who, options)),
    serviceAccountToken,
    userToken,
    namespaces: async (...names) => {
      await api.apply(...names.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })));
    },
    serviceAccounts: async (...names) => {
      const objects = names.map((each) => {
        const [namespace = '', name = ''] = each.split('/');
        return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name } };
      });
      await api.apply(...objects);
    },
    auditEvents: async () => {
      const text = await readFile(join(dir, 'audit.log'), 'utf8');
      // The last line may still be on its way.
      return text.slice(0, text.lastIndexOf('\n') + 1).split('\n').filter(Boolean).map((line) => JSON.parse(line) as AuditEvent);
    },
    ready,
    stop,
    kill: async () => {
      await apiserver.kill();
    },
    restart: async () => {
      if (apiserver.running) await apiserver.stop();
      if (!etcd.running) etcd = await startEtcd();
      apiserver = await startApiserver();
      await ready();
    },
    [Symbol.asyncDispose]: async () => {
      api.close();
      // Nothing is left to lose by then, and the gentle way takes a second.
      await apiserver.kill();
      await etcd.kill();
      await temporary?.remove();
    },
  };
}

const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Request', resources: [{ group: 'certificates.k8s.io' }] }, { level: 'Metadata' }],
};

async function writeKeys(dir: string): Promise<void> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await writeFile(join(dir, 'sa.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
  await writeFile(join(dir, 'sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
}

async function completePem(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8');
  return text.endsWith('-----END CERTIFICATE-----\n') ? text : undefined;
}

function tokenLine({ name, groups = [] }: StaticUser, token: string): string {
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  return `${token},${quoted(name)},${quoted(name)},${quoted(groups.join(','))}\n`;
}

function randomToken(): string {
  return randomBytes(24).toString('hex');
}

function kubeconfig(url: string, caPem: string, token: string): unknown {
  const server = { server: url, 'certificate-authority-data': Buffer.from(caPem).toString('base64') };
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'rig', cluster: server }],
    users: [{ name: 'rig', user: { token } }],
    contexts: [{ name: 'rig', context: { cluster: 'rig', user: 'rig' } }],
    'current-context': 'rig',
  };
}
