import { forbiddenField, notSupported, type Cause } from '../cause.ts';
import { badRequest, Failure, invalidObject } from '../failure.ts';
import { flag } from '../http/route.ts';

/** How a list or watch is asked to start. */
export type ListOptions = {
  /** '' = the newest, '0' = any, else at least or exactly this one. */
  readonly resourceVersion: string;
  readonly match: string;
  readonly sendInitialEvents: boolean | undefined;
  readonly limit: number;
  readonly token: string;
};

/** Reads the parameters of a list or watch. Throws 400 and 422. */
export function listOptions(query: URLSearchParams, watch: boolean): ListOptions {
  const given: ListOptions = {
    resourceVersion: query.get('resourceVersion') ?? '',
    match: query.get('resourceVersionMatch') ?? '',
    sendInitialEvents: query.has('sendInitialEvents') ? flag(query, 'sendInitialEvents') : undefined,
    limit: count(query, 'limit'),
    token: query.get('continue') ?? '',
  };
  const options = watch ? withWatchDefaults(given) : given;
  const causes = watch ? watchCauses(options) : listCauses(options);
  if (causes.length > 0) throw invalidObject({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', causes);
  return options;
}

/** A resourceVersion as a number. Throws 400. */
export function revisionOf(resourceVersion: string): number {
  if (/^\d{1,15}$/.test(resourceVersion)) return Number(resourceVersion);
  throw badRequest(`invalid resource version "${resourceVersion}": it must be a number that the server gave out`);
}

/** The API server waits a few seconds for a revision of the future, then says this; the sandbox does not wait. */
export function notThereYet(asked: number, current: number): Failure {
  return new Failure(504, 'Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge' as never, message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

/** A non-negative number of the query; 0 when absent. Throws 400. */
export function count(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? '';
  if (/^\d{0,15}$/.test(text)) return Number(text);
  throw badRequest(`unable to decode the parameter ${name}: "${text}" is not a number`);
}

/** Since WatchList, a watch that asks for no version in particular is a streamed list, whether it knows the word or not. */
function withWatchDefaults(options: ListOptions): ListOptions {
  const unasked = options.sendInitialEvents === undefined && options.match === '' && ['', '0'].includes(options.resourceVersion);
  return unasked ? { ...options, sendInitialEvents: true, match: 'NotOlderThan' } : options;
}

function listCauses({ match, resourceVersion, token, sendInitialEvents }: ListOptions): readonly Cause[] {
  const causes: Cause[] = [];
  if (match !== '') {
    if (resourceVersion === '') causes.push(forbiddenField('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
    if (token !== '') causes.push(forbiddenField('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'));
    if (match !== 'Exact' && match !== 'NotOlderThan') causes.push(notSupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']));
    if (match === 'Exact' && resourceVersion === '0') causes.push(forbiddenField('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  if (sendInitialEvents !== undefined) causes.push(forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  return causes;
}

function watchCauses({ match, token, sendInitialEvents }: ListOptions): readonly Cause[] {
  const causes: Cause[] = [];
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    causes.push(forbiddenField('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  }
  if (match !== '') {
    if (sendInitialEvents === undefined) causes.push(forbiddenField('resourceVersionMatch', 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'));
    if (match !== 'NotOlderThan') causes.push(notSupported('resourceVersionMatch', match, ['NotOlderThan']));
    if (token !== '') causes.push(forbiddenField('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'));
  }
  return causes;
}
