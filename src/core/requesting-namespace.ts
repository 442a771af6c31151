import type { GeneralName } from './general-name.ts';
import type { RequesterIdentity } from './observed.ts';
import { parseWorkloadIdentity } from './spiffe-id.ts';

const ACCOUNT = /^system:serviceaccount:([^:]+):[^:]+$/;

/**
 * For whose namespace an allowed request is: that of the workload it names, else of the service account that makes it, else ''. Of an allowed
 * request only: before that the names are what somebody claims, and would be charged to whom he likes.
 */
export function requestingNamespace(names: readonly GeneralName[], requester: RequesterIdentity): string {
  for (const name of names) {
    const workload = name.type === 'uri' ? parseWorkloadIdentity(name.value) : null;
    if (workload !== null) return workload.namespace;
  }
  return accountNamespace(requester) ?? '';
}

/** Who asks, as far as it matters for whose turn it is: the accounts of one namespace are one, every other user is himself. */
export function requestingParty(requester: RequesterIdentity): string {
  return accountNamespace(requester) ?? `user ${requester.username}`;
}

function accountNamespace({ username }: RequesterIdentity): string | undefined {
  return ACCOUNT.exec(username)?.[1];
}
