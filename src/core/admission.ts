import { decide } from './decide.ts';
import type { NamespaceLabels } from './namespace-claim.ts';
import type { Observed } from './observed.ts';
import type { RefusalReason } from './reason.ts';
import type { Policy } from './signer.ts';

export type AdmissionInput = {
  /** The request as it is about to be stored. */
  readonly observed: Omit<Observed, 'state'>;
  readonly policy: Policy;
  /** null: not known yet; what depends on them is let through. */
  readonly namespaceLabels: NamespaceLabels;
};

export type AdmissionVerdict =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly reason: RefusalReason; /** That of the condition which the request would get. */ readonly message: string };

const ALLOWED: AdmissionVerdict = { allowed: true };

/**
 * Whether a request may be created at all: it may, unless it would be Denied or Failed by the same policy in any case. This is the quick
 * answer, not the authority: what it lets through is judged again when it is approved and signed.
 *
 * A requester that approves its own requests is refused only what names a workload. istiod asks for its own serving certificate the
 * same way, by DNS names; refused at once it would ask again without pause, or exit (istio: RotateDNSCertForK8sCA), and it must come up
 * while an operator mends the configuration.
 */
export function admissionVerdict({ observed, policy, namespaceLabels }: AdmissionInput): AdmissionVerdict {
  // As if it were approved: whoever approves, the policy then runs. No CA is looked at, so its trouble refuses nothing.
  const step = decide({ observed: { ...observed, state: 'approved' }, policy, namespaceLabels, authority: NO_CA, now: new Date(0), serial: new Uint8Array() });
  if (step.do !== 'refuse') return ALLOWED;
  const approvesItself = policy.requesters.some(({ user, approves }) => approves && user === observed.requester.username);
  if (approvesItself && !namesWorkload(observed.request)) return ALLOWED;
  return { allowed: false, reason: step.reason, message: step.message };
}

const NO_CA = { ready: false, reason: 'CertificateAuthorityUnavailable', message: '' } as const;

/**
 * Whether a SPIFFE ID is anywhere in the request, however malformed it is otherwise: a DNS name has no colon, so what istiod asks for itself
 * never looks like one. Base64 is read as leniently as can be, as this is only asked of what is refused.
 */
function namesWorkload(pem: Uint8Array): boolean {
  const body = Buffer.from(pem).toString('latin1').replace(/-----[^-]*-----/g, '');
  return Buffer.from(body, 'base64').toString('latin1').toLowerCase().includes('spiffe:');
}
