import { alternativeTerms, type AlternativeTerms } from './alternative-terms.ts';
import { parseRequest, type CertificateRequest } from './certificate-request.ts';
import { decideDiscovered, type DiscoveredInput } from './decide-discovered.ts';
import { decide, type CaState } from './decide.ts';
import { issuerText } from './discovered-issuer.ts';
import { distinguishedNameText } from './distinguished-name.ts';
import { decoded, type DecodedRequest } from './explain-request.ts';
import { plannedCertificate, type KnownCa, type PlannedCertificate } from './explain-plan.ts';
import { dependsOnLabels, type NamespaceLabels } from './namespace-claim.ts';
import type { Observed, RequesterIdentity, RequestState } from './observed.ts';
import { ALTERNATIVE_RULES, GENERAL_RULES, caseOf, type Case } from './policy.ts';
import type { Reason } from './reason.ts';
import { requestedLifetime } from './requested-lifetime.ts';
import type { Policy, Signer, Vouching } from './signer.ts';
import type { Step } from './step.ts';
import { quoted, type Violation } from './violation.ts';

export type ExplainInput = {
  readonly observed: Observed;
  readonly policy: Policy;
  /** null: not known. */
  readonly namespaceLabels: NamespaceLabels;
  /** The CA of the signer that the request names; null: nobody has looked. */
  readonly authority: KnownCa | null;
  /** Where the request is for an issuer that is found; left out: no signer of this name is, but those of the policy. */
  readonly discovered?: Pick<DiscoveredInput, 'reference' | 'issuer' | 'allow' | 'mayReference'> | null;
  readonly now: Date;
};

/**
 * `allowed`: signed once it is approved. `refused`: Denied or Failed. `waits`: allowed, and its CA cannot sign now. `unserved`: no signer of
 * this name is configured, so nothing is done. `unknown`: it turns on labels of namespaces that are not known.
 */
export type Verdict = 'allowed' | 'refused' | 'waits' | 'unserved' | 'unknown';

/** Everything there is to say about one request under one configuration, as plain values. For operators: it names other signers. */
export type Explanation = {
  readonly verdict: Verdict;
  readonly reason: Reason | null;
  /** In the words in which a requester would be told, where it would be told anything. */
  readonly message: string;
  readonly state: RequestState;
  readonly signer: { readonly name: string; readonly served: boolean; readonly approval: Signer['approval'] | null; /** `ClusterIssuer /foo`: of cert-manager, as discover.certManager finds it; null: of the configuration, or of nobody. */ readonly issuer: string | null };
  readonly requester: RequesterIdentity & { /** By the configuration; null: its word counts for itself only. */ readonly listed: { readonly approves: boolean; readonly vouches: Vouching | null } | null };
  readonly request: DecodedRequest;
  readonly asked: { readonly usages: readonly string[]; /** Seconds; null: nothing, or nothing that can be read. */ readonly lifetime: number | null; readonly annotations: Readonly<Record<string, string>> };
  /** As the condition, the Event and the record have them: those of the general rules and of the nearest alternative, ten at most. */
  readonly violations: readonly RuleViolation[];
  /** Every violation of the request itself, which no alternative could heal. */
  readonly general: readonly RuleViolation[];
  readonly alternatives: readonly AlternativeExplained[];
  /** What Signet does about it in either state. */
  readonly steps: { readonly pending: StepExplained; readonly approved: StepExplained };
  /** What would be issued; null where nothing would. */
  readonly certificate: PlannedCertificate | null;
  /** What each signer of the configuration would say to the very same request, in the order of the configuration. */
  readonly signers: readonly SignerVerdict[];
};

/** `rule` is null for what is found before any rule is asked. */
export type RuleViolation = Violation & { readonly rule: string | null };

export type AlternativeExplained = {
  readonly id: string;
  readonly allows: AlternativeTerms;
  /** null: it may, by labels of namespaces that are not known. */
  readonly fits: boolean | null;
  readonly violations: readonly RuleViolation[];
};

export type StepExplained =
  | { readonly do: 'nothing'; readonly why: string; readonly notice: { readonly reason: Reason; readonly message: string } | null }
  | { readonly do: 'wait'; readonly reason: Reason | null; readonly message: string }
  | { readonly do: 'approve'; readonly policy: string; readonly message: string }
  | { readonly do: 'refuse'; readonly as: 'Denied' | 'Failed'; readonly reason: Reason; readonly violations: readonly Violation[]; readonly message: string }
  | { readonly do: 'issue'; readonly policy: string };

export type SignerVerdict = {
  readonly signer: string;
  readonly verdict: 'allowed' | 'refused' | 'unknown';
  /** Which alternative allows it; null: none. */
  readonly policy: string | null;
  readonly violations: readonly Violation[];
};

/**
 * Why a request is decided as it is. The decisions are those of `decide` itself, asked for the request as it is when it waits and when it is
 * approved, and for every other signer; the rules are asked one by one beside it, only to say more. What is final is explained as if it were not.
 */
export function explain(input: ExplainInput): Explanation {
  const { observed, policy, authority } = input;
  const parsed = parseRequest(observed.request);
  const request = parsed.ok ? parsed.request : null;
  const signer = policy.signers.find(({ name }) => name === observed.signerName);
  const listed = policy.requesters.find(({ user }) => user === observed.requester.username);
  const lifetime = requestedLifetime(observed);
  const approved = stepFor(input, 'approved', observed.signerName, authority ?? ANY_CA);
  // What would be issued does not turn on whether the CA can do so at this moment.
  const planned = approved.do === 'wait' && approved.reason !== null ? stepFor(input, 'approved', observed.signerName, ANY_CA) : approved;
  const { discovered = null } = input;
  const general = discovered !== null ? discoveredProblems(approved) : [...unruly(input, parsed.ok ? null : parsed.violation), ...(request === null ? [] : broken(GENERAL_RULES, (rule) => rule.check(caseFor(input, request, signer))))];
  const each = signer === undefined ? [] : alternatives(input, request, signer);
  return {
    ...verdictOf(approved, observed.signerName, discovered !== null),
    state: observed.state,
    signer: { name: observed.signerName, served: signer !== undefined || discovered?.issuer?.type === 'ca', approval: signer?.approval ?? (discovered === null ? null : 'external'), issuer: discovered === null ? null : issuerText(discovered.reference) },
    requester: { ...observed.requester, listed: listed === undefined ? null : { approves: listed.approves, vouches: listed.vouches } },
    request: decoded(parsed),
    asked: { usages: observed.usages, lifetime: typeof lifetime === 'number' ? lifetime : null, annotations: observed.annotations },
    violations: approved.do === 'refuse' ? approved.violations.map((violation) => withRule(violation, [...general, ...each.flatMap(({ violations }) => violations)])) : [],
    general,
    alternatives: each,
    steps: { pending: explained(stepFor(input, 'pending', observed.signerName, authority ?? ANY_CA)), approved: explained(approved) },
    certificate: planned.do === 'issue' ? plannedCertificate(planned.plan, { now: input.now, ca: planned === approved ? authority : null, subject: request === null ? null : distinguishedNameText(request.subject) }) : null,
    signers: policy.signers.map(({ name }) => signerVerdict(name, stepFor(input, 'approved', name, ANY_CA))),
  };
}

/** Whether what this policy says of a request, at one signer or another, can turn on labels of namespaces. */
export function asksForLabels(policy: Policy): boolean {
  return policy.signers.some((signer) => dependsOnLabels(signer, policy));
}

/** A CA that has no bounds: a plan under it is what the policy alone makes of a request. */
const ANY_CA: CaState = { ready: true, chain: [{ notBefore: new Date(-8.64e15), notAfter: new Date(8.64e15), fingerprint: '', basicConstraints: null }] };
/** Of no certificate that is ever made. */
const NO_SERIAL = new Uint8Array(20);

function stepFor({ observed, policy, namespaceLabels, now, discovered = null }: ExplainInput, state: RequestState, signerName: string, authority: CaState): Step {
  const input = { observed: { ...observed, state, signerName }, policy, namespaceLabels, authority, now, serial: NO_SERIAL };
  return discovered !== null && signerName === observed.signerName ? decideDiscovered({ ...input, ...discovered }) : decide(input);
}

/** The rules of a policy are not asked for what somebody approved: what is wrong is what the decision says. */
function discoveredProblems(approved: Step): RuleViolation[] {
  return approved.do === 'refuse' ? approved.violations.map((violation) => ({ rule: null, ...violation })) : [];
}

function verdictOf(step: Step, signerName: string, discovered: boolean): Pick<Explanation, 'verdict' | 'reason' | 'message'> {
  switch (step.do) {
    case 'nothing':
      // It is looked at again when the issuer comes, or says how it signs.
      if (discovered && step.notice !== undefined) return { verdict: 'waits', reason: step.notice.reason, message: step.notice.message };
      if (discovered) return { verdict: 'unserved', reason: null, message: `${quoted(signerName)}: ${step.why}; Signet leaves the request to cert-manager` };
      return { verdict: 'unserved', reason: step.notice?.reason ?? null, message: step.notice?.message ?? `Signer ${quoted(signerName)} is not in the configuration, and neither is its domain: Signet leaves the request to whoever serves it` };
    case 'wait':
      return { verdict: step.reason === null ? 'unknown' : 'waits', reason: step.reason, message: step.message };
    case 'refuse':
      return { verdict: 'refused', reason: step.reason, message: step.message };
    case 'approve':
      return { verdict: 'allowed', reason: 'PolicyAllowed', message: step.message };
    case 'issue':
      return { verdict: 'allowed', reason: 'PolicyAllowed', message: `Signer ${quoted(step.plan.signer)} allows this request by ${step.plan.policy}` };
  }
}

function explained(step: Step): StepExplained {
  switch (step.do) {
    case 'nothing':
      return { do: 'nothing', why: step.why, notice: step.notice ?? null };
    case 'wait':
      return { do: 'wait', reason: step.reason, message: step.message };
    case 'approve':
      return { do: 'approve', policy: step.policy, message: step.message };
    case 'refuse':
      return { do: 'refuse', as: step.as, reason: step.reason, violations: step.violations, message: step.message };
    case 'issue':
      return { do: 'issue', policy: step.plan.policy };
  }
}

/** What is wrong before any rule is asked: bytes that cannot be read, a lifetime that is none. */
function unruly({ observed }: ExplainInput, problem: Violation | null): RuleViolation[] {
  const lifetime = requestedLifetime(observed);
  return [problem, typeof lifetime === 'object' ? lifetime : null].flatMap((violation) => (violation === null ? [] : [{ rule: null, ...violation }]));
}

/** What `decide` reports does not say by which rule; the very same is among what the rules said one by one. */
function withRule(violation: Violation, all: readonly RuleViolation[]): RuleViolation {
  const same = all.find(({ field, found, allowed }) => field === violation.field && found === violation.found && allowed === violation.allowed);
  return { rule: same?.rule ?? null, ...violation };
}

function alternatives(input: ExplainInput, request: CertificateRequest | null, signer: Signer): AlternativeExplained[] {
  return signer.allow.map((alternative) => {
    const { id } = alternative;
    const allows = alternativeTerms(alternative);
    if (request === null) return { id, allows, fits: false, violations: [] };
    const violations = broken(ALTERNATIVE_RULES, (rule) => rule.check(caseFor(input, request, signer), alternative));
    const inTheDark = input.namespaceLabels === null && dependsOnLabels({ ...signer, allow: [alternative] }, input.policy);
    return { id, allows, fits: inTheDark && violations.every(({ rule }) => rule === 'namespace') ? null : violations.length === 0, violations };
  });
}

function broken<R extends { readonly id: string }>(rules: readonly R[], check: (rule: R) => readonly Violation[]): RuleViolation[] {
  return rules.flatMap((rule) => check(rule).map((violation) => ({ rule: rule.id, ...violation })));
}

/** General rules do not look at the signer: for one that is not served they are asked all the same. */
function caseFor({ observed, policy, namespaceLabels }: ExplainInput, request: CertificateRequest, signer: Signer | undefined): Case {
  const { usages, requester, annotations, signerName } = observed;
  return caseOf({ request, usages, requester, annotations, policy, namespaceLabels, signer: signer ?? unservedSigner(signerName) });
}

function unservedSigner(name: string): Signer {
  return { name, approval: 'external', allow: [], lifetime: { default: 0, max: 0 }, includeRoot: false };
}

function signerVerdict(signer: string, step: Step): SignerVerdict {
  if (step.do === 'issue') return { signer, verdict: 'allowed', policy: step.plan.policy, violations: [] };
  return { signer, verdict: step.do === 'refuse' ? 'refused' : 'unknown', policy: null, violations: step.do === 'refuse' ? step.violations : [] };
}
