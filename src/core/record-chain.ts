import { createHash } from 'node:crypto';

/** Where a chain of lines stands: the number of its last line, from 1 on, and that line's hash. */
export type RecordHead = { readonly count: number; readonly hash: string };

/** Before the first line. */
export const EMPTY_RECORD: RecordHead = { count: 0, hash: '0'.repeat(64) };

/**
 * The next line of the record, without its newline, and the head after it. `json` is the text of an object that has neither `n` nor
 * `hash`. A line is that object with its number in front and at its end, as `hash`, SHA-256 (hex) of the hash of the line before
 * followed by everything in front of `,"hash"`: of the bytes as they stand, so that nobody has to agree on a canonical form of JSON.
 * A line is ASCII.
 */
export function chainLine(json: string, { count, hash }: RecordHead): { readonly line: string; readonly head: RecordHead } {
  const body = `{"n":${count + 1},${ascii(json.slice(1, -1))}`;
  const next = chained(hash, body);
  return { line: `${body},"hash":"${next}"}`, head: { count: count + 1, hash: next } };
}

/** What a line says of itself; whether it follows from the line before is for `follows`. null: it is no line of a record. */
export type RecordLine = RecordHead & { /** What the hash covers, beside the hash of the line before. */ readonly body: string; /** The first of what one process wrote to a file: see `previousOf`. */ readonly opens: boolean };

const LINE = /^(\{"n":([1-9]\d{0,15}),"time":"[^"]*","what":"([a-z]+)".*),"hash":"([0-9a-f]{64})"\}$/s;

/** Takes a line apart. `text` has one character for each byte (latin1), and no newline. */
export function readRecordLine(text: string): RecordLine | null {
  const [, body, n, what, hash] = LINE.exec(text) ?? [];
  if (body === undefined || n === undefined || hash === undefined) return null;
  return { count: Number(n), hash, body, opens: what === 'opened' };
}

/** Whether the line's hash is that of its own bytes after the line with the hash `previous`. */
export function follows({ hash, body }: RecordLine, previous: string): boolean {
  return chained(previous, body) === hash;
}

/** Of the line that begins a file, and each stretch that one process wrote: the hash that it goes on from. null when it does not say. */
export function previousOf({ body, opens }: RecordLine): string | null {
  const [, previous] = opens ? (/^\{"n":\d+,"time":"[^"]*","what":"opened","previous":"([0-9a-f]{64})"/.exec(body) ?? []) : [];
  return previous ?? null;
}

function chained(previous: string, body: string): string {
  return createHash('sha256').update(previous + body, 'latin1').digest('hex');
}

/** One byte for each character, also of what a stranger wrote, and nothing that a terminal would act on. */
function ascii(json: string): string {
  return json.replace(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
