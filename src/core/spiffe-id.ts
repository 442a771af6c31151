/** The SPIFFE ID of a Kubernetes service account, as Istio writes it. */
export type WorkloadIdentity = { readonly trustDomain: string; readonly namespace: string; readonly serviceAccount: string };

/** SPIFFE ID specification §2.1: lower-case letters, digits, dots, dashes and underscores, at most 255. */
const TRUST_DOMAIN = /^[a-z0-9._-]{1,255}$/;
/** Namespaces are RFC 1123 labels. */
const NAMESPACE = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** Service account names are RFC 1123 subdomains. */
const SERVICE_ACCOUNT = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
const SCHEME = 'spiffe://';

/**
 * Reads the strict form `spiffe://TD/ns/NS/sa/SA` and nothing else: no port, no user, no percent-encoding, no empty or
 * extra segment, no upper case. A verifier that normalises would read another identity out of any of those.
 * Returns null for every other text.
 */
export function parseWorkloadIdentity(uri: string): WorkloadIdentity | null {
  if (!uri.startsWith(SCHEME)) return null;
  const [trustDomain, ns, namespace, sa, serviceAccount, ...rest] = uri.slice(SCHEME.length).split('/');
  if (trustDomain === undefined || namespace === undefined || serviceAccount === undefined || rest.length > 0) return null;
  if (ns !== 'ns' || sa !== 'sa') return null;
  if (!TRUST_DOMAIN.test(trustDomain) || !NAMESPACE.test(namespace) || !SERVICE_ACCOUNT.test(serviceAccount)) return null;
  return { trustDomain, namespace, serviceAccount };
}

export function isTrustDomain(text: string): boolean {
  return TRUST_DOMAIN.test(text);
}

/** The user name that the API server gives to this service account's tokens (Kubernetes, serviceaccount.MakeUsername). */
export function serviceAccountUser({ namespace, serviceAccount }: WorkloadIdentity): string {
  return `system:serviceaccount:${namespace}:${serviceAccount}`;
}
