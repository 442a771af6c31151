import type { DiscoveredAllow } from '../core/discovered-issuer.ts';
import type { Limits } from '../core/limits.ts';
import type { Alternative, KeyRule, NamespaceRule, Policy, Requester, Signer } from '../core/signer.ts';
import { lifetimeOf } from './contradictions.ts';
import { toSelector, type LabelSelectorDocument } from './label-selector.ts';
import { limitsOf } from './limits-schema.ts';
import type { ConfigDocument } from './schema.ts';

/** A Kubernetes object by namespace and name. */
export type ObjectName = { readonly namespace: string; readonly name: string };

/** A configuration that cannot be wrong: defaults filled in, references taken apart. */
export type Config = {
  readonly policy: Policy;
  readonly signers: readonly SignerConfig[];
  /** Issuers of others that are served without an entry of their own; null: none. */
  readonly discover: { readonly certManager: CertManagerConfig | null };
  readonly publish: { readonly meshConfig: ObjectName | null };
  readonly http: { readonly host: string; readonly port: number };
  /** The file of the record of decisions; null: the log alone. */
  readonly audit: AuditConfig | null;
  /** Whether the admission policies of guard are said to be in the cluster. */
  readonly guard: boolean;
  /** Where the admission webhook listens; null: there is none. */
  readonly webhook: { readonly host: string; readonly port: number } | null;
};

/** cert-manager's CA issuers. */
export type CertManagerConfig = {
  /** What is signed for; a request must fit one. */
  readonly allow: readonly DiscoveredAllow[];
  /** Where the Secrets of ClusterIssuers are. */
  readonly clusterResourceNamespace: string;
  /** Whose Issuers are served. */
  readonly namespaces: readonly string[];
};

export type AuditConfig = {
  readonly path: string;
  readonly required: boolean;
  /** Octets. */
  readonly maxSize: number;
  /** Files put aside that are kept; null: all. */
  readonly keep: number | null;
};

/** Where a signer's CA is, and what of it is published; its policy is in `Config.policy`. */
export type SignerConfig = {
  readonly name: string;
  readonly ca: { readonly kind: 'secret'; readonly secret: ObjectName };
  readonly anchor: 'root' | 'issuer';
  /** Its CA need not be apart from those of other signers that say so too. */
  readonly sharedTrust: boolean;
  /** Who else may approve and deny, in the eyes of guard. Empty: with `approval: external` anybody with the right to. */
  readonly approvers: readonly Approver[];
  readonly limits: Limits;
};

export type Approver = { readonly user: string } | { readonly group: string };

export function toConfig(document: ConfigDocument): Config {
  const { discover, publish, http } = document;
  return {
    policy: { trustDomain: document.trustDomain, requesters: document.requesters.map((each) => requester(each, document)), signers: document.signers.map((each) => signer(each, document)) },
    signers: document.signers.map(({ name, ca, anchor, sharedTrust, approvers, limits }) => ({ name, ca: { kind: 'secret', secret: objectName(ca.secret) }, anchor, sharedTrust, approvers: approvers.map(approver), limits: limitsOf(limits) })),
    discover: { certManager: discover.certManager ?? null },
    publish: { meshConfig: publish.meshConfig === undefined ? null : objectName(publish.meshConfig.configMap) },
    http: address(http.address),
    audit: audit(document.audit),
    guard: document.guard,
    webhook: document.webhook === undefined ? null : address(document.webhook.address),
  };
}

function audit({ file, ...rest }: ConfigDocument['audit']): AuditConfig | null {
  return file === null ? null : { path: file, ...rest };
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
    namespaces: entry.namespaces?.map(namespaceRule) ?? null,
    serviceAccounts: entry.serviceAccounts ?? null,
    trustDomains: entry.trustDomains ?? [trustDomain],
    dnsNames: entry.dnsNames,
    ipAddresses: entry.ipAddresses,
    uris: entry.uris,
    keys: entry.keys.map(keyRule),
    usages: entry.usages,
  };
}

function namespaceRule(rule: string | LabelSelectorDocument): NamespaceRule {
  if (typeof rule === 'string') return rule === 'unclaimed' ? rule : { pattern: rule };
  return { selector: toSelector(rule) };
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

function approver({ user, group = '' }: ConfigDocument['signers'][number]['approvers'][number]): Approver {
  return user === undefined ? { group } : { user };
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
