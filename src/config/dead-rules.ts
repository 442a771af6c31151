import { fittingKeyUsage } from '../core/key-usage.ts';
import type { LabelRequirement } from '../core/label-selector.ts';
import { isDeadUriPattern } from '../core/pattern.ts';
import type { Alternative, Policy, Signer } from '../core/signer.ts';
import { extendedKeyUsages, keyUsageBits } from '../core/usage.ts';
import { belief, meets, vouchersAt } from './believers.ts';
import { isEverything } from './claims.ts';
import type { Contradiction } from './contradictions.ts';

type Place = { readonly alternative: Alternative; readonly signer: Signer; readonly policy: Policy };

/** Rules that can never match, whatever is asked for and whatever the cluster holds: their author meant something else. */
export function deadRules(policy: Policy): Contradiction[] {
  return policy.signers.flatMap((signer, i) =>
    signer.allow.flatMap((alternative, k) => {
      const place = { alternative, signer, policy };
      const found = [emptyLists, namespaces, serviceAccounts, usages, uris].flatMap((check) => check(place));
      // Whom nobody could believe is worth a word only where the rule itself is right.
      return (found.length > 0 ? found : unbelievable(place)).map(({ path, message }) => ({ path: ['signers', i, 'allow', k, ...path], message }));
    }),
  );
}

function emptyLists({ alternative }: Place): Contradiction[] {
  const empty = (names: readonly ('requesters' | 'namespaces' | 'serviceAccounts' | 'trustDomains' | 'keys' | 'usages')[], what: string): Contradiction[] =>
    names.flatMap((name) => (alternative[name]?.length === 0 ? [{ path: [name], message: `is empty, so ${what} can ever match; leave it out for its default` }] : []));
  return [...empty(['requesters', 'keys', 'usages'], 'nothing'), ...empty(['namespaces', 'serviceAccounts', 'trustDomains'], 'no workload')];
}

function namespaces({ alternative, signer, policy }: Place): Contradiction[] {
  return (alternative.namespaces ?? []).flatMap((rule, n): Contradiction[] => {
    if (rule === 'unclaimed') {
      const greedy = policy.signers.find((other) => other.name !== signer.name && other.allow.some((each) => each.namespaces?.some(isEverything)));
      return greedy === undefined ? [] : [{ path: ['namespaces', n], message: `can never match: signer "${greedy.name}" claims every namespace` }];
    }
    if ('pattern' in rule) return [];
    const { requirements } = rule.selector;
    if (requirements.length === 0) return [{ path: ['namespaces', n], message: 'would select every namespace: write "*" if that is meant' }];
    const key = requirements.map((each) => each.key).find((each) => isImpossible(requirements.filter((requirement) => requirement.key === each)));
    return key === undefined ? [] : [{ path: ['namespaces', n], message: `can never match: no label "${key}" meets all of it` }];
  });
}

/** Whether no value of the one label these are about, nor its absence, meets them all. */
function isImpossible(requirements: readonly LabelRequirement[]): boolean {
  const required = requirements.filter(({ operator }) => operator === 'In' || operator === 'Exists');
  const excluded = requirements.flatMap(({ operator, values }) => (operator === 'NotIn' ? values : []));
  if (required.length > 0 && requirements.some(({ operator }) => operator === 'DoesNotExist')) return true;
  const [first, ...others] = required.filter(({ operator }) => operator === 'In').map(({ values }) => values);
  return first !== undefined && !first.some((value) => others.every((values) => values.includes(value)) && !excluded.includes(value));
}

function serviceAccounts({ alternative: { namespaces: rules, serviceAccounts: accounts } }: Place): Contradiction[] {
  if (rules === null || rules.length === 0) return [];
  return (accounts ?? []).flatMap((account, m) => {
    const namespace = account.split('/')[0] ?? '';
    return rules.some((rule) => meets(rule, namespace)) ? [] : [{ path: ['serviceAccounts', m], message: `can never match: "${namespace}" is not in the namespaces of this entry` }];
  });
}

function usages({ alternative: { usages: allowed, keys } }: Place): Contradiction[] {
  if (allowed.length === 0) return [];
  const [bits, extended] = [keyUsageBits(allowed), extendedKeyUsages(allowed)];
  if (extended.length === 0) return [{ path: ['usages'], message: 'can never match: a request needs an extended usage too, such as "client auth"' }];
  // More usages never fit less, so what does not fit with all of them fits with none.
  return keys.length === 0 || keys.some((key) => fittingKeyUsage(key, bits, extended).length > 0) ? [] : [{ path: ['usages'], message: 'can never match: no key that this entry takes can have such a usage; "digital signature" goes with each' }];
}

function uris({ alternative }: Place): Contradiction[] {
  return alternative.uris.flatMap((uri, m) => (isDeadUriPattern(uri) ? [{ path: ['uris', m], message: 'can never match: no URI with "%", "?", "#", "@", "\\" or a dot segment matches a pattern with *' }] : []));
}

function unbelievable({ alternative, signer, policy }: Place): Contradiction[] {
  const { requesters, trustDomains } = alternative;
  const named = alternative.dnsNames.length + alternative.ipAddresses.length + alternative.uris.length > 0;
  const { names, trustDomains: believed } = belief(alternative, signer, policy);
  // Names on nobody's word are told by their own contradiction.
  if (names || believed.length > 0 || (named && requesters === null) || (!named && alternative.namespaces === null)) return [];
  if (requesters === null) return [{ path: ['trustDomains'], message: `can never match: no requester vouches at this signer for these workloads of ${trustDomains.map((each) => `"${each}"`).join(', ')}, and service accounts are believed in "${policy.trustDomain}" alone` }];
  const vouching = vouchersAt(signer, policy).map(({ user }) => user);
  const silent = requesters.filter((user) => !vouching.includes(user));
  const why = silent.length > 0 ? `"${silent[0]}" does not vouch at this signer: list it under requesters of the file, with vouches` : `what "${requesters[0]}" vouches for is not what this entry allows: compare namespaces and trustDomains`;
  return [{ path: ['requesters'], message: `can never match: ${why}` }];
}
