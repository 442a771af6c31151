import { parseRequest } from './certificate-request.ts';
import type { GeneralName } from './general-name.ts';
import { dependsOnLabels, type NamespaceLabels } from './namespace-claim.ts';
import type { Observed } from './observed.ts';
import { review } from './policy.ts';
import { planCertificate, type PlannedUnder } from './profile.ts';
import { requestedLifetime } from './requested-lifetime.ts';
import type { CaReason } from './reason.ts';
import type { Policy, Signer } from './signer.ts';
import type { Notice, Step } from './step.ts';
import { quoted, violationText, type Violation } from './violation.ts';

export type DecideInput = {
  readonly observed: Observed;
  readonly policy: Policy;
  /** Asked for by label selectors alone; null, as when it is left out: not known yet. */
  readonly namespaceLabels?: NamespaceLabels;
  /** The CA of the signer that the request names, as it is now. */
  readonly authority: CaState;
  readonly now: Date;
  /** 16-20 random octets. */
  readonly serial: Uint8Array;
};

/** Chain of the CA (issuing CA first, up to the anchor), or why there is none now. */
export type CaState =
  | { readonly ready: true; readonly chain: readonly PlannedUnder[] }
  | { readonly ready: false; readonly reason: CaReason; readonly message: string };

/**
 * The table of decisions:
 *
 * |                        | pending                           | Approved                           | Denied, Failed, issued |
 * | approval: decide       | approve, or refuse as Denied      | issue, or refuse as Failed         | nothing |
 * | approval: external     | nothing                           | as above                           | nothing |
 * | requester approves     | nothing, whatever the signer says | as above                           | nothing |
 * | signer not served      | nothing, with a notice if its domain is ours | the same                | nothing |
 *
 * Trouble of the CA is `wait`: it is never held against a request that is allowed. So is a policy that asks for labels of namespaces before
 * they are known. `without` switches policy rules off, for tests.
 */
export function decide(input: DecideInput, options: { without?: readonly string[] } = {}): Step {
  const { observed, policy } = input;
  if (observed.state === 'final') return { do: 'nothing', why: 'it is decided' };
  const signer = policy.signers.find(({ name }) => name === observed.signerName);
  if (signer === undefined) return unserved(observed.signerName, policy);
  if (observed.state === 'pending') {
    // istiod approves with the resourceVersion it got from create: any write before that fails its request.
    if (policy.requesters.some(({ user, approves }) => approves && user === observed.requester.username)) return { do: 'nothing', why: 'its requester approves it' };
    if (signer.approval === 'external') return { do: 'nothing', why: 'somebody else approves for this signer' };
  }
  const as = observed.state === 'pending' ? 'Denied' : 'Failed';
  const parsed = parseRequest(observed.request);
  if (!parsed.ok) return refuse(as, 'InvalidRequest', observed, [parsed.violation], []);
  const { namespaceLabels = null } = input;
  if (namespaceLabels === null && dependsOnLabels(signer, policy)) return { do: 'wait', reason: null, message: 'the labels of namespaces are not known yet' };
  const lifetime = requestedLifetime(observed);
  const verdict = review({ request: parsed.request, usages: observed.usages, requester: observed.requester, signer, policy, namespaceLabels, annotations: observed.annotations }, options);
  const violations = verdict.allowed ? [] : verdict.violations;
  if (typeof lifetime === 'object' && lifetime !== null) return refuse(as, 'InvalidRequest', observed, [lifetime, ...violations], parsed.request.names);
  if (!verdict.allowed) return refuse(as, 'PolicyViolation', observed, violations, parsed.request.names);
  if (observed.state === 'pending') return { do: 'approve', policy: verdict.alternative.id, names: parsed.request.names, message: `Signer ${quoted(signer.name)} allows this request by ${verdict.alternative.id}` };
  if (!input.authority.ready) return { do: 'wait', reason: input.authority.reason, message: input.authority.message };
  const planned = planCertificate({ request: parsed.request, usages: observed.usages, lifetime, signer, alternative: verdict.alternative }, { chain: input.authority.chain, now: input.now, serial: input.serial });
  return planned.ok ? { do: 'issue', plan: planned.plan } : { do: 'wait', reason: planned.reason, message: planned.message };
}

/** Whether a signer name that is not served lies in the domain of one that is: then its requester has most likely mistyped. */
export function inOurDomain(signerName: string, signers: readonly Pick<Signer, 'name'>[]): boolean {
  return signers.some(({ name }) => domain(name) === domain(signerName));
}

function unserved(signerName: string, { signers }: Policy): Step {
  if (!inOurDomain(signerName, signers)) return { do: 'nothing', why: 'another signer serves it' };
  return { do: 'nothing', why: 'no signer of this name', notice: signerNotFound(signerName) };
}

/** What the requester is told whose signer is nowhere, though its domain is ours: it would wait in the dark otherwise. */
export function signerNotFound(signerName: string): Notice {
  return {
    reason: 'SignerNotFound',
    message: `Signer ${quoted(signerName)} is not in the configuration: nothing will sign this request. Check the name, e.g. ISTIO_META_CERT_SIGNER`,
  };
}

function domain(signerName: string): string {
  return signerName.slice(0, signerName.indexOf('/') + 1);
}

/** 64 KiB hold thousands of names, and as many violations make a condition that the API server does not take: nobody would learn of any. */
const MAX_REPORTED = 10;

function refuse(as: 'Denied' | 'Failed', reason: 'PolicyViolation' | 'InvalidRequest', observed: Observed, all: readonly Violation[], names: readonly GeneralName[]): Step {
  const violations = all.slice(0, MAX_REPORTED);
  const texts = [...violations.map(violationText), ...(all.length > MAX_REPORTED ? [`and ${all.length - MAX_REPORTED} more`] : [])];
  return { do: 'refuse', as, reason, violations, names, message: `Cannot sign for ${quoted(observed.signerName)}: ${texts.join('; ')}` };
}
