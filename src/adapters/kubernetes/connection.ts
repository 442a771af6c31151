import type { KubeConfig } from '@kubernetes/client-node';
import type { Log } from '../../control/ports.ts';
import { credentialSource } from './credentials.ts';
import { describeSource, findKubeconfig, loadKubeconfig } from './kubeconfig.ts';
import type { Environment } from './kubeconfig.ts';
import { openTransport } from './transport.ts';
import type { Transport } from './transport.ts';

export type Connection = {
  /** Where the cluster was found described: `in-cluster`, a file; for messages. */
  readonly source: string;
  readonly transport: Transport;
  /** Lets calls in flight end. */
  close(): Promise<void>;
};

export type ConnectOptions = {
  /** The file of `--kubeconfig`. */
  readonly kubeconfig?: string | undefined;
  /** A kubeconfig that is in no file; it wins over everything else. */
  readonly kubeconfigText?: string | undefined;
  readonly env: Environment;
  readonly userAgent: string;
  readonly log: Log;
  readonly now?: () => Date;
};

/**
 * Finds the cluster and prepares everything to talk to it, without a packet sent. client-node and undici are loaded
 * only here: they cost half a second, which a command that needs no cluster does not pay.
 * Throws Refusal when there is no kubeconfig or it is wrong.
 */
export async function connect({ kubeconfig, kubeconfigText, env, userAgent, log, now = () => new Date() }: ConnectOptions): Promise<Connection> {
  const source = kubeconfigText === undefined ? findKubeconfig({ kubeconfig, env }) : { kind: 'text' as const, text: kubeconfigText };
  const [{ KubeConfig }, { Agent }] = await Promise.all([import('@kubernetes/client-node'), import('undici')]);
  const load = (): KubeConfig => loadKubeconfig(new KubeConfig(), () => new KubeConfig(), source);
  const server = load().getCurrentCluster()?.server ?? '';
  const credentials = credentialSource({ load, now, log });
  const transport = openTransport({ server, credentials, userAgent, newAgent: (options) => new Agent(options), now, log });
  return { source: describeSource(source), transport, close: () => transport.close() };
}
