import { freePorts } from '../../support/rig/ports.ts';
import type { Attack, AttackClass } from './attack.ts';
import { agent, idOf, type Pod } from './through-istiod.ts';
import type { World } from './world.ts';

const NAMESPACE = { signet: { rules: ['namespace'] } } as const;
const OF_BAR = /namespace: found "bar", allowed only namespaces that signer/;

/** A pod of bar that chooses a signer; its twin is the same pod with bar's. */
function byPod({ account, certSigner, ...attack }: Pick<Attack, 'title' | 'stoppedBy' | 'cause'> & Pod): Attack {
  const twin = { title: 'the signer of its own namespace', name: `URI:${idOf(account)}`, signer: 'bar' } as const;
  return { ...attack, by: 'pod', attempt: (world) => agent(world, { account, ...(certSigner !== undefined && { certSigner }) }), twin: { ...twin, attempt: (world) => agent(world, { account, certSigner: 'bar' }) } };
}

/**
 * What the injector makes of a pod's annotation `proxy.istio.io/config`: it outranks every ProxyConfig (istio: EffectiveProxyConfig), and ends
 * in the agent's environment twice.
 */
async function annotated({ mesh }: World, certSigner: string): Promise<Pick<Pod, 'certSigner' | 'env'>> {
  const [statusPort] = await freePorts(1);
  return { certSigner, env: { PROXY_CONFIG: JSON.stringify({ discoveryAddress: `127.0.0.1:${mesh.istiod.grpcPort}`, statusPort, proxyMetadata: { ISTIO_META_CERT_SIGNER: certSigner } }) } };
}

/** Real agents, a process for each. */
export const environment: AttackClass = {
  title: 'A signer chosen by the environment of a pod',
  concurrency: 4,
  attacks: [
    byPod({ title: "a pod of bar sets `ISTIO_META_CERT_SIGNER` to foo's signer", stoppedBy: NAMESPACE, cause: OF_BAR, account: 'bar/env-tenant', certSigner: 'foo' }),
    byPod({ title: "a pod of bar sets it to the mesh's own signer, for which no tenant has a name", stoppedBy: NAMESPACE, cause: OF_BAR, account: 'bar/env-mesh', certSigner: 'istio-system' }),
    byPod({ title: 'a pod of bar sets it to a name that nobody serves', stoppedBy: 'API server', cause: /user not permitted to approve requests with signerName .*nobody/, account: 'bar/env-unknown', certSigner: 'nobody' }),
    byPod({ title: 'a pod of bar sets it to a signer that istiod may not approve for', stoppedBy: 'API server', cause: /user not permitted to approve requests with signerName .*payments/, account: 'bar/env-unlisted', certSigner: 'payments' }),
    byPod({ title: 'a pod of bar sets it to a signer of another domain', stoppedBy: 'API server', cause: /spec\.signerName: Invalid value/, account: 'bar/env-domain', certSigner: 'other.example/foo' }),
    {
      title: "a pod of bar is annotated with foo's signer, which the injector hands to its agent",
      by: 'pod',
      stoppedBy: NAMESPACE,
      cause: OF_BAR,
      attempt: async (world) => agent(world, { account: 'bar/env-annotated', ...(await annotated(world, 'foo')) }),
      twin: { title: 'with the signer of its own namespace', name: `URI:${idOf('bar/env-annotated')}`, signer: 'bar', attempt: async (world) => agent(world, { account: 'bar/env-annotated', ...(await annotated(world, 'bar')) }) },
    },
  ],
};
