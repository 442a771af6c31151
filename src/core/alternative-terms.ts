import { ipAddressText } from './ip-address.ts';
import { namespaceRuleText } from './namespace-claim.ts';
import { keyRuleText } from './policy-limits.ts';
import type { Alternative } from './signer.ts';

/** One entry of `allow` in the words of the configuration, defaults filled in; null: not limited, or for namespaces: no workload by namespace. */
export type AlternativeTerms = {
  readonly requesters: readonly string[] | null;
  readonly namespaces: readonly string[] | null;
  readonly serviceAccounts: readonly string[] | null;
  readonly trustDomains: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly uris: readonly string[];
  readonly keys: readonly string[];
  readonly usages: readonly string[];
};

export function alternativeTerms({ requesters, namespaces, serviceAccounts, trustDomains, dnsNames, ipAddresses, uris, keys, usages }: Alternative): AlternativeTerms {
  return {
    requesters,
    namespaces: namespaces?.map(namespaceRuleText) ?? null,
    serviceAccounts,
    trustDomains,
    dnsNames,
    ipAddresses: ipAddresses.map(({ octets, prefix }) => `${ipAddressText(octets)}/${prefix}`),
    uris,
    keys: keys.map(keyRuleText),
    usages,
  };
}
