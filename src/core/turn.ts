import { parseIssuerReference } from './discovered-issuer.ts';
import type { RequesterIdentity } from './observed.ts';
import { requestingParty } from './requesting-namespace.ts';

/** Where a request waits for its turn: lanes take turns, and within a lane its members. */
export type Turn = { readonly lane: string; readonly member: string };

/**
 * Whose turn a request of this signer needs. A signer of the configuration (`configured`) has a lane, and in it each party that asks: a stranger's flood at a
 * tenant's signer is the stranger's. Issuers that are found in one namespace have one lane, however many of them its owner makes; a
 * ClusterIssuer is made by the cluster's owner and has its own. `requester` is undefined for a request that is not known any more.
 */
export function turnOf(signerName: string, requester: RequesterIdentity | undefined, configured: boolean): Turn {
  const party = requester === undefined ? '' : requestingParty(requester);
  const reference = configured ? null : parseIssuerReference(signerName);
  return reference?.kind === 'Issuer' ? { lane: `Issuers of ${reference.namespace}`, member: `${signerName} ${party}` } : { lane: signerName, member: party };
}
