import { SIGNER_DOMAIN } from './mesh.ts';
import { ISTIOD } from './requests.ts';

/** signet.yaml for tenants that have the name of their namespace, each with its CA in Secret `cert-manager/NAME-ca`. */
export function tenantsConfig(names: readonly string[]): string {
  const signer = (name: string): string => `
  - { name: ${SIGNER_DOMAIN}/${name}, ca: { secret: cert-manager/${name}-ca }, allow: [{ namespaces: [${name}] }], lifetime: { default: 24h, max: 24h } }`;
  return `
trustDomain: cluster.local
requesters: [{ user: "${ISTIOD}", approves: true, vouches: { namespaces: ["*"] } }]
signers:${names.map(signer).join('')}
publish: { meshConfig: { configMap: istio-system/signet-mesh } }
http: { address: "127.0.0.1:0" }
`;
}
