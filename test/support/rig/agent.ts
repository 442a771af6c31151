import { X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { locate } from '../../controlplane/build.ts';
import type { ControlPlane } from './apiserver.ts';
import type { Istiod } from './istiod.ts';
import { freePorts } from './ports.ts';
import { type RigProcess, startProcess } from './process.ts';
import { until } from './until.ts';

export interface AgentOptions {
  readonly controlPlane: ControlPlane;
  readonly istiod: Istiod;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** ISTIO_META_CERT_SIGNER: the last part of a signer name; the namespace's own name by default. */
  readonly certSigner?: string;
  /** SECRET_TTL, a Go duration: what it asks for; under 10m the API server refuses. */
  readonly secretTtl?: string;
  /**
   * SECRET_GRACE_PERIOD_RATIO: it renews when this part of the lifetime is left; 0.5 is Istio's own default. With
   * 0.9 and a signer that gives 30 s, it renews every 3 s.
   */
  readonly renewAt?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Istio's own agent for one workload, keeping its certificate fresh in files. */
export interface Agent extends AsyncDisposable {
  readonly process: RigProcess;
  readonly name: string;
  /** The folder of the three files. */
  readonly dir: string;
  readonly key: string;
  readonly certChain: string;
  readonly rootCert: string;
  /** The leaf in use; undefined while there is none. */
  certificate(): Promise<X509Certificate | undefined>;
  /** Waits for key, chain and root, and returns the leaf. With `after`, for a leaf of another serial number. */
  waitForCertificate(options?: { after?: string; seconds?: number; signal?: AbortSignal }): Promise<X509Certificate>;
  /** Waits until it has had this many serial numbers since it started, the first included; returns them. */
  serials(count: number, options?: { seconds?: number; signal?: AbortSignal }): Promise<string[]>;
  log(): string;
  stop(): Promise<void>;
}

/**
 * Starts pilot-agent as a sidecar of the service account would run it, without Envoy. The namespace and account
 * are created when missing; istiod must be ready.
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { controlPlane, istiod, namespace, serviceAccount, certSigner = namespace, secretTtl = '24h', renewAt = 0.5, env = {} } = options;
  const { agent: program } = await locate({ only: ['agent'] });
  const [statusPort] = (await freePorts(1)) as [number];
  await controlPlane.namespaces(namespace);
  await controlPlane.serviceAccounts(`${namespace}/${serviceAccount}`);
  const home = await mkdtemp(join(controlPlane.dir, `agent-${namespace}-${serviceAccount}-`));
  const dir = join(home, 'out');
  const secrets = join(home, 'var', 'run', 'secrets');
  for (const folder of [dir, join(secrets, 'tokens'), join(secrets, 'istio')]) await mkdir(folder, { recursive: true });
  const token = await controlPlane.serviceAccountToken(namespace, serviceAccount, { audiences: ['istio-ca'] });
  await writeFile(join(secrets, 'tokens', 'istio-token'), token, { mode: 0o600 });
  await writeFile(join(secrets, 'istio', 'root-cert.pem'), await istiod.rootCertPem(namespace));

  const address = `127.0.0.1:${istiod.grpcPort}`;
  const name = `agent ${namespace}/${serviceAccount}`;
  const process = await startProcess({
    name,
    command: program.path,
    args: ['proxy', 'sidecar', '--domain', `${namespace}.svc.cluster.local`],
    cwd: home,
    log: join(home, 'agent.log'),
    env: {
      POD_NAME: `${serviceAccount}-0`,
      POD_NAMESPACE: namespace,
      INSTANCE_IP: '127.0.0.1',
      SERVICE_ACCOUNT: serviceAccount,
      CA_ADDR: address,
      ISTIO_META_CERT_SIGNER: certSigner,
      ISTIO_META_CLUSTER_ID: 'Kubernetes',
      DISABLE_ENVOY: 'true',
      OUTPUT_CERTS: 'out',
      TRUST_DOMAIN: istiod.trustDomain,
      PILOT_CERT_PROVIDER: `k8s.io/${istiod.signerDomain}/${istiod.ownSigner}`,
      PROXY_CONFIG: JSON.stringify({ discoveryAddress: address, statusPort }),
      SECRET_TTL: secretTtl,
      SECRET_GRACE_PERIOD_RATIO: String(renewAt),
      ...env,
    },
  });

  const [key, certChain, rootCert] = ['key', 'cert-chain', 'root-cert'].map((file) => join(dir, `${file}.pem`)) as [string, string, string];
  const certificate = async () => {
    const text = await readFile(certChain).catch(() => undefined);
    return text === undefined || text.length === 0 ? undefined : new X509Certificate(text);
  };
  const waitForCertificate: Agent['waitForCertificate'] = async ({ after, seconds = 60, signal } = {}) => {
    const complete = async () => {
      const leaf = await certificate();
      const files = await Promise.all([readFile(key), readFile(rootCert)]);
      return leaf !== undefined && leaf.serialNumber !== after && files.every(({ length }) => length > 0) && leaf;
    };
    const what = after === undefined ? `${name} to have a certificate` : `${name} to renew the certificate ${after}`;
    return until(complete, { what, seconds, process, ...(signal && { signal }) });
  };
  const seen: string[] = [];
  return {
    process,
    name,
    dir,
    key,
    certChain,
    rootCert,
    certificate,
    waitForCertificate,
    serials: async (count, { seconds = 120, signal } = {}) => {
      const enough = async () => {
        const serial = (await certificate())?.serialNumber;
        if (serial !== undefined && !seen.includes(serial)) seen.push(serial);
        return seen.length >= count && [...seen];
      };
      const otherwise = () => `${seen.length}: ${seen.join(', ')}`;
      return until(enough, { what: `${name} to have had ${count} certificates`, seconds, process, otherwise, ...(signal && { signal }) });
    },
    log: () => process.output(),
    stop: async () => {
      await process.stop();
    },
    [Symbol.asyncDispose]: async () => {
      // Istio's agent drains for five seconds on SIGTERM, for connections it does not have here.
      await process.kill();
    },
  };
}
