import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { Refusal } from '../../control/errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export type KubeconfigSource =
  | { readonly kind: 'files'; readonly files: readonly string[] }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'in-cluster'; readonly server: string };

/** Where the kubelet projects a pod's service account. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * Where the cluster is described: `--kubeconfig`, KUBECONFIG (a list of files), the pod's service account,
 * `~/.kube/config`, in that order. Throws Refusal when there is none.
 */
export function findKubeconfig({ kubeconfig, env, exists = existsSync }: { kubeconfig?: string | undefined; env: Environment; exists?: (path: string) => boolean }): KubeconfigSource {
  if (kubeconfig !== undefined) return { kind: 'files', files: [resolve(kubeconfig)] };
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
  if (listed.length > 0) return { kind: 'files', files: listed.map((file) => resolve(file)) };
  const host = env['KUBERNETES_SERVICE_HOST'];
  if (host !== undefined && host !== '' && exists(`${SERVICE_ACCOUNT}/token`)) {
    return { kind: 'in-cluster', server: `https://${host.includes(':') ? `[${host}]` : host}:${env['KUBERNETES_SERVICE_PORT'] ?? '443'}` };
  }
  const home = env['HOME'] ?? env['USERPROFILE'];
  if (home !== undefined && exists(join(home, '.kube', 'config'))) return { kind: 'files', files: [join(home, '.kube', 'config')] };
  throw new Refusal('no kubeconfig found: neither --kubeconfig nor KUBECONFIG is set, this is no pod with a service account, and ~/.kube/config does not exist; pass --kubeconfig FILE');
}

/** `in-cluster`, or the files: for messages. */
export function describeSource(source: KubeconfigSource): string {
  switch (source.kind) {
    case 'files':
      return source.files.join(delimiter);
    case 'text':
      return 'a kubeconfig in memory';
    case 'in-cluster':
      return 'the service account of this pod';
  }
}

/**
 * Fills an empty KubeConfig from the source. Reads the files each time, so that a new token or certificate is seen.
 * Throws Refusal when a file is missing or wrong, or describes a cluster that must not be talked to.
 */
export function loadKubeconfig(config: KubeConfig, newConfig: () => KubeConfig, source: KubeconfigSource): KubeConfig {
  switch (source.kind) {
    case 'in-cluster':
      config.loadFromClusterAndUser(
        { name: 'in-cluster', server: source.server, caFile: `${SERVICE_ACCOUNT}/ca.crt`, skipTLSVerify: false },
        { name: 'in-cluster', authProvider: { name: 'tokenFile', config: { tokenFile: `${SERVICE_ACCOUNT}/token` } } },
      );
      break;
    case 'text':
      loadText(config, source.text, process.cwd(), describeSource(source));
      break;
    case 'files':
      source.files.forEach((file, index) => {
        const part = index === 0 ? config : newConfig();
        loadText(part, readFile(file), dirname(file), file);
        // The first file that names a current-context wins, as with kubectl.
        if (part !== config) config.mergeConfig(part, config.currentContext !== undefined);
      });
  }
  checkCluster(config, source);
  return config;
}

function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Refusal(`cannot read the kubeconfig ${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function loadText(config: KubeConfig, text: string, directory: string, from: string): void {
  try {
    config.loadFromString(text);
    config.makePathsAbsolute(directory);
    applyTokenFiles(config, text, directory);
  } catch (error) {
    throw new Refusal(`the kubeconfig ${from} is not valid: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** client-node 1.4.0 knows `token-file`, the kubeconfig format says `tokenFile`; either way the file is to be re-read. */
function applyTokenFiles(config: KubeConfig, text: string, directory: string): void {
  const parsed = parse(text) as { users?: { name: string; user?: { tokenFile?: string } }[] } | null;
  for (const { name, user } of parsed?.users ?? []) {
    const known = config.users.findIndex((one) => one.name === name);
    const found = config.users[known];
    if (user?.tokenFile === undefined || found === undefined) continue;
    const tokenFile = isAbsolute(user.tokenFile) ? user.tokenFile : join(directory, user.tokenFile);
    config.users[known] = { ...found, authProvider: { name: 'tokenFile', config: { tokenFile } } };
  }
}

function checkCluster(config: KubeConfig, source: KubeconfigSource): void {
  const from = describeSource(source);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Refusal(`the kubeconfig ${from} has no cluster for its current-context "${config.currentContext ?? ''}"; run: kubectl config use-context NAME`);
  if (cluster.proxyUrl !== undefined && cluster.proxyUrl !== null) throw new Refusal(`the kubeconfig ${from} names a proxy-url for cluster ${cluster.name}, and proxies are not supported; reach the API server directly`);
  const url = URL.canParse(cluster.server) ? new URL(cluster.server) : null;
  if (url === null || !['https:', 'http:'].includes(url.protocol)) throw new Refusal(`the kubeconfig ${from} has server "${cluster.server}" for cluster ${cluster.name}; it must be an https URL`);
  if (url.protocol === 'http:') allowLoopback(config, url, from);
}

/** Plain HTTP carries tokens in the clear, so it is for `kubectl proxy` and tests only; client-node then wants this flag. */
function allowLoopback(config: KubeConfig, url: URL, from: string): void {
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)) {
    throw new Refusal(`the kubeconfig ${from} has server "${url.origin}": plain HTTP is accepted on this machine's loopback only; use https`);
  }
  const cluster = config.getCurrentCluster();
  config.clusters = config.clusters.map((one) => (one.name === cluster?.name ? { ...one, skipTLSVerify: true } : one));
}
