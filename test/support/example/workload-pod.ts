import type { ControlPlane } from '../rig/apiserver.ts';
import { startAgent } from '../rig/agent.ts';
import { startApp } from '../rig/app.ts';
import { startClientEnvoy, startServerEnvoy, type Answer, type ClientEnvoy, type Envoy } from '../rig/envoy.ts';
import type { Istiod } from '../rig/istiod.ts';
import type { Deployment, Pod } from './pod.ts';

/** A pod with Istio's sidecar: the real agent keeps its certificate, real Envoys take and make its calls. */
export interface WorkloadPod extends Pod {
  /** What its sidecar asks to be signed by: the last part of a signer name. */
  readonly certSigner: string;
  /** The Envoy in front of its app; undefined until it has a certificate, and where there is no app. */
  readonly server: Envoy | undefined;
  /** Asks another pod for a page, through the Envoys of both. */
  call(to: WorkloadPod, path: string): Promise<Answer & { /** How many certificates of the other side its own Envoy did not accept. */ readonly rejected: number }>;
}

export type WorkloadOptions = { readonly controlPlane: ControlPlane; readonly istiod: Istiod; /** Of the mesh configuration. */ readonly defaultSigner: string };

type ProxyConfig = { readonly spec: { readonly selector?: unknown; readonly environmentVariables?: Readonly<Record<string, string>> } };

export async function startWorkloadPod(deployment: Deployment, { controlPlane, istiod, defaultSigner }: WorkloadOptions): Promise<WorkloadPod> {
  const { namespace } = deployment.metadata;
  const { metadata, spec } = deployment.spec.template;
  const certSigner = (await chosenSigner(deployment, controlPlane)) ?? defaultSigner;
  const agent = await startAgent({ controlPlane, istiod, namespace, serviceAccount: spec.serviceAccountName, certSigner });
  const parts: AsyncDisposable[] = [agent];
  const clients = new Map<number, ClientEnvoy>();
  let server: Envoy | undefined;
  const use = <T extends AsyncDisposable>(part: T): T => {
    parts.unshift(part);
    return part;
  };
  return {
    certSigner,
    get server() {
      return server;
    },
    ready: async () => {
      if ((await agent.certificate()) === undefined) return false;
      if (metadata.labels?.['app'] === 'httpbin') server ??= use(await startServerEnvoy({ identity: agent, appPort: use(await startApp()).port }));
      return true;
    },
    call: async (to, path) => {
      if (to.server === undefined) throw new Error('the pod that is called has no server');
      const client = clients.get(to.server.port) ?? use(await startClientEnvoy({ identity: agent, server: to.server }));
      clients.set(to.server.port, client);
      const before = await client.stat('ssl.fail_verify_error');
      const answer = await client.get(path);
      return { ...answer, rejected: (await client.stat('ssl.fail_verify_error')) - before };
    },
    log: () => agent.log(),
    [Symbol.asyncDispose]: async () => {
      for (const part of parts) await part[Symbol.asyncDispose]();
    },
  };
}

/** Istio's order (pilot/pkg/model/proxy_config.go, EffectiveProxyConfig): the pod's annotation, then the ProxyConfig of its namespace. */
async function chosenSigner({ metadata: { namespace }, spec }: Deployment, { api }: ControlPlane): Promise<string | undefined> {
  const annotation = spec.template.metadata.annotations?.['proxy.istio.io/config'];
  const own = annotation === undefined ? undefined : (JSON.parse(annotation) as { proxyMetadata?: Record<string, string> }).proxyMetadata?.['ISTIO_META_CERT_SIGNER'];
  const configs = await api.list<ProxyConfig>(`/apis/networking.istio.io/v1beta1/namespaces/${namespace}/proxyconfigs`);
  return own ?? configs.find(({ spec: { selector } }) => selector === undefined)?.spec.environmentVariables?.['ISTIO_META_CERT_SIGNER'];
}
