import type { Config } from '../../config.ts';
import { rbacObjects } from '../../config/rbac.ts';
import { makeTenantCa } from './tenant-ca.ts';
import { ISTIOD, type Tenant } from './tenants.ts';

const RBAC = 'rbac.authorization.k8s.io';

/** Everything a cluster has before Signet comes: namespaces, the tenants' CAs, istiod's rights, and for Signet the very rights of manifests/. */
export function furniture({ tenants, config, now }: { tenants: readonly Tenant[]; config: Config; now: Date }): object[] {
  const namespaces = new Set(['istio-system', 'signet-system', ...tenants.flatMap(({ name, secret }) => [secret.namespace, name])]);
  return [
    ...[...namespaces].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
    ...tenants.map(({ name, secret }) => ({ apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: secret, stringData: makeTenantCa(name, now) })),
    // The manifests bring it, empty: a right to create ConfigMaps cannot be limited to one name.
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'signet-mesh', namespace: 'istio-system' } },
    ...rbacObjects(config),
    ...istiodRights(tenants),
    ...tenants.flatMap(selfService),
  ];
}

/** The part of istiod's ClusterRole that its chart renders for EXTERNAL_CA with global.certSigners. */
function istiodRights(tenants: readonly Tenant[]): object[] {
  const apiGroups = ['certificates.k8s.io'];
  const rules = [
    { apiGroups, resources: ['certificatesigningrequests', 'certificatesigningrequests/approval', 'certificatesigningrequests/status'], verbs: ['update', 'create', 'get', 'delete', 'watch'] },
    { apiGroups, resources: ['signers'], resourceNames: tenants.map(({ signer }) => signer), verbs: ['approve'] },
    { apiGroups: [''], resources: ['configmaps'], verbs: ['get'] },
  ];
  return granted('istiod', rules, ISTIOD);
}

/** One of the tenant's service accounts may make requests of its own, as a job that needs a certificate outside the mesh does. */
function selfService({ name }: Tenant): object[] {
  const rules = [{ apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'], verbs: ['create', 'get', 'watch'] }];
  return granted(`requests-of-${name}`, rules, `system:serviceaccount:${name}:curl`);
}

function granted(name: string, rules: readonly object[], user: string): object[] {
  const apiVersion = `${RBAC}/v1`;
  const subjects = [{ kind: 'User', apiGroup: RBAC, name: user }];
  return [
    { apiVersion, kind: 'ClusterRole', metadata: { name }, rules },
    { apiVersion, kind: 'ClusterRoleBinding', metadata: { name }, roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name }, subjects },
  ];
}
