import type { Signer } from './signer.ts';
import { DEFAULT_USAGES } from './usage.ts';

const DAY = 86_400;

/** The signer that an Issuer is under `allow: sameNamespace`: for the workloads of its own namespace, with the defaults of the configuration. */
export function sameNamespaceSigner(name: string, namespace: string, trustDomain: string): Signer {
  return {
    name,
    approval: 'external',
    includeRoot: false,
    lifetime: { default: DAY, max: DAY },
    allow: [
      {
        id: 'discover.sameNamespace',
        requesters: null,
        namespaces: [{ pattern: namespace }],
        serviceAccounts: null,
        trustDomains: [trustDomain],
        dnsNames: [],
        ipAddresses: [],
        uris: [],
        keys: [{ type: 'RSA', minBits: 2048, maxBits: 4096 }, { type: 'ECDSA', curve: 'P-256' }, { type: 'ECDSA', curve: 'P-384' }, { type: 'ECDSA', curve: 'P-521' }, { type: 'Ed25519' }],
        usages: DEFAULT_USAGES,
      },
    ],
  };
}
