import { stringify } from 'yaml';

/** The signer domain that cert-manager's ClusterIssuers have and Istio's documentation uses. */
export const SIGNER_DOMAIN = 'clusterissuers.cert-manager.io';
export const ISTIOD = 'system:serviceaccount:istio-system:istiod';
const CA_NAMESPACE = 'cert-manager';

/** A tenant: its namespace, its signer and where its CA is. */
export type Tenant = { readonly name: string; readonly signer: string; readonly secret: { readonly namespace: string; readonly name: string } };

/** Namespaces are RFC 1123 labels. */
const NAMESPACE = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const RESERVED = ['default', 'unclaimed', 'istio-system', 'signet-system', CA_NAMESPACE];

/** Reads `--tenants a,b`; a text is what is wrong with it. */
export function parseTenants(text: string): Tenant[] | string {
  const names = text.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !NAMESPACE.test(name) || RESERVED.includes(name));
  if (wrong !== undefined) return `"${wrong}" cannot be a tenant: a tenant is named like a namespace of its own, e.g. "foo"`;
  if (names.length < 2 || new Set(names).size < names.length) return `there must be two tenants or more, each once, found "${text}"`;
  return names.map((name) => ({ name, signer: `${SIGNER_DOMAIN}/${name}`, secret: { namespace: CA_NAMESPACE, name: `${name}-ca-selfsigned` } }));
}

/**
 * The configuration of the demo: what examples/istio-multi-tenant writes by hand. With `open` the first tenant's signer serves
 * every namespace, to see what its rule is worth.
 */
export function demoConfig(tenants: readonly Tenant[], { open }: { open: boolean }): string {
  return stringify({
    trustDomain: 'cluster.local',
    requesters: [{ user: ISTIOD, approves: true, vouches: { namespaces: ['*'] } }],
    signers: tenants.map(({ name, signer, secret }, i) => ({
      name: signer,
      ca: { secret: `${secret.namespace}/${secret.name}` },
      allow: [{ namespaces: [open && i === 0 ? '*' : name] }],
      lifetime: { default: '24h', max: '24h' },
    })),
    publish: { meshConfig: { configMap: 'istio-system/signet-mesh' } },
    http: { address: '127.0.0.1:0' },
  });
}
