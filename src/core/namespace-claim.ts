import { matchesLabels, selectorText, type Labels } from './label-selector.ts';
import { matchesPattern } from './pattern.ts';
import type { NamespaceRule, Policy, Signer } from './signer.ts';

/**
 * The labels of every namespace of the cluster, by its name; null: not known yet. A namespace that is not in the map may have been made a
 * moment ago, or in another cluster of the mesh.
 */
export type NamespaceLabels = ReadonlyMap<string, Labels> | null;

export type NamespaceQuestion = {
  readonly namespace: string;
  /** The signer whose rule it is: `unclaimed` is about the others. */
  readonly signer: Signer;
  readonly policy: Policy;
  readonly labels: NamespaceLabels;
};

/**
 * Whether a namespace is one that the rule means. A rule that asks for labels matches no namespace whose labels are not known: neither a
 * selector, nor `unclaimed` where some other signer claims by a selector. In doubt nobody gets a certificate.
 */
export function matchesNamespace(rule: NamespaceRule, question: NamespaceQuestion): boolean {
  const { namespace, signer, policy, labels } = question;
  if (rule !== 'unclaimed') return selects(rule, namespace, labels);
  const claims = claimsOfOthers(signer, policy);
  if (claims.some((claim) => selects(claim, namespace, labels))) return false;
  return labels?.has(namespace) === true || !claims.some((claim) => 'selector' in claim);
}

/** Whether a decision of this signer can turn on labels of namespaces: until they are known, it has to wait. */
export function dependsOnLabels(signer: Signer, policy: Policy): boolean {
  const rules = signer.allow.flatMap(({ namespaces }) => namespaces ?? []);
  return rules.some((rule) => (rule === 'unclaimed' ? claimsOfOthers(signer, policy).some((claim) => 'selector' in claim) : 'selector' in rule));
}

/** The keys of labels that some selector of the policy looks at; none: namespaces need not be watched. */
export function labelKeys({ signers }: Policy): ReadonlySet<string> {
  const rules = signers.flatMap(({ allow }) => allow.flatMap(({ namespaces }) => namespaces ?? []));
  return new Set(rules.flatMap((rule) => (rule !== 'unclaimed' && 'selector' in rule ? rule.selector.requirements.map(({ key }) => key) : [])));
}

/** The rule in the words of the configuration; a selector as kubectl writes it, in braces. */
export function namespaceRuleText(rule: NamespaceRule): string {
  if (rule === 'unclaimed') return rule;
  return 'pattern' in rule ? rule.pattern : `{${selectorText(rule.selector)}}`;
}

type Claim = Exclude<NamespaceRule, 'unclaimed'>;

function selects(claim: Claim, namespace: string, labels: NamespaceLabels): boolean {
  if ('pattern' in claim) return matchesPattern(claim.pattern, namespace, '.');
  const known = labels?.get(namespace);
  return known !== undefined && matchesLabels(claim.selector, known);
}

/** What the other signers claim, whatever else their alternatives ask for: a tenant's namespace is its tenant's. */
function claimsOfOthers({ name }: Signer, { signers }: Policy): Claim[] {
  return signers.flatMap((other) => (other.name === name ? [] : other.allow.flatMap(({ namespaces }) => (namespaces ?? []).filter((rule) => rule !== 'unclaimed'))));
}
