import { altNames, requestDer, type RequestParts } from '../../../support/der/request.ts';
import { SPIFFE_SAN, pem } from './accepted.ts';
import type { Refused } from './vector.ts';

type Details = { readonly field: string; readonly reason: string; readonly twin?: string };

/** A request like its twin but for `parts`. */
export function refused(name: string, what: string, details: Details, parts: RequestParts): Refused {
  return refusedText(name, what, details, pem(requestDer({ extensions: [SPIFFE_SAN], ...parts })));
}

/** A request with these alternative names. */
export function refusedNames(name: string, what: string, details: { reason: string; twin?: string }, ...names: readonly Uint8Array[]): Refused {
  return refused(name, what, { field: 'spec.request.subjectAltName', ...details }, { extensions: [altNames(...names)] });
}

export function refusedText(name: string, what: string, { field, reason, twin = 'ed25519' }: Details, text: string): Refused {
  return { name, what, expect: 'refused', field, reason, twin, text };
}
