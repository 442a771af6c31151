import type { Observed, RequestState } from '../../src/core/observed.ts';
import { DEFAULT_USAGES } from '../../src/core/usage.ts';
import { SIGNER } from './plans.ts';
import { ISTIOD, csrPem, spiffe, type RequestShape } from './requests.ts';

/** A CertificateSigningRequest as the watch gives it; everything left out is istiod's for a workload of foo, approved. */
export type ObservedShape = RequestShape & {
  readonly name?: string;
  readonly signerName?: string;
  /** spec.username. */
  readonly from?: string;
  /** PEM text instead of the shape's. */
  readonly request?: string;
  readonly usages?: readonly string[];
  readonly expirationSeconds?: number | null;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly state?: RequestState;
};

export function observed({ name = 'csr-workload-1', signerName = SIGNER, from = ISTIOD, request, usages = DEFAULT_USAGES, expirationSeconds = null, annotations = {}, state = 'approved', ...shape }: ObservedShape = {}): Observed {
  return {
    name,
    uid: `uid of ${name}`,
    resourceVersion: '7',
    signerName,
    requester: { username: from, uid: 'u', groups: ['system:authenticated'] },
    request: Buffer.from(request ?? csrPem({ names: [spiffe('foo')], ...shape })),
    usages,
    expirationSeconds,
    annotations,
    state,
  };
}
