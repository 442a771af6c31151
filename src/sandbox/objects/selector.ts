import { badRequest } from '../failure.ts';
import { textAt, type KubeObject } from './object.ts';

/** One requirement on a label, or on the field at a dotted path; `values` is empty for `exists` and `missing`. */
export type Requirement = { readonly key: string; readonly operator: 'in' | 'not-in' | 'exists' | 'missing'; readonly values: readonly string[] };

/** `a=b`, `a==b`, `a!=b`, `a`, `!a`, `a in (b,c)`, `a notin (b,c)`, joined by commas. Throws 400. */
export function parseLabelSelector(text: string): readonly Requirement[] {
  return splitOutsideParentheses(text).map(parseLabelRequirement);
}

/**
 * `a=b`, `a==b`, `a!=b`, joined by commas, where a backslash keeps a comma, an equals sign or a backslash literal.
 * `fields` are those the resource can be selected by, with the path of each: any other is 400. Throws 400.
 */
export function parseFieldSelector(text: string, fields: Readonly<Record<string, string>>): readonly Requirement[] {
  return splitUnescaped(text).map((term) => {
    const match = /^([^=!\\]+)(!=|==|=)(.*)$/s.exec(term);
    const field = match?.[1];
    if (field === undefined) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const key = Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (key === undefined) throw badRequest(`field label not supported: ${field}`);
    return { key, operator: match?.[2] === '!=' ? 'not-in' : 'in', values: [(match?.[3] ?? '').replace(/\\([\\,=])/g, '$1')] };
  });
}

export function matchesLabels(object: KubeObject, requirements: readonly Requirement[]): boolean {
  return requirements.every((requirement) => holds(requirement, object.metadata.labels?.[requirement.key]));
}

/** A field that is not there counts as ''. */
export function matchesFields(object: KubeObject, requirements: readonly Requirement[]): boolean {
  return requirements.every((requirement) => holds(requirement, textAt(object, ...requirement.key.split('.'))));
}

/** The one value a selector leaves for a field, if it leaves only one. */
export function exactly(requirements: readonly Requirement[], key: string): string | undefined {
  return requirements.find((requirement) => requirement.key === key && requirement.operator === 'in' && requirement.values.length === 1)?.values[0];
}

function holds({ operator, values }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'in':
      return value !== undefined && values.includes(value);
    case 'not-in':
      return value === undefined || !values.includes(value);
    case 'exists':
      return value !== undefined;
    case 'missing':
      return value === undefined;
  }
}

function parseLabelRequirement(term: string): Requirement {
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(term);
  if (set) return { key: set[1] ?? '', operator: set[2] === 'in' ? 'in' : 'not-in', values: (set[3] ?? '').split(',').map((value) => value.trim()) };
  const equality = /^([^\s=!]+)\s*(!=|==|=)\s*([^\s=!]*)$/.exec(term);
  if (equality) return { key: equality[1] ?? '', operator: equality[2] === '!=' ? 'not-in' : 'in', values: [equality[3] ?? ''] };
  const presence = /^(!?)\s*([^\s=!()]+)$/.exec(term);
  if (presence) return { key: presence[2] ?? '', operator: presence[1] === '!' ? 'missing' : 'exists', values: [] };
  throw badRequest(`unable to parse requirement: found '${term}', expected: a label requirement such as app=web`);
}

function splitOutsideParentheses(text: string): string[] {
  return text.split(/,(?![^()]*\))/).map((term) => term.trim()).filter((term) => term !== '');
}

function splitUnescaped(text: string): string[] {
  return (text.match(/(?:\\.|[^\\,])+/gs) ?? []).filter((term) => term !== '');
}
