import { durationText } from '../../core/duration.ts';
import type { Explanation } from '../../core/explain.ts';
import type { CaseDocument } from './case-schema.ts';

/** One way in which the policy did not say what was expected. */
export type Difference = { readonly what: string; readonly expected: string; readonly found: string };

/** How an explanation differs from what a case expects; empty: it does not. Where the verdict is another, nothing else is compared. */
export function differences({ expect, reason, rule, field, certificate }: CaseDocument, found: Explanation): Difference[] {
  const of = (what: string, expected: string, seen: string): Difference[] => (expected === seen ? [] : [{ what, expected, found: seen }]);
  if (found.verdict !== expect) return [{ what: 'verdict', expected: expect, found: found.verdict }];
  const among = (what: string, expected: string | undefined, seen: readonly (string | null)[]): Difference[] =>
    expected === undefined || seen.includes(expected) ? [] : [{ what, expected, found: [...new Set(seen)].map((each) => each ?? 'none').join(', ') }];
  return [
    ...(reason === undefined ? [] : of('reason', reason, found.reason ?? 'none')),
    ...among('rule', rule, found.violations.map((each) => each.rule)),
    ...among('field', field, found.violations.map((each) => each.field)),
    ...(certificate === undefined || found.certificate === null ? [] : certificateDifferences(certificate, found.certificate, of)),
  ];
}

type Expected = NonNullable<CaseDocument['certificate']>;

function certificateDifferences({ uris, dnsNames, ipAddresses, usages, lifetime, policy }: Expected, found: NonNullable<Explanation['certificate']>, of: (what: string, expected: string, seen: string) => Difference[]): Difference[] {
  const named = (what: string, prefix: string, expected: readonly string[] | undefined): Difference[] => {
    const seen = found.names.flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
    return expected === undefined ? [] : of(what, list(expected), list(seen));
  };
  return [
    ...named('certificate.uris', 'URI:', uris),
    ...named('certificate.dnsNames', 'DNS:', dnsNames),
    ...named('certificate.ipAddresses', 'IP:', ipAddresses),
    ...(usages === undefined ? [] : of('certificate.usages', list(usages), list([...found.keyUsage, ...found.extendedKeyUsage]))),
    ...(lifetime === undefined ? [] : of('certificate.lifetime', durationText(lifetime), durationText(found.lifetime))),
    ...(policy === undefined ? [] : of('certificate.policy', policy, found.policy)),
  ];
}

/** As sets: the order says nothing. */
function list(items: readonly string[]): string {
  return [...items].sort().join(', ') || 'none';
}
