import { parseRequest } from './certificate-request.ts';
import { decide, type DecideInput } from './decide.ts';
import { issuerText, type DiscoveredAllow, type DiscoveredIssuer, type IssuerReference } from './discovered-issuer.ts';
import type { GeneralName } from './general-name.ts';
import { issuerDuration } from './issuer-duration.ts';
import { mayIssueCa, planIssued } from './issuer-profile.ts';
import { CA_ANNOTATION, readIssuerRequest } from './issuer-request.ts';
import type { Observed } from './observed.ts';
import { sameNamespaceSigner } from './same-namespace.ts';
import type { RefusalReason } from './reason.ts';
import type { Policy } from './signer.ts';
import type { Notice, Step } from './step.ts';
import { quoted, violationText, type Violation } from './violation.ts';

export type DiscoveredInput = DecideInput & {
  readonly reference: IssuerReference;
  /** As last seen; null: there is none. */
  readonly issuer: DiscoveredIssuer | null;
  readonly allow: readonly DiscoveredAllow[];
  /** Whether the requester may use this Issuer, as a SubjectAccessReview says; null: nobody asked. Of a ClusterIssuer nobody is asked. */
  readonly mayReference: boolean | null;
};

/**
 * What to do about a request for an issuer of cert-manager that no entry of the configuration is about. As its own controller for CA issuers decides,
 * with its reasons, but: what is wrong with the issuer's side is waited for, whatever it is; and an annotation alone, which can be set after the approval,
 * makes no CA: CA:TRUE or "cert sign" has to have been approved. Somebody else approves, always.
 *
 * `approved` is for what an approver approved. A requester that approves its own requests is none, and one that vouches would be believed whatever
 * it asked for here: neither is covered.
 */
export function decideDiscovered(input: DiscoveredInput): Step {
  const { observed, issuer, reference, policy, allow } = input;
  if (observed.state === 'final') return { do: 'nothing', why: 'it is decided' };
  if (observed.state === 'pending') {
    const notice = waitingNotice(observed.requester, policy);
    return { do: 'nothing', why: 'somebody else approves for this signer', ...(notice === null ? {} : { notice }) };
  }
  if (issuer === null) return { do: 'nothing', why: 'there is no such issuer', notice: { reason: 'IssuerNotFound', message: `Referenced ${issuerText(reference)} not found` } };
  if (issuer.type === 'none') return { do: 'nothing', why: 'the issuer has no type', notice: { reason: 'IssuerTypeMissing', message: `Referenced ${issuerText(reference)} is missing type` } };
  if (issuer.type === 'other') return { do: 'nothing', why: 'the issuer has no CA in a Secret' };
  if (asksReference(input) && input.mayReference === null) return { do: 'wait', reason: null, message: 'whether the requester may use the issuer is not known yet' };
  if (asksReference(input) && input.mayReference === false) return deniedReference(input);
  const duration = issuerDuration(observed);
  if ('reason' in duration) return refuse(duration.reason, observed, duration.violation);
  if (!issuer.ready) return { do: 'wait', reason: 'IssuerNotReady', message: `Referenced ${issuerText(reference)} does not have a Ready status condition` };
  if (allow.includes('approved') && !speaksForItself(observed, policy)) return asApproved(input, issuer, duration.seconds);
  if (allow.includes('sameNamespace') && reference.kind === 'Issuer') return asWorkload(input, issuer, reference);
  return refuse('PolicyViolation', observed, { field: 'spec.username', found: quoted(observed.requester.username), allowed: notCovered(input) });
}

/** Whether the answer turns on a SubjectAccessReview: cert-manager asks one for Issuers, and so not for ClusterIssuers. */
export function asksReference({ observed, reference, issuer }: Pick<DiscoveredInput, 'observed' | 'reference' | 'issuer'>): boolean {
  return reference.kind === 'Issuer' && observed.state === 'approved' && issuer?.type === 'ca';
}

/** What the requester of a request that nobody has approved is told; null: nothing, as it approves by itself within milliseconds, or never. */
export function waitingNotice({ username }: { readonly username: string }, { requesters }: Policy): (Notice & { readonly type: 'Normal' }) | null {
  if (requesters.some(({ user, approves }) => approves && user === username)) return null;
  return { reason: 'WaitingApproval', message: 'Waiting for the Approved condition before issuing', type: 'Normal' };
}

function asApproved(input: DiscoveredInput, issuer: DiscoveredIssuer, lifetime: number): Step {
  const { observed, authority } = input;
  const parsed = parseRequest(observed.request);
  if (!parsed.ok) return refuse('SigningError', observed, parsed.violation);
  const { request } = parsed;
  const asked = readIssuerRequest(request, observed.usages, observed.annotations);
  if ('field' in asked) return refuse('SigningError', observed, asked, request.names);
  if (!authority.ready) return { do: 'wait', reason: authority.reason, message: authority.message };
  if (asked.ca && !mayIssueCa(authority.chain)) return refuse('SigningError', observed, { field: `annotation ${CA_ANNOTATION}`, found: '"true"', allowed: 'no CA below this issuer: its path length is used up' }, request.names);
  const planned = planIssued({ signer: observed.signerName, request, asked, lifetime, urls: issuer.urls, policy: 'discover.approved' }, { chain: authority.chain, now: input.now, serial: input.serial });
  return planned.ok ? { do: 'issue', plan: planned.plan } : { do: 'wait', reason: planned.reason, message: planned.message };
}

/** By the rules of the configuration's own signers, as if one were there for the namespace. */
function asWorkload(input: DiscoveredInput, { urls }: DiscoveredIssuer, { namespace }: IssuerReference & { kind: 'Issuer' }): Step {
  const { policy, observed } = input;
  const signer = sameNamespaceSigner(observed.signerName, namespace, policy.trustDomain);
  const step = decide({ ...input, policy: { ...policy, signers: [signer] } });
  return step.do === 'issue' ? { do: 'issue', plan: { ...step.plan, urls } } : step;
}

function speaksForItself({ requester }: Observed, { requesters }: Policy): boolean {
  return requesters.some(({ user, approves, vouches }) => user === requester.username && (approves || vouches !== null));
}

function deniedReference({ observed, reference }: DiscoveredInput): Step {
  const allowed = `${issuerText(reference)} for users who may "reference" signers.cert-manager.io of that name, or of the name "*", in its namespace`;
  return refuse('DeniedReference', observed, { field: 'spec.username', found: quoted(observed.requester.username), allowed });
}

function notCovered({ observed, allow, reference, policy }: DiscoveredInput): string {
  const listed = 'an entry of its own under signers in Signet\'s configuration';
  if (speaksForItself(observed, policy)) return `requesters without approves and vouches, whom an approver approves; for this one the signer needs ${listed}`;
  return `nobody: ${allow.join(', ')} is all that is allowed, and this is a ${reference.kind}; it needs ${listed}`;
}

function refuse(reason: RefusalReason, { signerName }: Observed, violation: Violation, names: readonly GeneralName[] = []): Step {
  return { do: 'refuse', as: 'Failed', reason, violations: [violation], names, message: `Cannot sign for ${quoted(signerName)}: ${violationText(violation)}` };
}
