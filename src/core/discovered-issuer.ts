/** What `discover.certManager.allow` can say. */
export const DISCOVERED_ALLOW = ['approved', 'sameNamespace'] as const;
export type DiscoveredAllow = (typeof DISCOVERED_ALLOW)[number];

/** Which issuer of cert-manager a signerName means. */
export type IssuerReference = { readonly kind: 'ClusterIssuer'; readonly name: string } | { readonly kind: 'Issuer'; readonly namespace: string; readonly name: string };

/** An issuer as its object was last seen. */
export type DiscoveredIssuer = {
  readonly reference: IssuerReference;
  /** `ca`: it signs with a key pair from a Secret; `other`: in another way, which is not Signet's; `none`: it does not say how. */
  readonly type: 'ca' | 'other' | 'none';
  /** Name of the Secret of a `ca` issuer; '' else. */
  readonly secretName: string;
  /** Whether cert-manager has found it to be right. */
  readonly ready: boolean;
  readonly urls: IssuerUrls;
};

/** URLs that an issuer has in every certificate (RFC 5280 §4.2.1.13, §4.2.2.1). Printable ASCII. */
export type IssuerUrls = { readonly crl: readonly string[]; readonly ocsp: readonly string[]; readonly issuer: readonly string[] };

export const NO_URLS: IssuerUrls = { crl: [], ocsp: [], issuer: [] };

const GROUP = 'cert-manager.io';

/**
 * Reads `clusterissuers.cert-manager.io/NAME` and `issuers.cert-manager.io/NAMESPACE.NAME`, the forms of cert-manager. A name may have dots, a
 * namespace has none: what is before the first one is the namespace. Without a dot the namespace is '', where no issuer can be. null: it is no such name.
 */
export function parseIssuerReference(signerName: string): IssuerReference | null {
  const [domain, name, ...rest] = signerName.split('/');
  if (name === undefined || name === '' || rest.length > 0) return null;
  if (domain === `clusterissuers.${GROUP}`) return { kind: 'ClusterIssuer', name };
  if (domain !== `issuers.${GROUP}`) return null;
  const dot = name.indexOf('.');
  return { kind: 'Issuer', namespace: dot < 0 ? '' : name.slice(0, dot), name: name.slice(dot + 1) };
}

/** What is served of issuers. */
export type Served = { readonly allow: readonly DiscoveredAllow[]; /** Whose Issuers. */ readonly namespaces: readonly string[] };

/**
 * The issuer that a signerName means, if such issuers are served: the Issuers of these namespaces, and ClusterIssuers where what was approved is signed, as they
 * have no namespace for `sameNamespace`: refusing for good what another controller would sign is not leaving it alone. null: they are not. Without a
 * namespace it is a name that cert-manager answers too: there is no such issuer.
 */
export function servedReference(signerName: string, { allow, namespaces }: Served): IssuerReference | null {
  const reference = parseIssuerReference(signerName);
  if (reference === null) return null;
  if (reference.kind === 'ClusterIssuer') return allow.includes('approved') ? reference : null;
  return namespaces.length > 0 && (reference.namespace === '' || namespaces.includes(reference.namespace)) ? reference : null;
}

/** The signerName that means this issuer. */
export function signerNameOf(reference: IssuerReference): string {
  return reference.kind === 'ClusterIssuer' ? `clusterissuers.${GROUP}/${reference.name}` : `issuers.${GROUP}/${reference.namespace}.${reference.name}`;
}

/** As cert-manager writes it: `ClusterIssuer /foo`, `Issuer team-a/ca`. */
export function issuerText(reference: IssuerReference): string {
  return `${reference.kind} ${reference.kind === 'Issuer' ? reference.namespace : ''}/${reference.name}`;
}
