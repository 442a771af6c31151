import { namespaceRuleText } from '../core/namespace-claim.ts';
import type { Alternative, NamespaceRule, Policy } from '../core/signer.ts';
import { accountOverlap, isCatchAll, patternOverlap } from './pattern-overlap.ts';
import type { Remark } from './remarks.ts';

type Entry = { readonly signer: string; readonly path: string; readonly alternative: Alternative; readonly rule: NamespaceRule };

/**
 * Namespaces that two signers claim: their workloads choose which CA they have. Each rule is told once, with the first signer before it; a pattern
 * for every namespace is told where it stands and not with each of the others.
 */
export function sharedClaims({ signers }: Policy): Remark[] {
  const entries = signers.flatMap(({ name, allow }, i) =>
    allow.flatMap((alternative) => (alternative.namespaces ?? []).map((rule, n): Entry => ({ signer: name, path: `signers[${i}].${alternative.id}.namespaces[${n}]`, alternative, rule }))),
  );
  const literal = new Map<string, Entry[]>();
  const open: Entry[] = [];
  const earlier: Entry[] = [];
  return entries.flatMap((entry) => {
    const text = namespaceRuleText(entry.rule);
    // Most rules are names, and a thousand of them are compared by a look into a map.
    const found = remark(entry, isName(entry.rule) ? [...(literal.get(text) ?? []), ...open] : earlier, signers.length);
    if (isName(entry.rule)) literal.set(text, [...(literal.get(text) ?? []), entry]);
    else open.push(entry);
    earlier.push(entry);
    return found;
  });
}

function remark(entry: Entry, earlier: readonly Entry[], signers: number): Remark[] {
  const { path, rule } = entry;
  if (isEverything(rule)) {
    const other = earlier.find((each) => each.signer !== entry.signer && isEverything(each.rule));
    if (other !== undefined) return [{ path, message: `"*" is in signer "${other.signer}" too: every workload may have certificates of both` }];
    return signers > 1 ? [{ path, message: '"*" includes the namespaces of the other signers; "unclaimed" leaves them out' }] : [];
  }
  for (const other of earlier) {
    if (other.signer === entry.signer || isEverything(other.rule) || !sameWorkloads(entry.alternative, other.alternative)) continue;
    const [own, theirs] = [namespaceRuleText(rule), namespaceRuleText(other.rule)];
    const example = common(rule, other.rule);
    if (example === null) continue;
    return [{ path, message: own === theirs ? `"${own}" is in signer "${other.signer}" too: its workloads may have certificates of both` : `namespaces such as "${example}" are in signer "${other.signer}" too, by "${theirs}": their workloads may have certificates of both` }];
  }
  return [];
}

/** What both rules match, by an example; null where they match nothing in common, or where labels decide. */
function common(a: NamespaceRule, b: NamespaceRule): string | null {
  if (a !== 'unclaimed' && b !== 'unclaimed' && 'pattern' in a && 'pattern' in b) return patternOverlap(a.pattern, b.pattern);
  const text = namespaceRuleText(a);
  return text === namespaceRuleText(b) ? text : null;
}

/** Whether the alternatives can be about the same workloads, if their namespaces are the same. */
function sameWorkloads(a: Alternative, b: Alternative): boolean {
  const accounts = a.serviceAccounts === null || b.serviceAccounts === null || a.serviceAccounts.some((own) => b.serviceAccounts?.some((theirs) => accountOverlap(own, theirs)));
  return accounts && a.trustDomains.some((domain) => b.trustDomains.includes(domain));
}

/** Whether a rule is about every namespace, by its own words. */
export function isEverything(rule: NamespaceRule): boolean {
  return rule !== 'unclaimed' && 'pattern' in rule && isCatchAll(rule.pattern);
}

function isName(rule: NamespaceRule): boolean {
  return rule !== 'unclaimed' && 'pattern' in rule && !rule.pattern.includes('*');
}
