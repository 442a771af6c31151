import { isDeadUriPattern } from '../core/pattern.ts';
import type { Alternative, NamespaceRule, Policy, Requester, Signer } from '../core/signer.ts';
import { accountOverlap, patternOverlap } from './pattern-overlap.ts';

/** What of an alternative some requester can ever be believed. */
export type Belief = {
  /** dnsNames, ipAddresses and uris. */
  readonly names: boolean;
  /** Trust domains in whose workloads somebody can be believed. */
  readonly trustDomains: readonly string[];
};

/**
 * What users, of those an alternative takes, can ever be believed in it: requesters that vouch at this signer, and service accounts that
 * ask for themselves. Where labels decide, or other signers' claims, anything is taken for possible. `only` narrows the question to one user.
 */
export function belief(alternative: Alternative, signer: Signer, policy: Policy, { only = alternative.requesters }: { only?: readonly string[] | null } = {}): Belief {
  const { names, trustDomains } = vouchedFor(alternative, vouchersAt(signer, policy).filter(({ user }) => only === null || only.includes(user)));
  const accounts = only === null ? null : only.flatMap((user) => accountOf(user) ?? []);
  const itself = (alternative.namespaces ?? []).length > 0 && (accounts === null || accounts.some((account) => takesAccount(alternative, account)));
  return { names, trustDomains: alternative.trustDomains.filter((domain) => trustDomains.includes(domain) || (itself && domain === policy.trustDomain)) };
}

/** What of an alternative these requesters, of those it takes, vouch for. */
function vouchedFor({ namespaces, trustDomains, dnsNames, ipAddresses, uris }: Alternative, requesters: readonly Requester[]): Belief {
  const about = (vouched: readonly string[]): boolean => namespaces?.some((rule) => vouched.some((pattern) => meets(rule, pattern))) === true;
  return {
    names: requesters.length > 0 && dnsNames.length + ipAddresses.length + uris.filter((uri) => !isDeadUriPattern(uri)).length > 0,
    trustDomains: trustDomains.filter((domain) => requesters.some(({ vouches }) => vouches?.trustDomains.includes(domain) === true && about(vouches.namespaces))),
  };
}

/** Whether no alternative of any signer allows anything that the requester vouches for. Without signers nothing is said of it. */
export function vouchesForNothing(requester: Requester, { signers }: Policy): boolean {
  const serving = signers.filter(({ allow }) => allow.length > 0);
  if (requester.vouches === null || serving.length === 0) return false;
  return !serving.some((signer) =>
    signer.allow.some((alternative) => {
      const taken = alternative.requesters === null || alternative.requesters.includes(requester.user);
      const { names, trustDomains } = vouchedFor(alternative, taken ? vouchersAt(signer, { requesters: [requester] }) : []);
      return names || trustDomains.length > 0;
    }),
  );
}

/** Requesters whose word counts at the signer. */
export function vouchersAt({ name }: Signer, { requesters }: Pick<Policy, 'requesters'>): readonly Requester[] {
  return requesters.filter(({ vouches }) => vouches !== null && (vouches.signers === 'all' || vouches.signers.includes(name)));
}

/** Whether a rule about namespaces and a pattern can mean the same one, as far as the configuration can tell. */
export function meets(rule: NamespaceRule, pattern: string): boolean {
  return rule === 'unclaimed' || 'selector' in rule || patternOverlap(rule.pattern, pattern) !== null;
}

function takesAccount({ namespaces, serviceAccounts }: Alternative, account: string): boolean {
  return namespaces?.some((rule) => meets(rule, account.split('/')[0] ?? '')) === true && (serviceAccounts === null || serviceAccounts.some((pattern) => accountOverlap(pattern, account)));
}

/** `namespace/name` of the service account that a user name stands for; null: it is none. */
function accountOf(user: string): string | null {
  const match = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user);
  return match === null ? null : `${match[1]}/${match[2]}`;
}
