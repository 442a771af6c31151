/**
 * One way in which a request falls short: the field, what was found there, and what would have been allowed.
 * Both texts speak of the request itself and of the signer it names, never of another tenant.
 */
export type Violation = {
  /** Path of the field in the user's nouns, e.g. `spec.request.subjectAltName`, `spec.usages`, `requester`. */
  readonly field: string;
  /** What was there, printable: control and non-ASCII characters are escaped, long values are cut. */
  readonly found: string;
  /** What would have been accepted. */
  readonly allowed: string;
};

/** One line for conditions, Events and logs: `spec.usages: found "cert sign", allowed …`. */
export function violationText({ field, found, allowed }: Violation): string {
  return `${field}: found ${found}, allowed ${allowed}`;
}

/** Longest value quoted from a request: a whole SPIFFE ID fits, a hostile megabyte does not. */
const MAX_QUOTED = 200;

/**
 * Quotes a value that came from outside, so that it can be shown in a log, an Event and a terminal:
 * everything but printable ASCII is escaped (an escape sequence or a bidirectional override in a SAN must
 * not repaint the operator's screen) and the rest is cut.
 */
export function quoted(value: string): string {
  const short = value.length > MAX_QUOTED ? `${value.slice(0, MAX_QUOTED)}…` : value;
  const escaped = [...short].map((c) => (c === '"' || c === '\\' ? `\\${c}` : isPrintable(c) ? c : escape(c)));
  return `"${escaped.join('')}"`;
}

function isPrintable(c: string): boolean {
  return (c >= ' ' && c <= '~') || c === '…';
}

function escape(c: string): string {
  return `\\u{${c.codePointAt(0)?.toString(16) ?? '0'}}`;
}
