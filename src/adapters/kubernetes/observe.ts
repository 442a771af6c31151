import { parseIssuerReference } from '../../core/discovered-issuer.ts';
import { CA_ANNOTATION } from '../../core/issuer-request.ts';
import type { Observed, RequesterIdentity, RequestState } from '../../core/observed.ts';
import { DURATION_ANNOTATION } from '../../core/requested-lifetime.ts';
import type { WireCondition, WireRequest } from './wire.ts';

/**
 * core refuses a request text over 64 KiB. One byte more is kept of a larger one, so that core says so; the rest is not:
 * whoever may create requests must not fill the memory in which all tenants' requests wait.
 */
const REQUEST_BYTES_KEPT = 64 * 1024 + 1;

/** Annotations of other parties are not read, and may be 256 KiB for each request. */
const ANNOTATION_PREFIXES = ['signet.dev/', 'experimental.cert-manager.io/'];
const ANNOTATION_LENGTH_KEPT = 1024;
/** More than there are. Without a limit 256 KiB of short ones would take three times as much memory for each request. */
const ANNOTATIONS_KEPT = 16;
/** What is read of a request, in this order; the others are kept to be named. */
const FIRST: readonly string[] = [DURATION_ANNOTATION, CA_ANNOTATION, 'experimental.cert-manager.io/'];

/**
 * A request from the wire in core's terms, without managedFields, foreign annotations and whatever else nothing is
 * decided by. The text that is returned instead says why it cannot be understood.
 */
export function observe(raw: WireRequest): Observed | string {
  const { metadata, spec } = raw;
  if (!areStrings(metadata.name, metadata.uid, metadata.resourceVersion)) return 'metadata lacks name, uid or resourceVersion';
  if (typeof spec !== 'object' || spec === null || !areStrings(spec.signerName, spec.request)) return 'spec lacks signerName or request';
  if (!isListOfStrings(spec.usages ?? []) || !isListOfStrings(spec.groups ?? [])) return 'spec.usages or spec.groups is no list of strings';
  if (spec.expirationSeconds !== undefined && !Number.isSafeInteger(spec.expirationSeconds)) return 'spec.expirationSeconds is no whole number';
  return {
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    signerName: spec.signerName,
    requester: { username: spec.username ?? '', uid: spec.uid ?? '', groups: spec.groups ?? [], ...extraOf(spec) },
    request: decodeRequest(spec.request),
    usages: spec.usages ?? [],
    expirationSeconds: spec.expirationSeconds ?? null,
    annotations: ownAnnotations(metadata.annotations ?? {}),
    state: requestState(raw),
  };
}

/** A SubjectAccessReview repeats it, which is asked for Issuers alone. */
function extraOf({ signerName, extra }: WireRequest['spec']): Pick<RequesterIdentity, 'extra'> {
  return extra === undefined || parseIssuerReference(signerName)?.kind !== 'Issuer' ? {} : { extra };
}

/**
 * Denied and Failed count whatever their status, Approved only when it is not False: in doubt nothing is issued. An object that is
 * being deleted is final too.
 */
export function requestState({ metadata, status }: Pick<WireRequest, 'metadata' | 'status'>): RequestState {
  const conditions: readonly WireCondition[] = status?.conditions ?? [];
  if (metadata.deletionTimestamp !== undefined || (status?.certificate ?? '') !== '') return 'final';
  if (conditions.some(({ type }) => type === 'Denied' || type === 'Failed')) return 'final';
  return conditions.some(({ type, status: value }) => type === 'Approved' && value !== 'False') ? 'approved' : 'pending';
}

function decodeRequest(base64: string): Uint8Array {
  const kept = base64.length > 2 * REQUEST_BYTES_KEPT ? base64.slice(0, 2 * REQUEST_BYTES_KEPT) : base64;
  const bytes = Buffer.from(kept, 'base64');
  // A copy: a subarray would keep the whole alive.
  return bytes.length > REQUEST_BYTES_KEPT ? Uint8Array.from(bytes.subarray(0, REQUEST_BYTES_KEPT)) : bytes;
}

function ownAnnotations(all: Readonly<Record<string, string>>): Record<string, string> {
  const own = Object.entries(all).filter(([key, value]) => ANNOTATION_PREFIXES.some((prefix) => key.startsWith(prefix)) && value.length <= ANNOTATION_LENGTH_KEPT);
  if (own.length <= ANNOTATIONS_KEPT) return Object.fromEntries(own);
  const place = ([key]: readonly [string, string]): number => {
    const found = FIRST.findIndex((each) => key.startsWith(each));
    return found < 0 ? FIRST.length : found;
  };
  return Object.fromEntries(own.sort((a, b) => place(a) - place(b)).slice(0, ANNOTATIONS_KEPT));
}

function areStrings(...values: unknown[]): boolean {
  return values.every((value) => typeof value === 'string' && value !== '');
}

function isListOfStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
