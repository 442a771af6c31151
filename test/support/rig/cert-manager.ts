import { mkdtemp, readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { locate } from '../../controlplane/build.ts';
import { tlsSecret } from '../ca-secret.ts';
import type { Api, KubernetesObject } from './api.ts';
import type { ControlPlane } from './apiserver.ts';
import { type RigProcess, startProcess } from './process.ts';
import { until } from './until.ts';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** Where the service account and the Secrets of ClusterIssuers are, as cert-manager's chart has it. */
export const certManagerNamespace = 'cert-manager';

/** What the program can run: the signer of CSRs for CA issuers, and what makes issuers Ready. All of it by default. */
export type CertManagerController = 'certificatesigningrequests-issuer-ca' | 'clusterissuers' | 'issuers';

export interface CertManagerOptions {
  readonly controlPlane: ControlPlane;
  readonly controllers?: readonly CertManagerController[];
  /** Further arguments, such as --concurrent-workers=10. */
  readonly args?: readonly string[];
}

/** cert-manager's controllers, with everything in place for them to run. */
export interface CertManager {
  readonly version: string;
  /** Starts a process of its own; it is running when this returns, which does not say that it is ready. */
  start(): Promise<RigProcess>;
}

/**
 * Puts the kinds of cert-manager and the rights of its controllers on the API server, and starts nothing. May be
 * called again. The program is built first if it never was, which takes minutes.
 */
export async function prepareCertManager({ controlPlane, controllers, args = [] }: CertManagerOptions): Promise<CertManager> {
  const { 'cert-manager-signer': program } = await locate({ only: ['cert-manager-signer'] });
  const { api } = controlPlane;
  await controlPlane.namespaces(certManagerNamespace);
  await controlPlane.serviceAccounts(`${certManagerNamespace}/cert-manager`);
  const known = new Set((await api.list(CRDS)).map(({ metadata: { name } }) => name));
  const missing = (await readCrds(program.path)).filter(({ metadata: { name } }) => !known.has(name));
  await api.apply(...certManagerRbac(), ...missing);
  const kinds = ['clusterissuers', 'issuers', 'certificates'];
  const served = async () => (await Promise.all(kinds.map(async (kind) => api.get(`/apis/cert-manager.io/v1/${kind}?limit=1`)))).length > 0;
  await until(served, { what: `the API server to serve ${kinds.join(', ')}` });
  const kubeconfig = await controlPlane.kubeconfigFor({ serviceAccount: `${certManagerNamespace}/cert-manager` }, { seconds: 24 * 3_600 });
  const dir = await mkdtemp(join(controlPlane.dir, 'cert-manager-'));
  const chosen = controllers === undefined ? [] : ['--controllers', controllers.join(',')];
  return {
    version: program.version,
    start: async () =>
      startProcess({
        name: 'cert-manager-signer',
        command: program.path,
        args: ['--kubeconfig', kubeconfig, '--cluster-resource-namespace', certManagerNamespace, ...chosen, ...args],
        log: join(dir, 'cert-manager-signer.log'),
      }),
  };
}

/** PEM of a CA, and the names it goes by. */
export interface CaIssuer {
  readonly name: string;
  /** Makes it an Issuer there instead of a ClusterIssuer. */
  readonly namespace?: string;
  readonly certificatePem: string;
  readonly keyPem: string;
  /** The Secret's name; the issuer's by default. */
  readonly secret?: string;
}

/** The Secret and the issuer of a CA. */
export function caIssuer({ name, namespace, certificatePem, keyPem, secret = name }: CaIssuer): KubernetesObject[] {
  // Secrets that cert-manager makes carry this label, and of those alone it keeps a copy: others cost it a read per certificate.
  const metadata = { namespace: namespace ?? certManagerNamespace, name: secret, labels: { 'controller.cert-manager.io/fao': 'true' } };
  const kind = namespace === undefined ? { kind: 'ClusterIssuer', metadata: { name } } : { kind: 'Issuer', metadata: { name, namespace } };
  return [
    tlsSecret(metadata, { 'tls.crt': certificatePem, 'tls.key': keyPem, 'ca.crt': certificatePem }),
    { apiVersion: 'cert-manager.io/v1', ...kind, spec: { ca: { secretName: secret } } },
  ];
}

type Issuer = KubernetesObject & { readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] } };

/** The issuers (`name`, or `namespace/name`) that are not Ready, or are not there. */
export async function unreadyIssuers(api: Api, names: readonly string[]): Promise<string[]> {
  const root = '/apis/cert-manager.io/v1';
  const found = [...(await api.list<Issuer>(`${root}/clusterissuers`)), ...(await api.list<Issuer>(`${root}/issuers`))];
  const ready = found.filter(({ status }) => status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'));
  const readyNames = new Set(ready.map(({ metadata: { name, namespace } }) => (namespace === undefined ? name : `${namespace}/${name}`)));
  return names.filter((name) => !readyNames.has(name));
}

/** cert-manager's own definitions of its kinds, which the build has put beside the program. */
async function readCrds(program: string): Promise<KubernetesObject[]> {
  const folder = join(dirname(program), 'crds');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.yaml')).sort();
  return Promise.all(files.map(async (file) => parse(await readFile(join(folder, file), 'utf8')) as KubernetesObject));
}

/** What cert-manager's chart grants these controllers, in one role. */
function certManagerRbac(): KubernetesObject[] {
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const metadata = { name: 'cert-manager-controller' };
  const read = ['get', 'list', 'watch'];
  const rule = (apiGroup: string, resources: readonly string[], verbs: readonly string[]) => ({ apiGroups: [apiGroup], resources, verbs });
  const rules = [
    rule('cert-manager.io', ['issuers', 'clusterissuers', 'issuers/status', 'clusterissuers/status'], ['update', 'patch']),
    rule('cert-manager.io', ['issuers', 'clusterissuers'], read),
    rule('', ['secrets'], [...read, 'create', 'update', 'delete']),
    rule('', ['events'], ['create', 'patch']),
    rule('certificates.k8s.io', ['certificatesigningrequests'], [...read, 'update']),
    rule('certificates.k8s.io', ['certificatesigningrequests/status'], ['update', 'patch']),
    { ...rule('certificates.k8s.io', ['signers'], ['sign']), resourceNames: ['issuers.cert-manager.io/*', 'clusterissuers.cert-manager.io/*'] },
    rule('authorization.k8s.io', ['subjectaccessreviews'], ['create']),
  ];
  const subjects = [{ kind: 'ServiceAccount', name: 'cert-manager', namespace: certManagerNamespace }];
  return [
    { apiVersion, kind: 'ClusterRole', metadata, rules },
    { apiVersion, kind: 'ClusterRoleBinding', metadata, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: metadata.name }, subjects },
  ];
}
