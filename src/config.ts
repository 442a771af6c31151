import { LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { contradictions } from './config/contradictions.ts';
import { deadRules } from './config/dead-rules.ts';
import { configSchema } from './config/schema.ts';
import { toConfig, type Config } from './config/values.ts';

export type { Config, SignerConfig } from './config/values.ts';

/** One thing wrong with a configuration: where (1-based; 1:1 for the whole), which key, and what to do about it. */
export type Problem = Place & { readonly path: string; readonly message: string };

export type Place = { readonly line: number; readonly column: number };

export type ParsedConfig = { readonly ok: true; readonly config: Config; /** Where a key stands, by its path as problems and notes write it. */ readonly place: (path: string) => Place } | { readonly ok: false; readonly problems: readonly Problem[] };

/** A configuration is some kilobytes; YAML of megabytes is a mistake that would cost seconds to parse. */
const MAX_LENGTH = 1024 * 1024;

/**
 * Reads signet.yaml. What comes out cannot be wrong; otherwise every problem is reported at once, in the order of the text.
 * Text that is no YAML reports just that, as nothing in it can be trusted to be where it seems. Aliases are refused: they hide what a
 * reviewer should see.
 */
export function parseConfig(text: string): ParsedConfig {
  if (text.length > MAX_LENGTH) return { ok: false, problems: [{ line: 1, column: 1, path: '', message: `the file has ${text.length} characters, allowed are ${MAX_LENGTH}` }] };
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'error' });
  // An unknown tag is only a warning to the parser; to us it is a value that nobody understood.
  const syntax = [...document.errors, ...document.warnings].map(({ pos, message }): Problem => ({ ...position(lines, pos[0]), path: '', message: firstLine(message) }));
  if (syntax.length > 0) return { ok: false, problems: syntax };

  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    return { ok: false, problems: [{ line: 1, column: 1, path: '', message: error instanceof ReferenceError ? 'aliases (*name) are not allowed: write the value out' : String(error) }] };
  }
  const result = configSchema.safeParse(content ?? {});
  const located = (path: readonly PropertyKey[], message: string): Problem => ({ ...locate(document, lines, path), path: pathText(path), message });
  if (!result.success) return { ok: false, problems: sorted(result.error.issues.flatMap((issue) => describe(issue)).map(({ path, message }) => located(path, message + foundText(content, path, message)))) };
  const config = toConfig(result.data);
  const told = contradictions(result.data);
  // Of an entry of `allow` that contradicts itself, whether it could ever match is no further news.
  const found = [...told, ...deadRules(config.policy).filter(({ path }) => !told.some((each) => path.slice(0, 4).every((part, i) => each.path[i] === part)))];
  if (found.length > 0) return { ok: false, problems: sorted(found.map(({ path, message }) => located(path, message))) };
  return { ok: true, config, place: (path) => locate(document, lines, pathOf(path)) };
}

/** `signet.yaml:12:5: signers[0].lifetime: …` */
export function problemText(file: string, { line, column, path, message }: Problem): string {
  return `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`;
}

function describe(issue: z.core.$ZodIssue): { path: PropertyKey[]; message: string }[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ path: [...issue.path, key], message: 'is not a key that Signet knows here' }));
  if (issue.code === 'invalid_union') {
    // Of a union the branch that got furthest into the value is the one that was meant.
    const deepest = issue.errors.map((branch) => branch.flatMap(describe)).sort((a, b) => depth(b) - depth(a))[0];
    if (deepest !== undefined && depth(deepest) > 0) return deepest.map(({ path, message }) => ({ path: [...issue.path, ...path], message }));
  }
  if (issue.code === 'invalid_key') return [{ path: issue.path, message: `"${String(issue.path.at(-1))}" ${issue.issues[0]?.message ?? issue.message}` }];
  return [{ path: issue.path, message: issue.message }];
}

/** What stands at the path, where the message does not say it yet: a scalar is quoted, an absent value is called missing. */
function foundText(content: unknown, path: readonly PropertyKey[], message: string): string {
  const value = path.reduce<unknown>((parent, key) => (typeof parent === 'object' && parent !== null ? (parent as Record<PropertyKey, unknown>)[key] : undefined), content);
  if (value === undefined) return path.length > 0 ? '; it is missing' : '';
  return typeof value === 'object' || message.startsWith('"') || message.startsWith('is not') ? '' : `, found ${JSON.stringify(value)}`;
}

function depth(problems: readonly { path: PropertyKey[] }[]): number {
  return Math.max(0, ...problems.map(({ path }) => path.length));
}

/** The position of the value at `path`, or of the nearest thing around it that exists. */
function locate(document: Document.Parsed, lines: LineCounter, path: readonly PropertyKey[]): { line: number; column: number } {
  for (let length = path.length; length > 0; length -= 1) {
    const node = nodeAt(document, path.slice(0, length));
    if (node !== undefined) return position(lines, node);
  }
  return position(lines, document.contents?.range?.[0] ?? 0);
}

/** Offset of the key for a mapping's entry, of the value for a list's. A mapping where a list of one is meant counts as that list. */
function nodeAt(document: Document.Parsed, path: readonly PropertyKey[]): number | undefined {
  const parent = (path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)) as { items?: readonly unknown[]; range?: readonly number[] } | null | undefined;
  const last = path.at(-1);
  if (parent?.items === undefined) return undefined;
  if (typeof last === 'number') return (parent.items[last] as { range?: readonly number[] } | undefined)?.range?.[0] ?? (last === 0 ? parent.range?.[0] : undefined);
  const pair = parent.items.find((item) => (item as { key?: { value?: unknown } }).key?.value === last) as { key?: { range?: readonly number[] } } | undefined;
  return pair?.key?.range?.[0];
}

function position(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function pathText(path: readonly PropertyKey[]): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? String(part) : `.${String(part)}`)).join('');
}

/** The reverse of `pathText`, for paths of the schema's own keys. */
function pathOf(text: string): PropertyKey[] {
  return (text.match(/[^.[\]]+/g) ?? []).map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

function firstLine(text: string): string {
  return text.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? text;
}

function sorted(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
}
