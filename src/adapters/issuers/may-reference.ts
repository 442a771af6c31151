import type { RequesterIdentity } from '../../core/observed.ts';
import { mayAccess } from '../kubernetes/access-review.ts';
import type { Connection } from '../kubernetes/connection.ts';

/**
 * Whether a requester may use an Issuer, as cert-manager asks: for this name, then for "*", which is how RBAC's resourceNames say "any of the
 * namespace". Throws Unavailable.
 */
export async function mayReference(connection: Connection, requester: RequesterIdentity, { namespace, name }: { readonly namespace: string; readonly name: string }, signal: AbortSignal): Promise<boolean> {
  for (const each of [name, '*']) if (await mayAccess(connection, requester, { group: 'cert-manager.io', resource: 'signers', verb: 'reference', namespace, name: each }, signal)) return true;
  return false;
}
