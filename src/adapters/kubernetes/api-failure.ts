import { Refusal, Unavailable } from '../../control/errors.ts';
import { oneLine } from './one-line.ts';
import type { WireStatus } from './wire.ts';

/**
 * Every way in which a call to the API server fails, in one form. It does not leave this folder: what callers outside
 * see is an ordinary result, Refusal or Unavailable (`portError`). The message names the call and the object, and
 * holds the server's own words; never a header, a query or a body that was sent.
 */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';
  /** The HTTP status, or that of a Status in the body; 0 when there was no answer. */
  readonly status: number;
  /** `Conflict`, `Expired`, `ECONNREFUSED`, …; empty when the server gave none. */
  readonly reason: string;
  /** Seconds. */
  readonly retryAfter: number | null;

  constructor(message: string, options: { status: number; reason?: string; retryAfter?: number | null; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = options.status;
    this.reason = options.reason ?? '';
    this.retryAfter = options.retryAfter ?? null;
  }
}

/**
 * A failure for an answer that is not 2xx.
 * @param call `PATCH /apis/…/csr-1/status`: for the message.
 * @param body Whatever came: a Status in JSON, a proxy's HTML, nothing.
 * @param retryAfter The Retry-After header, seconds or an HTTP date (RFC 9110 §10.2.3).
 */
export function failureOfAnswer(call: string, status: number, body: string, retryAfter: string | undefined, now: Date): ApiFailure {
  const said = parseStatus(body);
  const wait = retryAfterSeconds(retryAfter, now) ?? said.details?.retryAfterSeconds ?? null;
  const code = [status, said.reason].filter(Boolean).join(' ');
  return new ApiFailure([call, code, oneLine(said.message ?? body)].filter(Boolean).join(': '), { status, reason: said.reason ?? '', retryAfter: wait });
}

/** A failure for the Status object of an ERROR event: the HTTP answer was 200, the trouble came in the stream. */
export function failureOfEvent(call: string, status: WireStatus): ApiFailure {
  const code = [status.code ?? 'an error', status.reason].filter(Boolean).join(' ');
  return new ApiFailure([call, `the watch ended with ${code}`, oneLine(status.message ?? '')].filter(Boolean).join(': '), {
    status: status.code ?? 500,
    reason: status.reason ?? '',
    retryAfter: status.details?.retryAfterSeconds ?? null,
  });
}

/** A failure for an exception of the transport: nothing, or only half, came back. */
export function failureOfNetwork(call: string, server: string, cause: unknown): ApiFailure {
  const code = errorCode(cause);
  const detail = cause instanceof Error ? cause.message : String(cause);
  const advice = /CERT|SIGNED|TLS|SSL/.test(code) ? '; compare certificate-authority in the kubeconfig with the API server\'s certificate' : '';
  return new ApiFailure(`${call}: no answer from ${server}: ${[code, oneLine(detail)].filter(Boolean).join(': ')}${advice}`, { status: 0, reason: code, cause });
}

/**
 * What a caller outside this folder gets: Unavailable for what passes (no answer, 401, 408, 429, 5xx), Refusal for the
 * rest. 401 passes because tokens are renewed. `advice` is appended to a 403: which right is missing. An error that is not
 * an ApiFailure is returned as it is: an abort or a bug.
 */
export function portError(error: unknown, advice: string | null = null): unknown {
  if (!(error instanceof ApiFailure)) return error;
  if (isPassing(error)) return new Unavailable(error.message, { cause: error, retryAfter: error.retryAfter });
  return new Refusal(error.status === 403 && advice !== null ? `${error.message}; ${advice}` : error.message, { cause: error });
}

export function isPassing(failure: ApiFailure): boolean {
  return failure.status === 0 || failure.status === 401 || failure.status === 408 || failure.status === 429 || failure.status >= 500;
}

function parseStatus(body: string): WireStatus {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

function retryAfterSeconds(header: string | undefined, now: Date): number | null {
  if (header === undefined) return null;
  if (/^\d+$/.test(header)) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, (at - now.getTime()) / 1000);
}

function errorCode(cause: unknown): string {
  return typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
}
