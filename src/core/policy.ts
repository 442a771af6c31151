import type { CertificateRequest } from './certificate-request.ts';
import type { NamespaceLabels } from './namespace-claim.ts';
import type { RequesterIdentity } from './observed.ts';
import { nameRules } from './policy-names.ts';
import { generalRules } from './policy-general.ts';
import { limitRules } from './policy-limits.ts';
import type { Alternative, Policy, Requester, Signer } from './signer.ts';
import type { Violation } from './violation.ts';

/** What a rule looks at: one request, one alternative of the signer it names, and the whole policy. */
export type Case = {
  readonly request: CertificateRequest;
  readonly usages: readonly string[];
  readonly requester: RequesterIdentity;
  /** The requester's entry in the configuration; undefined: its word counts for itself only. */
  readonly listed: Requester | undefined;
  readonly signer: Signer;
  readonly policy: Policy;
  /** null, as when it is left out: not known, so no rule that asks for labels lets anything through. */
  readonly namespaceLabels?: NamespaceLabels;
  /** The annotations of the request; left out: none. */
  readonly annotations?: Readonly<Record<string, string>>;
};

/** A rule about the request itself, whichever alternative is tried. */
export type GeneralRule = { readonly id: string; readonly check: (c: Case) => readonly Violation[] };
/** A rule of one alternative. */
export type AlternativeRule = { readonly id: string; readonly check: (c: Case, alternative: Alternative) => readonly Violation[] };

/** Every rule there is, in the order in which people read about them. A test switches each off and sees another test fail. */
export const GENERAL_RULES: readonly GeneralRule[] = generalRules;
export const ALTERNATIVE_RULES: readonly AlternativeRule[] = [...nameRules, ...limitRules];

export type Review =
  | { readonly allowed: true; readonly alternative: Alternative }
  | { readonly allowed: false; readonly violations: readonly Violation[]; readonly alternatives: readonly AlternativeReview[] };

export type AlternativeReview = { readonly alternative: Alternative; readonly violations: readonly Violation[] };

/**
 * Judges a request against the signer it names. It is allowed by the first alternative that it fits whole. Otherwise the
 * violations are those of the general rules and of the alternative that came nearest (the fewest violations; the
 * first of several), which is what the requester most likely meant. `without` switches rules off, for tests that show
 * that each is needed.
 */
export function review(
  input: Omit<Case, 'listed'>,
  { without = [] }: { without?: readonly string[] } = {},
): Review {
  const c = caseOf(input);
  const general = GENERAL_RULES.filter(({ id }) => !without.includes(id)).flatMap(({ check }) => check(c));
  const rules = ALTERNATIVE_RULES.filter(({ id }) => !without.includes(id));
  const alternatives = c.signer.allow.map((alternative) => ({
    alternative,
    violations: rules.flatMap(({ check }) => check(c, alternative)),
  }));
  const fit = alternatives.find(({ violations }) => violations.length === 0);
  if (general.length === 0 && fit !== undefined) return { allowed: true, alternative: fit.alternative };
  const nearest = alternatives.reduce<AlternativeReview | undefined>(
    (best, each) => (best === undefined || each.violations.length < best.violations.length ? each : best),
    undefined,
  );
  const violations = nearest === undefined ? [nothingAllowed(c.signer)] : nearest.violations;
  return { allowed: false, violations: [...general, ...violations], alternatives };
}

/** A request as the rules look at it. */
export function caseOf(input: Omit<Case, 'listed'>): Case {
  return { ...input, listed: input.policy.requesters.find(({ user }) => user === input.requester.username) };
}

function nothingAllowed(signer: Signer): Violation {
  return { field: 'signerName', found: signer.name, allowed: 'nothing: this signer allows no requests' };
}
