import { Refusal, Unavailable } from '../control/errors.ts';
import type { Log, LogFields } from '../control/ports.ts';
import { isSecretField, redact } from './redact.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type LogOptions = {
  /** Takes one line, with its newline. */
  readonly write: (line: string) => void;
  readonly now: () => Date;
  /** Lines below it are left out; default `info`. */
  readonly level?: LogLevel;
  /** `json`: one object a line, for machines (default). `text`: for somebody who watches. */
  readonly format?: 'json' | 'text';
  /** Fields of every line. */
  readonly base?: LogFields;
};

/** One requester's 8 MiB annotation must not become 8 MiB of log. */
const MAX_TEXT = 4096;
const MAX_DEPTH = 6;
const MAX_ITEMS = 100;

/**
 * A structured log. Errors are written with their causes, and with their stack where they are neither Refusal nor Unavailable, for
 * then they are bugs. What looks like a key or a credential is replaced by `[redacted]`; bytes are never written, only their number.
 */
export function createLog({ write, now, level = 'info', format = 'json', base = {} }: LogOptions): Log {
  const line = format === 'json' ? jsonLine : textLine;
  const hasBase = Object.keys(base).length > 0;
  const at = (own: LogLevel) => {
    if (LOG_LEVELS.indexOf(own) < LOG_LEVELS.indexOf(level)) return () => {};
    return (message: string, fields: LogFields = {}) => write(line(now(), own, text(message), record(hasBase ? { ...base, ...fields } : fields, 0)));
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function jsonLine(time: Date, level: LogLevel, message: string, fields: Record<string, unknown>): string {
  const line: Record<string, unknown> = { time: time.toISOString(), level, message };
  // A field of the same name must not have the last word.
  for (const name of Object.keys(fields)) if (!Object.hasOwn(line, name)) put(line, name, fields[name]);
  return `${JSON.stringify(line)}\n`;
}

/** Names and messages come from requesters: JSON's quoting keeps their control characters from the terminal. */
function textLine(time: Date, level: LogLevel, message: string, fields: Record<string, unknown>): string {
  const pairs = Object.entries(fields).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}=${bare(value)}`);
  return `${[time.toISOString(), level.toUpperCase().padEnd(5), printable(message), ...pairs].join(' ')}\n`;
}

function bare(value: unknown): string {
  return printable(typeof value === 'string' && /^[!#-~]+$/.test(value) ? value : JSON.stringify(value));
}

function printable(value: string): string {
  return value.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function record(fields: object, depth: number): Record<string, unknown> {
  // Loops and no `entries` and `fromEntries`: this is done for each certificate, and was most of what a line costs.
  const values = fields as Record<string, unknown>;
  const plainFields: Record<string, unknown> = {};
  for (const name of Object.keys(fields).slice(0, MAX_ITEMS)) {
    const value = values[name];
    put(plainFields, name, isSecretField(name) && value != null ? '[redacted]' : plain(value, depth));
  }
  return plainFields;
}

/** A field by any name: to `__proto__` nothing can be assigned. */
function put(fields: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__') Object.defineProperty(fields, name, { value, enumerable: true });
  else fields[name] = value;
}

/** The value as JSON can hold it. */
function plain(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return text(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '[no time]' : value.toISOString();
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} octets]`;
  // Also what ends a circle.
  if (depth >= MAX_DEPTH) return '[…]';
  if (value instanceof Error) return failure(value, depth + 1);
  if (value instanceof Map) return record(Object.fromEntries(value), depth + 1);
  if (Array.isArray(value) || value instanceof Set) return [...value].slice(0, MAX_ITEMS).map((item) => plain(item, depth + 1));
  // A KeyObject, a socket, a class of some library: nobody knows what it would print.
  if (![Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null)) return `[${value.constructor.name}]`;
  return record(value, depth + 1);
}

function failure(error: Error, depth: number): Record<string, unknown> {
  const expected = error instanceof Refusal || error instanceof Unavailable;
  const { code } = error as { code?: unknown };
  return {
    name: error.name,
    message: text(error.message),
    ...(typeof code === 'string' ? { code } : {}),
    ...(expected || error.stack === undefined ? {} : { stack: text(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: plain(error.cause, depth) }),
    ...(error instanceof AggregateError ? { errors: plain(error.errors, depth) } : {}),
  };
}

function text(value: string): string {
  // Redacted before it is cut: a key cut in half would no longer look like one.
  const safe = redact(value);
  return safe.length > MAX_TEXT ? `${safe.slice(0, MAX_TEXT)}… (${safe.length} characters)` : safe;
}
