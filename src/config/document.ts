import { isScalar, LineCounter, parseAllDocuments, parseDocument, type Document, type YAMLError } from 'yaml';
import type { z } from 'zod';
import { printable } from '../core/printable.ts';

/** One thing wrong with a file: where (1-based; 1:1 for the whole), which key, and what to do about it. */
export type Problem = Place & { readonly path: string; readonly message: string };

export type Place = { readonly line: number; readonly column: number };

/** A YAML document that is what its schema says. */
export type StrictDocument<T> = {
  readonly value: T;
  /** Where a value stands: at `path`, or at the nearest thing around it that exists. */
  readonly locate: (path: readonly PropertyKey[]) => Place;
  /** A problem with what stands at `path`, found by more than the schema. */
  readonly problem: (path: readonly PropertyKey[], message: string) => Problem;
};

type Result<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly problems: readonly Problem[] };

/** Such a file is some kilobytes; YAML of megabytes is a mistake that would cost seconds to parse. */
const MAX_LENGTH = 1024 * 1024;

/**
 * Reads one YAML document by a schema. Every problem is reported at once, in the order of the text. Text that is no YAML reports just that, as
 * nothing in it can be trusted to be where it seems. Aliases are refused: they hide what a reviewer should see. An empty document is an empty mapping.
 */
export function readDocument<S extends z.ZodType>(text: string, schema: S): Result<StrictDocument<z.output<S>>> {
  if (text.length > MAX_LENGTH) return tooLong(text);
  const lines = new LineCounter();
  return read(parseDocument(text, { lineCounter: lines, logLevel: 'error' }), lines, schema);
}

/** The same for a stream of documents, without those that are empty and those that `passOver` says are none of these. */
export function readDocuments<S extends z.ZodType>(text: string, schema: S, passOver: (document: Document) => boolean): Result<{ readonly documents: readonly StrictDocument<z.output<S>>[] }> {
  if (text.length > MAX_LENGTH) return tooLong(text);
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, logLevel: 'error' });
  const found = (Array.isArray(parsed) ? parsed : []).filter((document) => document.errors.length > 0 || !(isEmpty(document) || passOver(document))).map((document) => read(document as Document.Parsed, lines, schema));
  const problems = found.flatMap((each) => (each.ok ? [] : each.problems));
  return problems.length > 0 ? { ok: false, problems } : { ok: true, documents: found.flatMap((each) => (each.ok ? [each] : [])) };
}

/** In the order of the text. */
export function sortedProblems(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
}

/** `signet.yaml:12:5: signers[0].lifetime: …`, in one line, with nothing of the file in it that a terminal would take for a command. */
export function problemText(file: string, { line, column, path, message }: Problem): string {
  return printable(`${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`);
}

function read<S extends z.ZodType>(document: Document.Parsed, lines: LineCounter, schema: S): Result<StrictDocument<z.output<S>>> {
  // An unknown tag is only a warning to the parser; to us it is a value that nobody understood.
  const trouble = [...document.errors, ...document.warnings];
  // What is nested too deeply for the parser is broken on every level in its eyes.
  const deep = trouble.find(({ code }) => code === 'RESOURCE_EXHAUSTION');
  const syntax = (deep === undefined ? trouble : [deep]).map((error): Problem => ({ ...position(lines, error.pos[0]), path: '', message: syntaxText(error) }));
  if (syntax.length > 0) return { ok: false, problems: syntax };
  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    return { ok: false, problems: [{ line: 1, column: 1, path: '', message: error instanceof ReferenceError ? 'aliases (*name) are not allowed: write the value out' : String(error) }] };
  }
  const problem = (path: readonly PropertyKey[], message: string): Problem => ({ ...locate(document, lines, path), path: pathText(path), message });
  const result = schema.safeParse(content ?? {});
  if (!result.success) return { ok: false, problems: sortedProblems(result.error.issues.flatMap((issue) => describe(issue)).map(({ path, message }) => problem(path, message + foundText(content, path, message)))) };
  return { ok: true, value: result.data, locate: (path) => locate(document, lines, path), problem };
}

function isEmpty({ contents }: Document): boolean {
  return contents === null || (isScalar(contents) && contents.value === null);
}

function tooLong(text: string): { ok: false; problems: Problem[] } {
  return { ok: false, problems: [{ line: 1, column: 1, path: '', message: `the file has ${text.length} characters, allowed are ${MAX_LENGTH}` }] };
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
  return typeof value === 'object' || message.startsWith('"') || message.startsWith('is not') ? '' : `, found ${valueText(value)}`;
}

/** Enough to find it by. */
const MAX_SHOWN = 60;

/** A value as JSON, cut; never what may be a key: somebody has named the wrong file. */
function valueText(value: unknown): string {
  if (typeof value === 'string' && value.includes('-----BEGIN')) return 'a PEM block';
  const text = JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
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

function syntaxText({ code, message }: YAMLError): string {
  switch (code) {
    case 'MULTIPLE_DOCS':
      return 'there is another document here, and one is allowed';
    case 'RESOURCE_EXHAUSTION':
      return 'it is nested too deeply to be read';
    default:
      return message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? message;
  }
}
