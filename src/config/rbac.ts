import { labelKeys } from '../core/namespace-claim.ts';
import { ownSecretName } from '../core/own-secret.ts';
import type { CertManagerConfig, Config, ObjectName } from './values.ts';

export type RbacOptions = {
  /** Where Signet runs and keeps its own Secrets; default `signet-system`. */
  readonly namespace?: string;
  /** Default `signet`. */
  readonly serviceAccount?: string;
};

export type PolicyRule = {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  /** Absent: every name. Never an empty list, which Kubernetes reads as absent. */
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
};

export type RbacObject =
  | { readonly apiVersion: string; readonly kind: 'ClusterRole' | 'Role'; readonly metadata: RbacMetadata; readonly rules: readonly PolicyRule[] }
  | { readonly apiVersion: string; readonly kind: 'ClusterRoleBinding' | 'RoleBinding'; readonly metadata: RbacMetadata; readonly roleRef: object; readonly subjects: readonly object[] };

type RbacMetadata = { readonly name: string; readonly namespace?: string; readonly labels: Readonly<Record<string, string>> };

const API_VERSION = 'rbac.authorization.k8s.io/v1';
const NAME = 'signet';
const LABELS = { 'app.kubernetes.io/name': 'signet', 'app.kubernetes.io/managed-by': 'signet' };

/** CertificateSigningRequests have no namespace; the API server keeps Events about such objects in `default`. */
const EVENTS_NAMESPACE = 'default';

/** Enough to read one object by name and follow it: list and watch are authorised by name when they select `metadata.name`. */
const FOLLOW = ['get', 'list', 'watch'] as const;

/**
 * The RBAC objects that Signet needs to serve this configuration, and nothing beyond: one ClusterRole for the requests, and one Role
 * in each namespace where it reads a CA, keeps its own Secrets, publishes, or writes Events; each with its binding.
 */
export function rbacObjects(config: Config, { namespace = 'signet-system', serviceAccount = 'signet' }: RbacOptions = {}): RbacObject[] {
  const subjects = [{ kind: 'ServiceAccount', name: serviceAccount, namespace }];
  const roles = [...namespacedRules(config, namespace)].sort(([a], [b]) => (a < b ? -1 : 1));
  return [...bound(undefined, requestRules(config), subjects), ...roles.flatMap(([where, rules]) => bound(where, rules, subjects))];
}

/** Requests are cluster-wide and cannot be limited by name; what limits Signet to its signers is `sign` and `approve`, which admission checks. */
function requestRules({ policy, discover, webhook }: Config): PolicyRule[] {
  const apiGroups = ['certificates.k8s.io'];
  const signed = policy.signers.map(({ name }) => name).sort();
  const approved = policy.signers.filter(({ approval }) => approval === 'decide').map(({ name }) => name).sort();
  return [
    { apiGroups, resources: ['certificatesigningrequests'], verbs: [...FOLLOW] },
    // Labels of namespaces decide only where a selector asks for them; whoever may list an object may see all of it.
    ...(labelKeys(policy).size > 0 ? [{ apiGroups: [''], resources: ['namespaces'], verbs: ['list', 'watch'] }] : []),
    ...(approved.length > 0 ? [{ apiGroups, resources: ['certificatesigningrequests/approval'], verbs: ['update'] }] : []),
    { apiGroups, resources: ['certificatesigningrequests/status'], verbs: ['update'] },
    ...named({ apiGroups, resources: ['signers'], verbs: ['approve'] }, approved),
    ...named({ apiGroups, resources: ['signers'], verbs: ['sign'] }, signed),
    ...(discover.certManager === null ? [] : issuerRules(discover.certManager)),
    // To tell the API server of the webhook's CA; RBAC cannot limit it to that field.
    ...(webhook === null ? [] : [{ apiGroups: ['admissionregistration.k8s.io'], resources: ['validatingwebhookconfigurations'], resourceNames: [NAME], verbs: [...FOLLOW, 'patch'] }]),
  ];
}

/**
 * Issuers are seen cluster-wide, for a watch in each of two thousand namespaces would be two thousand connections; they hold no secret. The right to
 * sign for all of them cannot be said but by a wildcard, which is not handed out by the way: it is in manifests/components/cert-manager.
 */
function issuerRules({ namespaces }: CertManagerConfig): PolicyRule[] {
  const resources = ['clusterissuers', ...(namespaces.length === 0 ? [] : ['issuers'])];
  return [
    { apiGroups: ['cert-manager.io'], resources, verbs: ['list', 'watch'] },
    // Whether a requester may use an Issuer of this namespace, which is what cert-manager asks too.
    ...(namespaces.length === 0 ? [] : [{ apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] }]),
  ];
}

function namespacedRules({ signers, discover: { certManager }, publish, webhook }: Config, own: string): Map<string, PolicyRule[]> {
  const rules = new Map<string, PolicyRule[]>();
  const add = (namespace: string, ...more: PolicyRule[]) => rules.set(namespace, [...(rules.get(namespace) ?? []), ...more]);

  const sources = signers.map(({ ca }) => ca.secret);
  for (const namespace of new Set(sources.map((each) => each.namespace))) add(namespace, ...named({ apiGroups: [''], resources: ['secrets'], verbs: [...FOLLOW] }, namesIn(sources, namespace)));
  const kept = [...signers.map(({ name }) => ownSecretName(name)), ...(webhook === null ? [] : ['signet-webhook'])].sort();
  if (kept.length > 0) {
    add(own, ...named({ apiGroups: [''], resources: ['secrets'], verbs: [...FOLLOW, 'patch'] }, kept));
    // RBAC cannot limit `create` by name: the object's name is not known yet when it is authorised. The namespace is the limit.
    add(own, { apiGroups: [''], resources: ['secrets'], verbs: ['create'] });
  }
  // Which Secrets issuers name is not known before. `get` alone shows no Secret to whoever does not know its name, and costs no watch.
  const ofIssuers = certManager === null ? [] : [...new Set([certManager.clusterResourceNamespace, ...certManager.namespaces])];
  for (const namespace of ofIssuers) add(namespace, { apiGroups: [''], resources: ['secrets'], verbs: ['get'] });
  const { meshConfig } = publish;
  // Without `create`, which could not be limited by name, in the namespace of istiod's own CA: the empty ConfigMap comes with the manifests.
  if (meshConfig !== null) add(meshConfig.namespace, { apiGroups: [''], resources: ['configmaps'], resourceNames: [meshConfig.name], verbs: [...FOLLOW, 'patch'] });
  add(EVENTS_NAMESPACE, { apiGroups: [''], resources: ['events'], verbs: ['create'] });
  return rules;
}

/** No rule at all for no names: `resourceNames: []` means every name. */
function named(rule: PolicyRule, resourceNames: readonly string[]): PolicyRule[] {
  return resourceNames.length === 0 ? [] : [{ apiGroups: rule.apiGroups, resources: rule.resources, resourceNames, verbs: rule.verbs }];
}

function namesIn(objects: readonly ObjectName[], namespace: string): string[] {
  return objects.filter((each) => each.namespace === namespace).map(({ name }) => name).sort();
}

function bound(namespace: string | undefined, rules: readonly PolicyRule[], subjects: readonly object[]): RbacObject[] {
  const metadata = { name: NAME, ...(namespace === undefined ? {} : { namespace }), labels: LABELS };
  const kind = namespace === undefined ? 'ClusterRole' : 'Role';
  return [
    { apiVersion: API_VERSION, kind, metadata, rules },
    { apiVersion: API_VERSION, kind: `${kind}Binding`, metadata, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: NAME }, subjects },
  ];
}
