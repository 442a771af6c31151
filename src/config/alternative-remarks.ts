import { selectorText } from '../core/label-selector.ts';
import type { Alternative, Policy, Signer } from '../core/signer.ts';
import { belief } from './believers.ts';
import { isCatchAll } from './pattern-overlap.ts';
import type { Remark } from './remarks.ts';

type Place = { readonly signer: Signer; readonly policy: Policy };

/** Parts of one alternative that have no effect, and parts that are wider than they look. What has no effect as a whole is a contradiction. */
export function alternativeRemarks(alternative: Alternative, path: string, place: Place): Remark[] {
  return [...unbelieved(alternative, path, place), ...idleRequesters(alternative, path, place), ...wide(alternative, path)];
}

function unbelieved(alternative: Alternative, path: string, { signer, policy }: Place): Remark[] {
  const { names, trustDomains } = belief(alternative, signer, policy);
  const named = alternative.dnsNames.length + alternative.ipAddresses.length + alternative.uris.length > 0;
  return [
    ...(named && !names ? [{ path, message: 'no requester vouches for this signer, so its dnsNames, ipAddresses and uris are never believed' }] : []),
    ...(alternative.namespaces !== null && trustDomains.length === 0 ? [{ path: `${path}.namespaces`, message: 'no requester of this entry vouches for such workloads, so they are never believed' }] : []),
    ...(alternative.namespaces !== null && trustDomains.length > 0
      ? alternative.trustDomains.flatMap((domain, m) => (trustDomains.includes(domain) ? [] : [{ path: `${path}.trustDomains[${m}]`, message: `no requester vouches for such workloads of "${domain}" at this signer, so they are never believed` }]))
      : []),
  ];
}

function idleRequesters(alternative: Alternative, path: string, { signer, policy }: Place): Remark[] {
  return (alternative.requesters ?? []).flatMap((user, m) => {
    const { names, trustDomains } = belief(alternative, signer, policy, { only: [user] });
    const others = belief(alternative, signer, policy);
    // Where nobody is believed, that is told as a whole.
    return names || trustDomains.length > 0 || (!others.names && others.trustDomains.length === 0) ? [] : [{ path: `${path}.requesters[${m}]`, message: `"${user}" is never believed here: it vouches for nothing that this entry allows` }];
  });
}

function wide({ namespaces, dnsNames, ipAddresses }: Alternative, path: string): Remark[] {
  return [
    ...(namespaces ?? []).flatMap((rule, n) =>
      rule !== 'unclaimed' && 'selector' in rule && rule.selector.requirements.every(({ operator }) => operator === 'NotIn' || operator === 'DoesNotExist')
        ? [{ path: `${path}.namespaces[${n}]`, message: `"${selectorText(rule.selector)}" selects every namespace without the label too, kube-system and those to come included` }]
        : [],
    ),
    ...dnsNames.flatMap((pattern, m) => (pattern.split('.').every(isCatchAll) ? [{ path: `${path}.dnsNames[${m}]`, message: `"${pattern}" is every DNS name of ${pattern.split('.').length === 1 ? 'one label' : `${pattern.split('.').length} labels`}` }] : [])),
    ...ipAddresses.flatMap(({ octets, prefix }, m) => (prefix === 0 ? [{ path: `${path}.ipAddresses[${m}]`, message: `is every ${octets.length === 4 ? 'IPv4' : 'IPv6'} address` }] : [])),
  ];
}
