import assert from 'node:assert/strict';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ControlPlane } from '../rig/apiserver.ts';
import { startProcess } from '../rig/process.ts';
import type { Deployment, Pod } from './pod.ts';

export interface SignetPod extends Pod {
  /** The page that its Service would hand on. */
  get(path: string): Promise<Response>;
}

/**
 * Starts what the Deployment of the manifests describes, as a process: the container's arguments, the configuration from the ConfigMap that
 * it mounts, a token of its service account, and readiness by its probe. The one change: it listens on any free port of 127.0.0.1, as
 * all pods here share one machine.
 */
export async function startSignetPod({ metadata, spec }: Deployment, { controlPlane, program }: { controlPlane: ControlPlane; program: string }): Promise<SignetPod> {
  const { serviceAccountName, containers, volumes = [] } = spec.template.spec;
  const [container] = containers;
  const [mount] = container?.volumeMounts ?? [];
  assert.ok(container !== undefined && mount !== undefined && containers.length === 1);
  // Where the program looks when nobody names a file.
  assert.equal(mount.mountPath, '/etc/signet');
  const source = volumes.find(({ name }) => name === mount.name)?.configMap?.name;
  const { data } = await controlPlane.api.get<{ data: Record<string, string> }>(`/api/v1/namespaces/${metadata.namespace}/configmaps/${source}`);

  const dir = await mkdtemp(join(controlPlane.dir, 'signet-pod-'));
  const config = join(dir, 'signet.yaml');
  await writeFile(config, `${data['signet.yaml']}\nhttp: { address: "127.0.0.1:0" }\n`);
  const kubeconfig = await controlPlane.kubeconfigFor({ serviceAccount: `${metadata.namespace}/${serviceAccountName}` }, { seconds: 24 * 3_600 });
  const args = [program, ...(container.args ?? []), '-c', config, '--kubeconfig', kubeconfig];
  const process = await startProcess({ name: 'Signet', command: globalThis.process.execPath, args, cwd: dir, log: join(dir, 'signet.log') });
  const get = async (path: string): Promise<Response> => {
    const port = /"port":(\d+)/.exec(process.output())?.[1];
    if (port === undefined) throw new Error('Signet has not said where it listens');
    return fetch(`http://127.0.0.1:${port}${path}`);
  };
  return {
    get,
    ready: async () => {
      if (!process.running) throw new Error(`Signet ended:\n${process.output(20)}`);
      return /"port":\d+/.test(process.output()) && (await get(container.readinessProbe?.httpGet.path ?? '/')).ok;
    },
    log: () => process.output(),
    [Symbol.asyncDispose]: async () => {
      await process.stop();
    },
  };
}
