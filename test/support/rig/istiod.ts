import type { X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { stringify } from 'yaml';
import { locate } from '../../controlplane/build.ts';
import { servedCertificate } from '../served-certificate.ts';
import type { ControlPlane } from './apiserver.ts';
import { istiodRbac } from './istiod-rbac.ts';
import { freePorts } from './ports.ts';
import { type RigProcess, startProcess } from './process.ts';
import { until } from './until.ts';

export interface IstiodOptions {
  readonly controlPlane: ControlPlane;
  /** CERT_SIGNER_DOMAIN. */
  readonly signerDomain?: string;
  /** Last part of the signer that istiod asks for its own serving certificate. */
  readonly ownSigner?: string;
  /** global.certSigners of the chart: the signers istiod may approve for. All of the domain by default. */
  readonly certSigners?: readonly string[];
  readonly trustDomain?: string;
  /** Further fields of ConfigMap istio-system/istio's mesh config, such as caCertificates. */
  readonly meshConfig?: Readonly<Record<string, unknown>>;
  /** SHARED_MESH_CONFIG: name of a second ConfigMap in istio-system whose key `mesh` is merged in. */
  readonly sharedMeshConfig?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Further arguments, such as --kubernetesApiQPS=500. */
  readonly args?: readonly string[];
  readonly logLevel?: string;
  /** Takes a line when istiod ended on its own and is started again; standard error by default. */
  readonly say?: (line: string) => void;
}

/** The effective mesh config, as far as tests look at it. */
export interface MeshConfig {
  readonly trustDomain?: string;
  readonly caCertificates?: readonly { readonly pem?: string; readonly certSigners?: readonly string[] }[];
  readonly [key: string]: unknown;
}

/** A real istiod as registration authority over the CSR API, restarted when it dies, as a kubelet would. */
export interface Istiod extends AsyncDisposable {
  readonly process: RigProcess;
  readonly log: string;
  /** Port of the TLS gRPC server: certificates and discovery. */
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly monitoringPort: number;
  readonly signerDomain: string;
  readonly ownSigner: string;
  readonly trustDomain: string;
  /** How often it ended on its own and was started again. */
  readonly restarts: number;
  /** Waits until it says so, which takes its own certificate to be signed first. */
  ready(options?: { seconds?: number; signal?: AbortSignal }): Promise<void>;
  debugMesh(): Promise<MeshConfig>;
  /** All metrics, in Prometheus' text form. */
  metrics(): Promise<string>;
  /** Waits for what istiod hands to the workloads of a namespace as the root of its own certificate. */
  rootCertPem(namespace?: string): Promise<string>;
  /** The certificate on its CA port. */
  servingCertificate(): Promise<X509Certificate>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  restart(): Promise<void>;
}

/**
 * Starts istiod in namespace istio-system, with its chart's RBAC and a service account of its own. Does not wait
 * for it to be ready, as the signer of its certificate may come later.
 */
export async function startIstiod(options: IstiodOptions): Promise<Istiod> {
  const { controlPlane, ownSigner = 'istio-system', trustDomain = 'cluster.local', sharedMeshConfig } = options;
  const { signerDomain = 'clusterissuers.cert-manager.io', logLevel = 'default:info,serverca:debug,pkira:debug' } = options;
  const { certSigners = [`${signerDomain}/*`], meshConfig = {}, env = {}, args = [], say = toStderr } = options;
  const { api } = controlPlane;
  const { istiod: program } = await locate({ only: ['istiod'] });
  const dir = await mkdtemp(join(controlPlane.dir, 'istiod-'));
  // Its paths are relative, and what it finds there would change what it does.
  const cwd = join(dir, 'cwd');
  await mkdir(cwd);
  const ports = (await freePorts(6)) as [number, number, number, number, number, number];
  const [httpPort, plainPort, grpcPort, webhookPort, monitoringPort, ctrlzPort] = ports;

  const mesh = {
    trustDomain,
    rootNamespace: 'istio-system',
    defaultConfig: { discoveryAddress: `127.0.0.1:${grpcPort}`, proxyMetadata: { ISTIO_META_CERT_SIGNER: ownSigner } },
    ...meshConfig,
  };
  await controlPlane.namespaces('istio-system');
  await controlPlane.serviceAccounts('istio-system/istiod');
  await api.apply(...istiodRbac({ certSigners }), {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'istio-system', name: 'istio' },
    data: { mesh: stringify(mesh) },
  });
  const kubeconfig = await controlPlane.kubeconfigFor({ serviceAccount: 'istio-system/istiod' }, { seconds: 24 * 3_600 });

  const start = async () =>
    startProcess({
      name: 'istiod',
      command: program.path,
      args: [
        ...['discovery', '--kubeconfig', kubeconfig, '--httpAddr', `127.0.0.1:${httpPort}`, '--grpcAddr', `127.0.0.1:${plainPort}`],
        ...['--secureGRPCAddr', `127.0.0.1:${grpcPort}`, '--httpsAddr', `127.0.0.1:${webhookPort}`],
        ...['--monitoringAddr', `127.0.0.1:${monitoringPort}`, '--ctrlz_port', String(ctrlzPort), '--ctrlz_address', '127.0.0.1'],
        ...[`--log_output_level=${logLevel}`, ...args],
      ],
      cwd,
      log: join(dir, 'istiod.log'),
      env: {
        POD_NAMESPACE: 'istio-system',
        POD_NAME: 'istiod-0',
        REVISION: 'default',
        CLUSTER_ID: 'Kubernetes',
        INJECTION_WEBHOOK_CONFIG_NAME: '',
        VALIDATION_WEBHOOK_CONFIG_NAME: '',
        INJECT_ENABLED: 'false',
        EXTERNAL_CA: 'ISTIOD_RA_KUBERNETES_API',
        CERT_SIGNER_DOMAIN: signerDomain,
        PILOT_CERT_PROVIDER: `k8s.io/${signerDomain}/${ownSigner}`,
        ...(sharedMeshConfig === undefined ? {} : { SHARED_MESH_CONFIG: sharedMeshConfig }),
        ...env,
      },
    });

  let restarts = 0;
  let life = new AbortController();
  let process = await start();
  let supervision = supervise();

  async function supervise(): Promise<void> {
    const { signal } = life;
    for (let soon = 0; ; soon++) {
      const started = performance.now();
      const { code } = await process.exited;
      if (signal.aborted) return;
      restarts++;
      const cause = /^(?:panic|fatal).*$/im.exec(process.output())?.[0] ?? process.output(1);
      say(`istiod ended with ${code}; start ${restarts + 1} follows (${cause.slice(0, 200)})`);
      // A kubelet waits ten seconds the second time; one is enough to spare the two cores.
      if (performance.now() - started > 30_000) soon = 0;
      if (soon > 0) await wait(1_000, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      process = await start();
    }
  }
  const end = async (how: 'stop' | 'kill') => {
    life.abort();
    await process[how]();
    await supervision;
    // It may have been between its end and its next start.
    await process[how]();
  };
  const get = async (port: number, path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    if (!response.ok) throw new Error(`istiod answered ${response.status} to ${path}: ${await response.text()}`);
    return response.text();
  };
  return {
    get process() {
      return process;
    },
    log: process.log,
    grpcPort,
    httpPort,
    monitoringPort,
    signerDomain,
    ownSigner,
    trustDomain,
    get restarts() {
      return restarts;
    },
    ready: async ({ seconds = 90, signal } = {}) => {
      const asked = async () => {
        await get(httpPort, '/ready');
        return true;
      };
      const otherwise = () => `${restarts} restarts, and in its log:\n${process.output(15)}\n`;
      await until(asked, { what: 'istiod to be ready', seconds, otherwise, ...(signal && { signal }) });
    },
    debugMesh: async () => JSON.parse(await get(httpPort, '/debug/mesh')) as MeshConfig,
    metrics: async () => get(monitoringPort, '/metrics'),
    rootCertPem: async (namespace = 'istio-system') => {
      const path = `/api/v1/namespaces/${namespace}/configmaps/istio-ca-root-cert`;
      const published = async () => (await api.find<{ data?: Record<string, string> }>(path))?.data?.['root-cert.pem'];
      return until(published, { what: `istiod to publish its root to namespace ${namespace}` });
    },
    servingCertificate: () => servedCertificate(grpcPort, { servername: 'istiod.istio-system.svc', ALPNProtocols: ['h2'] }),
    stop: async () => end('stop'),
    kill: async () => end('kill'),
    restart: async () => {
      await end('stop');
      life = new AbortController();
      process = await start();
      supervision = supervise();
    },
    [Symbol.asyncDispose]: async () => end('kill'),
  };
}

function toStderr(line: string): void {
  globalThis.process.stderr.write(`${line}\n`);
}
