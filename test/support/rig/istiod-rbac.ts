import type { KubernetesObject } from './api.ts';

type Rule = Readonly<Record<'apiGroups' | 'resources' | 'verbs', readonly string[]>> & { readonly resourceNames?: readonly string[] };

const read = ['get', 'list', 'watch'];
const all = ['get', 'watch', 'list', 'update', 'patch', 'create', 'delete'];
const istioGroups = ['config', 'security', 'networking', 'authentication', 'rbac', 'telemetry', 'extensions'].map((name) => `${name}.istio.io`);

/**
 * What the istio-discovery chart grants istiod (clusterrole.yaml and role.yaml of the pinned version), rendered
 * with EXTERNAL_CA set and global.certSigners listed. Note what is absent: `list` on CSRs.
 */
export function istiodRbac({ certSigners }: { readonly certSigners: readonly string[] }): KubernetesObject[] {
  const metadata = { name: 'istiod-clusterrole-istio-system' };
  const gateways = { name: 'istiod-gateway-controller-istio-system' };
  const local = { name: 'istiod', namespace: 'istio-system' };
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const roleRef = (kind: string, name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name });
  const subjects = [{ kind: 'ServiceAccount', name: 'istiod', namespace: 'istio-system' }];
  return [
    { apiVersion, kind: 'ClusterRole', metadata, rules: clusterRules(certSigners) },
    { apiVersion, kind: 'ClusterRoleBinding', metadata, roleRef: roleRef('ClusterRole', metadata.name), subjects },
    { apiVersion, kind: 'ClusterRole', metadata: gateways, rules: gatewayRules },
    { apiVersion, kind: 'ClusterRoleBinding', metadata: gateways, roleRef: roleRef('ClusterRole', gateways.name), subjects },
    { apiVersion, kind: 'Role', metadata: local, rules: localRules },
    { apiVersion, kind: 'RoleBinding', metadata: local, roleRef: roleRef('Role', local.name), subjects },
  ];
}

function clusterRules(certSigners: readonly string[]): Rule[] {
  return [
    rule('admissionregistration.k8s.io', ['mutatingwebhookconfigurations'], [...read, 'update', 'patch']),
    rule('admissionregistration.k8s.io', ['validatingwebhookconfigurations'], [...read, 'update']),
    { apiGroups: istioGroups, resources: ['*'], verbs: read },
    rule('networking.istio.io', ['workloadentries', 'workloadentries/status', 'serviceentries/status'], all),
    rule('security.istio.io', ['authorizationpolicies/status'], all),
    rule('', ['services/status'], all),
    rule('apiextensions.k8s.io', ['customresourcedefinitions'], read),
    rule('', ['pods', 'nodes', 'services', 'namespaces', 'endpoints'], read),
    rule('discovery.k8s.io', ['endpointslices'], read),
    rule('networking.k8s.io', ['ingresses', 'ingressclasses'], read),
    rule('networking.k8s.io', ['ingresses/status'], ['*']),
    rule('', ['configmaps'], ['create', ...read, 'update']),
    rule(
      'certificates.k8s.io',
      ['certificatesigningrequests', 'certificatesigningrequests/approval', 'certificatesigningrequests/status'],
      ['update', 'create', 'get', 'delete', 'watch'],
    ),
    { ...rule('certificates.k8s.io', ['signers'], ['approve']), resourceNames: certSigners },
    rule('authentication.k8s.io', ['tokenreviews'], ['create']),
    rule('authorization.k8s.io', ['subjectaccessreviews'], ['create']),
    { apiGroups: ['gateway.networking.k8s.io', 'gateway.networking.x-k8s.io'], resources: ['*'], verbs: read },
    rule('gateway.networking.x-k8s.io', ['xbackendtrafficpolicies/status'], ['update', 'patch']),
    rule('gateway.networking.k8s.io', gatewayStatuses, ['update', 'patch']),
    rule('gateway.networking.k8s.io', ['gatewayclasses'], ['create', 'update', 'patch', 'delete']),
    rule('inference.networking.k8s.io', ['inferencepools'], read),
    rule('inference.networking.k8s.io', ['inferencepools/status'], ['update', 'patch']),
    rule('', ['secrets'], read),
    rule('multicluster.x-k8s.io', ['serviceexports'], [...read, 'create', 'delete']),
    rule('multicluster.x-k8s.io', ['serviceimports'], read),
  ];
}

const gatewayStatuses = [
  ...['backendtlspolicies', 'gatewayclasses', 'gateways', 'grpcroutes', 'httproutes'],
  ...['referencegrants', 'tcproutes', 'tlsroutes', 'udproutes', 'listenersets'],
].map((kind) => `${kind}/status`);

const gatewayRules = [
  rule('apps', ['deployments'], all),
  rule('autoscaling', ['horizontalpodautoscalers'], all),
  rule('policy', ['poddisruptionbudgets'], all),
  rule('', ['services', 'serviceaccounts'], all),
];

const localRules = [
  rule('networking.istio.io', ['gateways'], ['create']),
  rule('', ['secrets'], ['create', 'get', 'watch', 'list', 'update', 'delete']),
  rule('', ['configmaps'], ['delete']),
  rule('coordination.k8s.io', ['leases'], ['get', 'update', 'patch', 'create']),
];

function rule(apiGroup: string, resources: readonly string[], verbs: readonly string[]): Rule {
  return { apiGroups: [apiGroup], resources, verbs };
}
