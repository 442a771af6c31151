import type { Alternative, KeyRule, NamespaceRule, Policy, Requester, Signer } from '../core/signer.ts';
import { lifetimeOf } from './contradictions.ts';
import type { ConfigDocument } from './schema.ts';

/** A Kubernetes object by namespace and name. */
export type ObjectName = { readonly namespace: string; readonly name: string };

/** A configuration that cannot be wrong: defaults filled in, references taken apart. */
export type Config = {
  readonly policy: Policy;
  readonly signers: readonly SignerConfig[];
  readonly publish: { readonly meshConfig: ObjectName | null };
  readonly http: { readonly host: string; readonly port: number };
};

/** Where a signer's CA is, and what of it is published; its policy is in `Config.policy`. */
export type SignerConfig = {
  readonly name: string;
  readonly ca: { readonly kind: 'secret'; readonly secret: ObjectName };
  readonly anchor: 'root' | 'issuer';
};

export function toConfig(document: ConfigDocument): Config {
  const { publish, http } = document;
  return {
    policy: { trustDomain: document.trustDomain, requesters: document.requesters.map((each) => requester(each, document)), signers: document.signers.map((each) => signer(each, document)) },
    signers: document.signers.map(({ name, ca, anchor }) => ({ name, ca: { kind: 'secret', secret: objectName(ca.secret) }, anchor })),
    publish: { meshConfig: publish.meshConfig === undefined ? null : objectName(publish.meshConfig.configMap) },
    http: address(http.address),
  };
}

function requester({ user, approves, vouches }: ConfigDocument['requesters'][number], { trustDomain }: ConfigDocument): Requester {
  return {
    user,
    approves,
    vouches: vouches === undefined ? null : { namespaces: vouches.namespaces, trustDomains: vouches.trustDomains ?? [trustDomain], signers: vouches.signers ?? 'all' },
  };
}

function signer(entry: ConfigDocument['signers'][number], document: ConfigDocument): Signer {
  const { name, approval, includeRoot } = entry;
  return { name, approval, includeRoot, lifetime: lifetimeOf(entry), allow: entry.allow.map((each, i) => alternative(each, `allow[${i}]`, document)) };
}

function alternative(entry: ConfigDocument['signers'][number]['allow'][number], id: string, { trustDomain }: ConfigDocument): Alternative {
  return {
    id,
    requesters: entry.requesters ?? null,
    namespaces: entry.namespaces?.map((pattern): NamespaceRule => (pattern === 'unclaimed' ? 'unclaimed' : { pattern })) ?? null,
    serviceAccounts: entry.serviceAccounts ?? null,
    trustDomains: entry.trustDomains ?? [trustDomain],
    dnsNames: entry.dnsNames,
    ipAddresses: entry.ipAddresses,
    uris: entry.uris,
    keys: entry.keys.map(keyRule),
    usages: entry.usages,
  };
}

function keyRule(key: ConfigDocument['signers'][number]['allow'][number]['keys'][number]): KeyRule {
  switch (key) {
    case 'RSA':
      return { type: 'RSA', minBits: 2048, maxBits: 4096 };
    case 'RSA-2048':
    case 'RSA-3072':
    case 'RSA-4096':
      return { type: 'RSA', minBits: Number(key.slice(4)), maxBits: Number(key.slice(4)) };
    case 'P-256':
    case 'P-384':
    case 'P-521':
      return { type: 'ECDSA', curve: key };
    case 'Ed25519':
      return { type: 'Ed25519' };
  }
}

function objectName(reference: string): ObjectName {
  const [namespace = '', name = ''] = reference.split('/');
  return { namespace, name };
}

/** `:9402` listens on every address, IPv6 where there is one. */
function address(text: string): { host: string; port: number } {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
}
