import { Unavailable } from '../../control/errors.ts';
import type { Decision, Log, Requests, WriteResult } from '../../control/ports.ts';
import type { Observed } from '../../core/observed.ts';
import { ApiFailure, portError } from './api-failure.ts';
import type { Connection } from './connection.ts';
import { pendingRequests } from './pending-requests.ts';
import type { PendingRequestsOptions } from './pending-requests.ts';
import { reflect } from './reflector.ts';
import type { ReflectorOptions } from './reflector.ts';
import type { WireCondition, WireRequest } from './wire.ts';
import { patchOne } from './write-one.ts';

export const REQUESTS_PATH = '/apis/certificates.k8s.io/v1/certificatesigningrequests';

export type KubernetesRequests = Requests & {
  /** Keeps the requests up to date until the signal is aborted; never rejects. */
  run(signal: AbortSignal): Promise<void>;
};

export type KubernetesRequestsOptions = PendingRequestsOptions & {
  readonly connection: Connection;
  readonly log: Log;
} & Pick<ReflectorOptions<WireRequest>, 'onSeen' | 'onTrouble' | 'onBug' | 'tuning'>;

/**
 * CertificateSigningRequests: one watch over all of them, as a field selector takes one signer only, and three writes. Each
 * write is one merge patch (RFC 7386) that holds the resourceVersion it was decided on, the annotations and the change; nothing is read
 * for it. They need the verb `patch` on /approval and /status, and `approve` and `sign` on the signer.
 */
export function kubernetesRequests(options: KubernetesRequestsOptions): KubernetesRequests {
  const { connection, log } = options;
  const monotonic = options.monotonic ?? ((): number => performance.now());
  let troubledAt = -Infinity;
  const pending = pendingRequests({
    ...options,
    onUnreadable(name, problem) {
      log.warn('a request was passed over', { name, problem });
      options.onUnreadable?.(name, problem);
    },
  });

  /** One patch of what was decided on; the conditions to repeat are in memory for exactly that version. */
  async function write({ observed, subresource, annotations, change, final }: Write, signal: AbortSignal): Promise<WriteResult> {
    const { name, uid, resourceVersion, signerName } = observed;
    const held = pending.get(name);
    if (held?.observed.uid !== uid) return 'gone';
    if (held.observed.resourceVersion !== resourceVersion) return 'conflict';
    const patched = patchOne(connection, REQUESTS_PATH, name, { metadata: { resourceVersion, annotations }, status: change(held.conditions) }, signal, `/${subresource}`);
    const result = await patched.then(() => 'written' as const, (error: unknown) => resultOf(error, subresource, signerName, monotonic() - troubledAt < STARTING_MS));
    // What is finished by our own write need not wait for its event.
    if (result === 'gone' || (result === 'written' && final)) pending.finish(name, uid);
    return result;
  }

  return {
    get: (name) => pending.get(name)?.observed,
    receivedAt: (name) => pending.get(name)?.receivedAt,
    approve: (observed, decision, signal) => write({ observed, subresource: 'approval', annotations: decision.annotations, change: adding('Approved', decision), final: false }, signal),
    // Denied is taken by /approval only, Failed by either; /status needs nothing but the right to sign.
    refuse: (observed, as, decision, signal) => write({ observed, subresource: as === 'Denied' ? 'approval' : 'status', annotations: decision.annotations, change: adding(as, decision), final: true }, signal),
    deliver: (observed, certificate, annotations, signal) => write({ observed, subresource: 'status', annotations, change: () => ({ certificate: Buffer.from(certificate).toString('base64') }), final: true }, signal),
    run: (signal) =>
      reflect<WireRequest>({
        ...reflectorOptions(options),
        transport: connection.transport,
        path: REQUESTS_PATH,
        handlers: pending.handlers,
        log,
        signal,
        onTrouble(failure) {
          troubledAt = monotonic();
          options.onTrouble?.(failure);
        },
      }),
  };
}

type Write = {
  readonly observed: Observed;
  readonly subresource: 'approval' | 'status';
  readonly annotations: Record<string, string>;
  /** The status to merge, made of the conditions there are. */
  readonly change: (conditions: readonly WireCondition[]) => object;
  /** Nothing is to be done about the request after this write. */
  readonly final: boolean;
};

/** The whole list with one condition more: a merge patch replaces lists. The API server adds the times. */
function adding(type: string, { reason, message }: Decision): Write['change'] {
  return (conditions) => ({ conditions: [...conditions, { type, status: 'True', reason, message }] });
}

function reflectorOptions({ onSeen, onBug, tuning }: KubernetesRequestsOptions): Partial<ReflectorOptions<WireRequest>> {
  return {
    ...(onSeen === undefined ? {} : { onSeen }),
    ...(onBug === undefined ? {} : { onBug }),
    ...(tuning === undefined ? {} : { tuning }),
  };
}

/**
 * An API server that has just started answers 403 to everything until it has read its RBAC objects (seen with 1.37.2). Its restart
 * broke the watch; for so long after such trouble a 403 is taken for passing, and for a missing right from then on.
 */
const STARTING_MS = 30_000;

/** Of a failed write: the ordinary results, or the error to throw. */
function resultOf(error: unknown, subresource: 'approval' | 'status', signerName: string, starting: boolean): WriteResult {
  if (error instanceof ApiFailure) {
    // An object of the same name made anew has another resourceVersion: a conflict as well.
    if (error.status === 409) return 'conflict';
    if (error.status === 404) return 'gone';
    // The certificate of whoever came first stays for ever (the API server's validation of /status).
    if (error.status === 422 && error.message.includes('may not modify existing certificate content')) return 'gone';
    if (error.status === 403 && starting) throw new Unavailable(`${error.message}; ${missingRight(subresource, signerName)}`, { cause: error });
  }
  throw portError(error, missingRight(subresource, signerName));
}

function missingRight(subresource: 'approval' | 'status', signerName: string): string {
  const verb = subresource === 'approval' ? 'approve' : 'sign';
  return `it takes verb "${verb}" on signers "${signerName}" and verb "patch" on certificatesigningrequests/${subresource}, both in apiGroup certificates.k8s.io; "signet rbac" prints the whole Role`;
}
