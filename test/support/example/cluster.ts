import { setTimeout as wait } from 'node:timers/promises';
import { ApiError } from '../rig/api.ts';
import type { ControlPlane } from '../rig/apiserver.ts';
import type { Istiod } from '../rig/istiod.ts';
import { playCertManager, playNamespaces } from './controllers.ts';
import type { Deployment, Pod } from './pod.ts';
import { startSignetPod, type SignetPod } from './signet-pod.ts';
import { startWorkloadPod, type WorkloadPod } from './workload-pod.ts';

/** Istio as an example installs it. */
export type Istio = { readonly istiod: Istiod; readonly defaultSigner: string };

/**
 * What a control plane alone lacks to be a cluster: nodes that run Deployments, the controller of namespaces, and cert-manager.
 * It looks at the API server's objects several times a second and does with each what these would.
 */
export interface PlayedCluster extends AsyncDisposable {
  /** From then on pods of namespaces with istio-injection=enabled have a sidecar. */
  install(istio: Istio): void;
  uninstall(): Promise<void>;
  /** undefined: it does not run. */
  signet(): SignetPod | undefined;
  workload(namespace: string, name: string): WorkloadPod;
  /** Throws what went wrong in the meantime. */
  check(): void;
}

type Running = { readonly template: string; readonly deployment: Deployment; readonly pod: Pod };

export function playCluster({ controlPlane, program }: { controlPlane: ControlPlane; program: string }): PlayedCluster {
  const { api } = controlPlane;
  const running = new Map<string, Running>();
  const signets = new Map<string, SignetPod>();
  const workloads = new Map<string, WorkloadPod>();
  const end = new AbortController();
  let istio: Istio | undefined;
  let trouble: unknown;
  const loop = look();

  async function look(): Promise<void> {
    try {
      while (!end.signal.aborted) {
        for (const play of [() => playCertManager(api), playDeployments, () => playNamespaces(api)]) await play().catch(unlessChanged);
        await wait(100, undefined, { signal: end.signal }).catch(() => undefined);
      }
    } catch (error) {
      trouble = error;
    }
  }

  async function playDeployments(): Promise<void> {
    const deployments = await api.list<Deployment>('/apis/apps/v1/deployments');
    const names = new Set(deployments.filter(({ spec }) => spec.replicas > 0).map(nameOf));
    for (const name of running.keys()) if (!names.has(name)) await stop(name);
    for (const deployment of deployments) {
      if (deployment.spec.replicas > 1) throw new Error(`${nameOf(deployment)} is more than one pod, which is not played`);
      const [name, template] = [nameOf(deployment), JSON.stringify(deployment.spec.template)];
      if (running.has(name) && running.get(name)?.template !== template) await stop(name);
      if (deployment.spec.replicas > 0 && !running.has(name)) running.set(name, { template, deployment, pod: await start(deployment) });
      const { observedGeneration, availableReplicas } = deployment.status ?? {};
      const isObserved = observedGeneration === deployment.metadata.generation;
      const isReady = (await running.get(name)?.pod.ready()) === true;
      if (!isObserved || (isReady && availableReplicas !== 1)) await tell(deployment, isReady);
    }
  }

  async function start(deployment: Deployment): Promise<Pod> {
    const name = nameOf(deployment);
    if (name === 'signet-system/signet') {
      const pod = await startSignetPod(deployment, { controlPlane, program });
      signets.set(name, pod);
      return pod;
    }
    const { metadata } = await api.get<{ metadata: { labels?: Record<string, string> } }>(`/api/v1/namespaces/${deployment.metadata.namespace}`);
    if (istio === undefined || metadata.labels?.['istio-injection'] !== 'enabled') throw new Error(`${name} would run without a sidecar, which no example means`);
    const pod = await startWorkloadPod(deployment, { controlPlane, ...istio });
    workloads.set(name, pod);
    return pod;
  }

  async function stop(name: string): Promise<void> {
    await running.get(name)?.pod[Symbol.asyncDispose]();
    for (const pods of [running, signets, workloads]) pods.delete(name);
  }

  async function tell({ metadata: { namespace, name, generation }, spec }: Deployment, isReady: boolean): Promise<void> {
    const at = new Date().toISOString();
    const available = { type: 'Available', status: isReady ? 'True' : 'False', reason: isReady ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable', message: '', lastUpdateTime: at, lastTransitionTime: at };
    const [ready, missing] = isReady ? [spec.replicas, null] : [null, spec.replicas];
    const counts = { readyReplicas: ready, availableReplicas: ready, unavailableReplicas: missing === 0 ? null : missing };
    const status = { observedGeneration: generation, replicas: spec.replicas, updatedReplicas: spec.replicas, ...counts, conditions: [available] };
    await api.call('PATCH', `/apis/apps/v1/namespaces/${namespace}/deployments/${name}/status`, { status }, 'application/merge-patch+json');
  }

  return {
    install: (installed) => {
      istio = installed;
    },
    uninstall: async () => {
      await istio?.istiod[Symbol.asyncDispose]();
      istio = undefined;
    },
    signet: () => signets.get('signet-system/signet'),
    workload: (namespace, name) => {
      const pod = workloads.get(`${namespace}/${name}`);
      if (pod === undefined) throw new Error(`there is no pod of ${namespace}/${name}`);
      return pod;
    },
    check: () => {
      if (trouble !== undefined) throw new Error('the played cluster is broken', { cause: trouble });
    },
    [Symbol.asyncDispose]: async () => {
      end.abort();
      await loop;
      for (const name of running.keys()) await stop(name);
      await istio?.istiod[Symbol.asyncDispose]();
    },
  };
}

/** Somebody deleted or changed what was just looked at, or a kind is being defined (429): the next look sees it. */
function unlessChanged(error: unknown): void {
  if (!(error instanceof ApiError && [404, 409, 429].includes(error.status))) throw error;
}

function nameOf({ metadata }: Pick<Deployment, 'metadata'>): string {
  return `${metadata.namespace}/${metadata.name}`;
}
