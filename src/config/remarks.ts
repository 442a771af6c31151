import type { Policy, Requester, Signer } from '../core/signer.ts';
import { alternativeRemarks } from './alternative-remarks.ts';
import { vouchesForNothing } from './believers.ts';
import { sharedClaims } from './claims.ts';
import type { Config, SignerConfig } from './values.ts';

/** Something that is allowed and may well be meant, but that its author should know. `path` is the key; empty for the whole. */
export type Remark = { readonly path: string; readonly message: string };

/** What is worth saying about a right configuration: rules that have no effect, namespaces with two CAs, users that cannot exist. */
export function remarks({ policy, signers, discover, publish, guard }: Config): Remark[] {
  return [
    ...(policy.signers.length === 0 && discover.certManager === null ? [{ path: 'signers', message: 'there is none, so every request is left alone' }] : []),
    ...policy.requesters.flatMap((requester, i) => requesterRemarks(requester, i, policy)),
    ...policy.signers.flatMap((signer, i) => signerRemarks(signer, i, { policy, signers })),
    ...sharedClaims(policy),
    ...sharedTrust(signers),
    ...(publish.meshConfig === null && policy.requesters.some(({ approves }) => approves) ? [{ path: 'publish.meshConfig', message: 'is not set, so istiod learns the roots only if you paste the output of "signet bundle --all -o istio"' }] : []),
    ...(discover.certManager?.allow.includes('approved') === true && !policy.requesters.some(({ approves }) => approves) ? [{ path: 'discover.certManager.allow', message: 'no requester is listed with "approves: true", so what an istiod approves by itself counts as approved by somebody: list it' }] : []),
    ...(!guard && policy.signers.length > 0 ? [{ path: 'guard', message: WITHOUT_GUARD }] : []),
  ];
}

/** For `check`, and for the log of a process that runs so. */
export const WITHOUT_GUARD =
  'is off, so who else approves and signs is left to RBAC; annotations of experimental.cert-manager.io never widen a policy';

function requesterRemarks(requester: Requester, i: number, policy: Policy): Remark[] {
  const { user, approves, vouches } = requester;
  const path = `requesters[${i}]`;
  const account = /^system:serviceaccount:[a-z0-9-]+:[a-z0-9.-]+$/;
  const nearly = /^(system:)?serviceaccounts?[:/]/.test(user) || /^[a-z0-9-]+[:/][a-z0-9.-]+$/.test(user);
  return [
    ...(!account.test(user) && nearly ? [{ path: `${path}.user`, message: `"${user}" is not how a service account is called: system:serviceaccount:NAMESPACE:NAME` }] : []),
    ...(!approves && vouches === null ? [{ path, message: 'neither approves nor vouches, so the entry changes nothing' }] : []),
    ...(vouches?.namespaces.length === 0 ? [{ path: `${path}.vouches.namespaces`, message: 'is empty, so it vouches for no workload' }] : []),
    ...(vouches !== null && vouches.namespaces.length > 0 && vouchesForNothing(requester, policy) ? [{ path: `${path}.vouches`, message: 'no signer allows anything that it vouches for, so the entry has no effect' }] : []),
  ];
}

function signerRemarks(signer: Signer, i: number, { policy, signers }: Pick<Config, 'policy' | 'signers'>): Remark[] {
  const path = `signers[${i}]`;
  const named = signers.some(({ name, approvers }) => name === signer.name && approvers.length > 0) || policy.requesters.some(({ approves }) => approves);
  return [
    ...(signer.allow.length === 0 ? [{ path: `${path}.allow`, message: 'is empty, so every request is refused' }] : []),
    ...(signer.approval === 'external' && !named ? [{ path: `${path}.approval`, message: 'nobody in this file approves for it: name who does under approvers' }] : []),
    ...signer.allow.flatMap((alternative) => alternativeRemarks(alternative, `${path}.${alternative.id}`, { signer, policy })),
  ];
}

/** What it means, said where it holds; alone it means nothing. */
function sharedTrust(signers: readonly SignerConfig[]): Remark[] {
  const sharing = signers.flatMap(({ name, sharedTrust: shares }, i) => (shares ? [{ name, path: `signers[${i}].sharedTrust` }] : []));
  const [first, ...others] = sharing;
  if (first === undefined) return [];
  if (others.length === 0) return [{ path: first.path, message: 'has no effect: no other signer says so too' }];
  return [{ path: first.path, message: `whoever trusts one of ${sharing.map(({ name }) => `"${name}"`).join(', ')} may accept certificates of the others: their tenants are not apart` }];
}
