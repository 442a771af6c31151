import type { AdmissionVerdict } from '../../core/admission.ts';
import type { Observed } from '../../core/observed.ts';
import { observe } from '../kubernetes/observe.ts';
import type { WireRequest } from '../kubernetes/wire.ts';

/** As far as it is read (admission.k8s.io/v1 AdmissionReview). */
type AdmissionRequest = {
  readonly uid: string;
  readonly operation?: string;
  readonly subResource?: string;
  readonly resource?: { readonly group?: string; readonly resource?: string };
  readonly userInfo?: { readonly username?: string; readonly uid?: string; readonly groups?: readonly string[] };
  readonly object?: WireRequest;
  readonly dryRun?: boolean;
};

export type Review = { readonly uid: string; readonly observed: Omit<Observed, 'state'> | null; readonly dryRun: boolean };

/**
 * What the API server asks: whether this CertificateSigningRequest may be created. `observed` is null for anything else, and for a
 * request that Signet could not read and so would pass over: none of its business. Returns null for what is no AdmissionReview.
 *
 * Who asks is taken from the review itself, as the API server has authenticated it; it fills spec.username from the same.
 */
export function readReview(body: string): Review | null {
  const request = admissionRequest(body);
  if (request === null) return null;
  const { uid, operation, subResource = '', resource, object, userInfo, dryRun = false } = request;
  const creates = operation === 'CREATE' && subResource === '' && resource?.group === 'certificates.k8s.io' && resource.resource === 'certificatesigningrequests';
  if (!creates || typeof object !== 'object' || object === null) return { uid, observed: null, dryRun };
  const { metadata, spec } = object as Partial<WireRequest>;
  const { username = '', uid: userUid = '', groups = [] } = userInfo ?? {};
  // It has no version before it is stored, and a dry run may have no name.
  const identified = { ...metadata, name: metadata?.name ?? 'new', uid: metadata?.uid ?? uid, resourceVersion: '0' };
  const observed = observe({ metadata: identified, spec: { ...spec, username, uid: userUid, groups } } as WireRequest);
  return { uid, observed: typeof observed === 'string' ? null : observed, dryRun };
}

/** The answer, as the API server takes it. The requester is shown `message`. */
export function reviewAnswer(uid: string, verdict: AdmissionVerdict): string {
  const refused = verdict.allowed ? {} : { status: { code: 403, reason: 'Forbidden', message: verdict.message }, auditAnnotations: { reason: verdict.reason } };
  return JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed: verdict.allowed, ...refused } });
}

function admissionRequest(body: string): AdmissionRequest | null {
  try {
    const { apiVersion, kind, request } = (JSON.parse(body) ?? {}) as { apiVersion?: unknown; kind?: unknown; request?: AdmissionRequest };
    return apiVersion === 'admission.k8s.io/v1' && kind === 'AdmissionReview' && typeof request?.uid === 'string' ? request : null;
  } catch {
    return null;
  }
}
