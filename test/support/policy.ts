import type { LabelRequirement } from '../../src/core/label-selector.ts';
import type { Alternative, KeyRule, Policy, Requester, Signer } from '../../src/core/signer.ts';
import { DEFAULT_USAGES } from '../../src/core/usage.ts';
import { ISTIOD } from './requests.ts';

export const TRUST_DOMAIN = 'cluster.local';

const ANY_KEY: readonly KeyRule[] = [
  { type: 'RSA', minBits: 2048, maxBits: 4096 },
  { type: 'ECDSA', curve: 'P-256' },
  { type: 'ECDSA', curve: 'P-384' },
  { type: 'ECDSA', curve: 'P-521' },
  { type: 'Ed25519' },
];

/** One entry of `allow` with the configuration's defaults; what is not named is not allowed. */
export function alternative(entry: Partial<Omit<Alternative, 'namespaces'>> & { readonly namespaces?: readonly (string | LabelRequirement)[] }): Alternative {
  const { namespaces, ...rest } = entry;
  return {
    id: 'allow[0]',
    requesters: null,
    serviceAccounts: null,
    trustDomains: [TRUST_DOMAIN],
    dnsNames: [],
    ipAddresses: [],
    uris: [],
    keys: ANY_KEY,
    usages: DEFAULT_USAGES,
    ...rest,
    namespaces: namespaces?.map((rule) => (typeof rule === 'object' ? { selector: { requirements: [rule] } } : rule === 'unclaimed' ? 'unclaimed' : { pattern: rule })) ?? null,
  };
}

/** A signer with the configuration's defaults: Signet decides, 24 hours, no root in the answer. */
export function signer(name: string, allow: readonly Alternative[], entry: Partial<Signer> = {}): Signer {
  return { name, approval: 'decide', lifetime: { default: 24 * 3600, max: 24 * 3600 }, includeRoot: false, allow: allow.map((each, i) => ({ ...each, id: `allow[${i}]` })), ...entry };
}

/** istiod: approves its own requests and vouches for every namespace of the mesh at every signer. */
export const ISTIOD_REQUESTER: Requester = { user: ISTIOD, approves: true, vouches: { trustDomains: [TRUST_DOMAIN], namespaces: ['*'], signers: 'all' } };

export function policyOf(signers: readonly Signer[], requesters: readonly Requester[] = [ISTIOD_REQUESTER]): Policy {
  return { trustDomain: TRUST_DOMAIN, requesters, signers };
}
