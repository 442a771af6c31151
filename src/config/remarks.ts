import type { Alternative, Policy, Requester, Signer } from '../core/signer.ts';
import type { Config } from './values.ts';

/** Something that is allowed and may well be meant, but that its author should know. `path` is the key; empty for the whole. */
export type Remark = { readonly path: string; readonly message: string };

/** What is worth saying about a right configuration: rules that have no effect, namespaces with two CAs, users that cannot exist. */
export function remarks({ policy, publish }: Config): Remark[] {
  return [
    ...(policy.signers.length === 0 ? [{ path: 'signers', message: 'there is none, so every request is left alone' }] : []),
    ...policy.requesters.flatMap(requesterRemarks),
    ...policy.signers.flatMap((signer, i) => signerRemarks(signer, i, policy)),
    ...sharedNamespaces(policy),
    ...(publish.meshConfig === null && policy.requesters.some(({ approves }) => approves) ? [{ path: 'publish.meshConfig', message: 'is not set, so istiod learns the roots only if you paste the output of "signet bundle --all -o istio"' }] : []),
  ];
}

function requesterRemarks({ user, vouches }: Requester, i: number): Remark[] {
  const path = `requesters[${i}]`;
  const account = /^system:serviceaccount:[a-z0-9-]+:[a-z0-9.-]+$/;
  const nearly = /^(system:)?serviceaccounts?[:/]/.test(user) || /^[a-z0-9-]+[:/][a-z0-9.-]+$/.test(user);
  return [
    ...(!account.test(user) && nearly ? [{ path: `${path}.user`, message: `"${user}" is not how a service account is called: system:serviceaccount:NAMESPACE:NAME` }] : []),
    ...(vouches?.namespaces.length === 0 ? [{ path: `${path}.vouches.namespaces`, message: 'is empty, so it vouches for no workload' }] : []),
  ];
}

function signerRemarks(signer: Signer, i: number, policy: Policy): Remark[] {
  const path = `signers[${i}]`;
  return [
    ...(signer.allow.length === 0 ? [{ path: `${path}.allow`, message: 'is empty, so every request is refused' }] : []),
    ...signer.allow.flatMap((alternative) => alternativeRemarks(alternative, `${path}.${alternative.id}`, signer, policy)),
  ];
}

function alternativeRemarks({ requesters, namespaces, dnsNames, ipAddresses, uris }: Alternative, path: string, { name }: Signer, policy: Policy): Remark[] {
  const vouchers = policy.requesters.filter(({ vouches }) => vouches !== null && (vouches.signers === 'all' || vouches.signers.includes(name))).map(({ user }) => user);
  const able = requesters === null ? vouchers : requesters.filter((user) => vouchers.includes(user));
  const names = dnsNames.length + ipAddresses.length + uris.length > 0;
  const others = policy.signers.some((each) => each.name !== name);
  return [
    ...(names && able.length === 0 ? [{ path, message: 'no requester vouches for this signer, so its dnsNames, ipAddresses and uris are never believed' }] : []),
    ...(others && namespaces?.some((rule) => rule !== 'unclaimed' && /^\*+$/.test(rule.pattern)) === true ? [{ path: `${path}.namespaces`, message: '"*" includes the namespaces of the other signers; "unclaimed" leaves them out' }] : []),
  ];
}

/** A namespace by name in two signers: its workloads may be served by two CAs. */
function sharedNamespaces({ signers }: Policy): Remark[] {
  const claims = signers.map(({ allow }) => new Set(allow.flatMap(({ namespaces }) => (namespaces ?? []).map((rule) => (rule === 'unclaimed' ? rule : rule.pattern)))));
  return signers.flatMap((_, i) =>
    [...(claims[i] ?? [])].flatMap((namespace) => {
      const first = claims.findIndex((each) => each.has(namespace));
      return first < i ? [{ path: `signers[${i}].allow`, message: `"${namespace}" is in signer "${signers[first]?.name}" too: its workloads may have certificates of both` }] : [];
    }),
  );
}
