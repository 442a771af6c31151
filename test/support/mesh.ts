import { startControlPlane, type ControlPlane, type ControlPlaneOptions } from './rig/apiserver.ts';
import { startIstiod, type Istiod } from './rig/istiod.ts';
import { testIntermediate, testRoot, type TestAuthority } from './authority.ts';
import { caSecret } from './ca-secret.ts';
import { validNow } from './clock.ts';
import { startSignet, type SignetProcess } from './signet.ts';

export const SIGNER_DOMAIN = 'clusterissuers.cert-manager.io';

/** A real control plane with Signet and istiod on it, and a CA for each of foo, bar and istio-system. */
export interface Mesh extends AsyncDisposable {
  readonly controlPlane: ControlPlane;
  readonly signet: SignetProcess;
  readonly istiod: Istiod;
  readonly authorities: Readonly<Record<'foo' | 'bar' | 'istio-system', TestAuthority>>;
}

export type MeshOptions = {
  /** `lifetime` of the tenants' signers. */
  readonly lifetime?: string;
  /** Changes signet.yaml. */
  readonly edit?: (config: string) => string;
  readonly istiodArgs?: readonly string[];
  readonly istiodEnv?: Readonly<Record<string, string>>;
  /** Users of the API server, and whether it keeps an audit log. */
  readonly controlPlane?: ControlPlaneOptions;
};

/** What an operator writes for seed flow: one signer a tenant, the mesh's own for everybody else and for istiod itself. */
export function meshConfig({ lifetime = '24h', edit = (config) => config }: MeshOptions): string {
  const tenant = (name: string): string => `
  - name: ${SIGNER_DOMAIN}/${name}
    ca: { secret: cert-manager/${name}-ca-selfsigned }
    allow: [{ namespaces: [${name}] }]
    lifetime: { default: ${lifetime}, max: ${lifetime} }`;
  return edit(`
trustDomain: cluster.local
requesters:
  - user: system:serviceaccount:istio-system:istiod
    approves: true
    vouches: { namespaces: ["*"] }
signers:${tenant('foo')}${tenant('bar')}
  - name: ${SIGNER_DOMAIN}/istio-system
    ca: { secret: cert-manager/istio-ca-selfsigned }
    allow:
      - { namespaces: [unclaimed] }
      - { requesters: [system:serviceaccount:istio-system:istiod], dnsNames: ["*.istio-system.svc"], ipAddresses: [127.0.0.0/8] }
publish:
  meshConfig: { configMap: istio-system/signet-mesh }
http: { address: "127.0.0.1:0" }
`);
}

/** Starts all of it and waits until istiod is ready, which takes its own certificate to be signed. */
export async function startMesh(options: MeshOptions = {}): Promise<Mesh> {
  const started: AsyncDisposable[] = [];
  const use = <T extends AsyncDisposable>(part: T): T => {
    started.unshift(part);
    return part;
  };
  const dispose = async (): Promise<void> => {
    for (const part of started) await part[Symbol.asyncDispose]();
  };
  try {
    const controlPlane = use(await startControlPlane(options.controlPlane));
    const authorities = testAuthorities();
    await controlPlane.namespaces('cert-manager', 'istio-system', 'foo', 'bar');
    await controlPlane.api.apply(caSecret('foo-ca-selfsigned', authorities.foo), caSecret('bar-ca-selfsigned', authorities.bar), caSecret('istio-ca-selfsigned', authorities['istio-system']));
    const signet = use(await startSignet({ controlPlane, config: meshConfig(options) }));
    await signet.ready();
    const certSigners = ['foo', 'bar', 'istio-system'].map((name) => `${SIGNER_DOMAIN}/${name}`);
    const istiod = use(await startIstiod({ controlPlane, sharedMeshConfig: 'signet-mesh', certSigners, args: options.istiodArgs ?? [], env: options.istiodEnv ?? {} }));
    await istiod.ready();
    return { controlPlane, signet, istiod, authorities, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** One of each sort that people have: a P-256 root, an RSA intermediate below its root, an RSA root. */
function testAuthorities(): Mesh['authorities'] {
  const validity = validNow();
  const barRoot = testRoot({ name: 'bar root', key: 'RSA-2048', ...validity });
  return {
    'foo': testRoot({ name: 'foo', key: 'P-256', ...validity }),
    'bar': testIntermediate(barRoot, { name: 'bar', key: 'RSA-2048', ...validity }),
    'istio-system': testRoot({ name: 'istio-system', key: 'RSA-2048', ...validity }),
  };
}
