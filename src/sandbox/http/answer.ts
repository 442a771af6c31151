import type { ServerResponse } from 'node:http';
import { stringify } from 'yaml';
import { Failure, NoSuchPath, type Status } from '../failure.ts';
import type { Format } from './media-type.ts';

/** A finished answer; a watch writes its own. */
export type Answer = { readonly code: number; readonly body: unknown; readonly warnings?: readonly string[] };

export function sendAnswer(response: ServerResponse, { code, body, warnings = [] }: Answer, format: Format): void {
  const text = typeof body === 'string' ? body : format.yaml ? stringify(body) : `${JSON.stringify(body)}\n`;
  // RFC 7234 §5.5: 299 is the miscellaneous persistent warning; kubectl prints it.
  if (warnings.length > 0) response.setHeader('warning', warnings.map((warning) => `299 - ${JSON.stringify(warning)}`));
  response.writeHead(code, {
    'content-type': typeof body === 'string' ? 'text/plain; charset=utf-8' : format.yaml ? 'application/yaml' : 'application/json',
    'cache-control': 'no-cache, private',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

/** Answers with what was thrown; anything but a Failure is a bug of the sandbox and says so in a 500. */
export function sendFailure(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.destroy();
  if (error instanceof NoSuchPath) return sendAnswer(response, { code: 404, body: '404 page not found\n' }, { presentation: 'object', yaml: false });
  const status = error instanceof Failure ? error.status : internal(error);
  const wait = status.details?.retryAfterSeconds;
  if (wait !== undefined) response.setHeader('retry-after', String(wait));
  sendAnswer(response, { code: status.code, body: status }, { presentation: 'object', yaml: false });
}

/** The Status of an ordered mishap. */
export function mishapStatus(code: 429 | 500 | 503 | 504, retryAfter: number | undefined): Failure {
  const details = retryAfter === undefined ? undefined : { retryAfterSeconds: retryAfter };
  switch (code) {
    case 429:
      return new Failure(429, 'TooManyRequests', 'Too many requests, please try again later.', details);
    case 500:
      return new Failure(500, 'InternalError', 'Internal error occurred: trouble was ordered', details);
    case 503:
      return new Failure(503, 'ServiceUnavailable', 'the server is currently unable to handle the request', details);
    case 504:
      return new Failure(504, 'Timeout', 'Timeout: request did not complete within the allotted timeout', details);
  }
}

function internal(error: unknown): Status {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new Failure(500, 'InternalError', `Internal error occurred: ${text}`).status;
}
