import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { parseConfig, type Config } from '../../src/config.ts';
import { rbacObjects } from '../../src/config/rbac.ts';
import { buildProgram } from '../house/build.ts';
import type { KubernetesObject } from './rig/api.ts';
import type { ControlPlane } from './rig/apiserver.ts';
import { startProcess, type RigProcess } from './rig/process.ts';
import { until } from './rig/until.ts';

const ACCOUNT = 'signet-system/signet';

/** Signet as a process of its own, the built program as users run it, with a service account that has just the rights that its configuration needs. */
export interface SignetProcess extends AsyncDisposable {
  readonly process: RigProcess;
  /** Waits until /readyz says so. */
  ready(): Promise<void>;
  /** The page of /metrics. */
  metrics(): Promise<string>;
  /** The value of the one series whose name and labels hold all of these texts; 0 when there is none. */
  metric(...texts: readonly string[]): Promise<number>;
  /** The log as parsed lines since this start. */
  log(): readonly Record<string, unknown>[];
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** The same configuration, a new process. */
  start(): Promise<void>;
  /** Runs one command of the CLI against the same cluster, as the same service account. */
  cli(...args: readonly string[]): Promise<{ code: number; output: string }>;
}

/** `config` is the text of signet.yaml, `nodeArgs` are for Node itself. */
export async function startSignet({ controlPlane, config: text, nodeArgs = [] }: { controlPlane: ControlPlane; config: string; nodeArgs?: readonly string[] }): Promise<SignetProcess> {
  const config = valid(text);
  const { certManager } = config.discover;
  await controlPlane.namespaces('signet-system', ...config.signers.map(({ ca }) => ca.secret.namespace), ...(certManager === null ? [] : [certManager.clusterResourceNamespace, ...certManager.namespaces]));
  await controlPlane.serviceAccounts(ACCOUNT);
  await controlPlane.api.apply(...(rbacObjects(config) as unknown as KubernetesObject[]), ...meshConfigMap(config), ...(certManager === null ? [] : await wildcardRights()));
  const dir = await mkdtemp(join(controlPlane.dir, 'signet-'));
  const file = join(dir, 'signet.yaml');
  await writeFile(file, text);
  // Half a second to build, then a third of the time of the sources for each start.
  const program = await buildProgram({ out: join(dir, 'program') });
  const kubeconfig = await controlPlane.kubeconfigFor({ serviceAccount: ACCOUNT }, { seconds: 24 * 3_600 });
  const spawn = (name: string, args: readonly string[]): Promise<RigProcess> =>
    startProcess({ name, command: process.execPath, args: [...nodeArgs, program, ...args], cwd: dir, log: join(dir, `${name}.log`) });
  const run = (): Promise<RigProcess> => spawn('signet', ['run', '-c', file, '--kubeconfig', kubeconfig, '--log-format', 'json']);

  let running = await run();
  let calls = 0;
  const log = (): Record<string, unknown>[] => running.output().split('\n').flatMap(parsedLine);
  const address = (): Promise<string> =>
    until(() => (log().find(({ message }) => message === 'started')?.['http'] as { port: number } | undefined)?.port, { what: 'Signet to listen', process: running }).then((port) => `http://127.0.0.1:${port}`);
  const get = async (path: string): Promise<string> => {
    const response = await fetch(`${await address()}${path}`);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.text();
  };
  const metrics = (): Promise<string> => get('/metrics');
  return {
    get process() {
      return running;
    },
    ready: async () => {
      await until(async () => (await get('/readyz')) !== '', { what: 'Signet to be ready', process: running });
    },
    metrics,
    async metric(...texts) {
      const lines = (await metrics()).split('\n').filter((line) => !line.startsWith('#') && texts.every((each) => line.includes(each)));
      if (lines.length > 1) throw new Error(`${texts.join(' ')} is ambiguous: ${lines.join('; ')}`);
      return lines[0] === undefined ? 0 : Number(lines[0].slice(lines[0].lastIndexOf(' ')));
    },
    log,
    stop: async () => {
      await running.stop();
    },
    kill: async () => {
      await running.kill();
    },
    start: async () => {
      running = await run();
    },
    async cli(...args) {
      const [name = '', ...rest] = args;
      calls += 1;
      const once = await spawn(`signet-${name}-${calls}`, [name, '-c', file, '--kubeconfig', kubeconfig, ...rest]);
      const { code } = await once.exited;
      return { code, output: once.output().replace(/^---.*\n/, '') };
    },
    [Symbol.asyncDispose]: async () => {
      await running.stop();
    },
  };
}

function valid(text: string): Config {
  const parsed = parseConfig(text);
  if (!parsed.ok) throw new Error(`The test's own configuration is wrong: ${JSON.stringify(parsed.problems)}`);
  return parsed.config;
}

/** The component that an installation with `discover.certManager` has. */
async function wildcardRights(): Promise<KubernetesObject[]> {
  const file = join(import.meta.dirname, '../../manifests/components/cert-manager/rbac.yaml');
  return parseAllDocuments(await readFile(file, 'utf8')).map((document) => document.toJS() as KubernetesObject);
}

/** The empty ConfigMap that the manifests bring. */
function meshConfigMap({ publish: { meshConfig } }: Config): KubernetesObject[] {
  return meshConfig === null ? [] : [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...meshConfig } }];
}

function parsedLine(line: string): Record<string, unknown>[] {
  try {
    return line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : [];
  } catch {
    return []; // The line that is being written.
  }
}
