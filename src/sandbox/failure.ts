import type { Cause } from './cause.ts';

/** The meta/v1 Status that a failed call answers with. */
export type Status = {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Record<string, unknown>;
  readonly status: 'Failure' | 'Success';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code: number;
};

export type StatusDetails = {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly Partial<Cause>[];
  readonly retryAfterSeconds?: number;
};

/** What a call failed with. Everything else that is thrown while answering is a bug of the sandbox and becomes a 500. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly status: Status;

  constructor(code: number, reason: string, message: string, details?: StatusDetails, metadata: Record<string, unknown> = {}) {
    super(message);
    this.status = { kind: 'Status', apiVersion: 'v1', metadata, status: 'Failure', message, ...(reason === '' ? {} : { reason }), ...(details ? { details: withoutEmpty(details) } : {}), code };
  }
}

/** What a failure is about: the group is '' for the core group, `plural` names the resource. */
export type About = { readonly group: string; readonly plural: string; readonly kind: string };

export function notFound(about: About, name: string): Failure {
  return new Failure(404, 'NotFound', `${qualified(about)} "${name}" not found`, { name, group: about.group, kind: about.plural });
}

/** No such path, resource or version: the one answer that is plain text and no Status. */
export class NoSuchPath extends Error {
  override readonly name = 'NoSuchPath';
}

export function alreadyExists(about: About, name: string, generated: boolean): Failure {
  const message = `${qualified(about)} "${name}" already exists`;
  const details = { name, group: about.group, kind: about.plural };
  return generated
    ? new Failure(409, 'AlreadyExists', `${message}, the server was not able to generate a unique name for the object`, { ...details, retryAfterSeconds: 1 })
    : new Failure(409, 'AlreadyExists', message, details);
}

export function conflict(about: About, name: string, because: string): Failure {
  return new Failure(409, 'Conflict', `Operation cannot be fulfilled on ${qualified(about)} "${name}": ${because}`, { name, group: about.group, kind: about.plural });
}

export function unauthorized(): Failure {
  return new Failure(401, 'Unauthorized', 'Unauthorized');
}

/** `about` is undefined for a path that is no resource; `because` ends the message. */
export function forbidden(about: Pick<About, 'group' | 'plural'> | undefined, name: string, because: string): Failure {
  if (about === undefined) return new Failure(403, 'Forbidden', `forbidden: ${because}`, {});
  const subject = name === '' ? qualified(about) : `${qualified(about)} "${name}"`;
  return new Failure(403, 'Forbidden', `${subject} is forbidden: ${because}`, { name, group: about.group, kind: about.plural });
}

export function invalidObject(about: Pick<About, 'group' | 'kind'>, name: string, causes: readonly Cause[]): Failure {
  const texts = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const kind = about.group === '' ? about.kind : `${about.kind}.${about.group}`;
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  return new Failure(422, 'Invalid', `${kind} "${name}" is invalid: ${list}`, { name, group: about.group, kind: about.kind, causes });
}

export function badRequest(message: string): Failure {
  return new Failure(400, 'BadRequest', message);
}

export function methodNotAllowed(about: About, verb: string): Failure {
  return new Failure(405, 'MethodNotAllowed', `${verb} is not supported on resources of kind "${qualified(about)}"`, { group: about.group, kind: about.plural });
}

/** A resourceVersion or continue token that history no longer reaches; `token` lets the client go on inconsistently. */
export function expired(message: string, token?: string): Failure {
  return new Failure(410, 'Expired', message, undefined, token === undefined ? {} : { continue: token });
}

export function tooLarge(message: string): Failure {
  return new Failure(413, 'RequestEntityTooLarge', `Request entity too large: ${message}`);
}

export function unsupportedMediaType(accepted: readonly string[]): Failure {
  return new Failure(415, 'UnsupportedMediaType', `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`);
}

export function notAcceptable(accepted: readonly string[]): Failure {
  return new Failure(406, 'NotAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`);
}

/** A patch that is well formed but does not fit the object. */
export function unprocessable(message: string): Failure {
  return new Failure(422, 'Invalid', `the server rejected our request due to an error in our request`, { causes: [{ message }] });
}

function qualified(about: Pick<About, 'group' | 'plural'>): string {
  return about.group === '' ? about.plural : `${about.plural}.${about.group}`;
}

function withoutEmpty(details: StatusDetails): StatusDetails {
  return Object.fromEntries(Object.entries(details).filter(([, value]) => value !== '' && value !== undefined));
}
