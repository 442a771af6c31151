import { Unavailable } from '../../control/errors.ts';
import type { Decision, Log, Requests, WriteResult } from '../../control/ports.ts';
import type { Observed } from '../../core/observed.ts';
import { ApiFailure, portError } from './api-failure.ts';
import type { Connection } from './connection.ts';
import { pendingRequests, repeatedOf } from './pending-requests.ts';
import type { PendingRequestsOptions, Repeated } from './pending-requests.ts';
import { readOne } from './read-one.ts';
import { reflect } from './reflector.ts';
import type { ReflectorOptions } from './reflector.ts';
import type { WireRequest } from './wire.ts';
import { putSubresource } from './write-one.ts';

export const REQUESTS_PATH = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const KIND = { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest' } as const;

export type KubernetesRequests = Requests & {
  /** The names of the requests of one signer that are still to do. */
  of(signerName: string): string[];
  /** Keeps the requests up to date until the signal is aborted; never rejects. */
  run(signal: AbortSignal): Promise<void>;
};

export type KubernetesRequestsOptions = PendingRequestsOptions & {
  readonly connection: Connection;
  readonly log: Log;
} & Pick<ReflectorOptions<WireRequest>, 'onSeen' | 'onTrouble' | 'onBug' | 'tuning'>;

/**
 * CertificateSigningRequests: one watch over all of them, as a field selector takes one signer only, and three writes. Each
 * write is one update that holds the resourceVersion it was decided on and all that the object had in that version; nothing is read
 * for it. They need the verb `update` on /approval and /status, and `approve` and `sign` on the signer.
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

  function starting(): boolean {
    return monotonic() - troubledAt < STARTING_MS;
  }

  async function put({ observed: { name, resourceVersion }, subresource, annotations, change }: Write, held: Repeated | null, signal: AbortSignal): Promise<WriteResult> {
    const repeated = held ?? (await readRepeated(name, signal));
    // Read again, it may be another version: a decision on this one must not get through with the resourceVersion of that.
    if (repeated?.metadata.resourceVersion !== resourceVersion) return repeated === null ? 'gone' : 'conflict';
    const { metadata, status } = repeated;
    const body = { ...KIND, metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } }, status: { ...status, ...change(status) } };
    await putSubresource(connection, `${REQUESTS_PATH}/${encodeURIComponent(name)}`, subresource, body, signal);
    return 'written';
  }

  async function readRepeated(name: string, signal: AbortSignal): Promise<Repeated | null> {
    const read = await readOne<WireRequest>(connection, REQUESTS_PATH, name, signal).catch((error: unknown) => {
      throw failureOf(error, RIGHT_TO_READ, starting());
    });
    return read === null ? null : repeatedOf(read);
  }

  /** One update of what was decided on: what is to be repeated is in memory for exactly that version. */
  async function write(one: Write, signal: AbortSignal): Promise<WriteResult> {
    const { name, uid, resourceVersion, signerName } = one.observed;
    const held = pending.get(name);
    if (held?.observed.uid !== uid) return 'gone';
    if (held.observed.resourceVersion !== resourceVersion) return 'conflict';
    const result = await put(one, held.repeated, signal)
      .catch((error: unknown) => {
        // Whoever fills a request's annotations leaves no room for Signet's. It is answered all the same, or it would wait, and be tried, as long as it lasts.
        if (hasNoRoom(error)) return put({ ...one, annotations: {} }, held.repeated, signal);
        throw error;
      })
      .catch((error: unknown) => resultOf(error, missingRight(one.subresource, signerName), starting()));
    // What is finished by our own write need not wait for its event.
    if (result === 'gone' || (result === 'written' && one.final)) pending.finish(name, uid);
    return result;
  }

  return {
    get: (name) => pending.get(name)?.observed,
    of: (signerName) => pending.of(signerName),
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
  /** The fields of the status that become others. */
  readonly change: (status: WireRequest['status']) => Required<WireRequest>['status'];
  /** Nothing is to be done about the request after this write. */
  readonly final: boolean;
};

/** One condition more. The API server adds the times. */
function adding(type: string, { reason, message }: Decision): Write['change'] {
  return (status) => ({ conditions: [...(status?.conditions ?? []), { type, status: 'True', reason, message }] });
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

/** ValidateAnnotations of the API server: 256 KiB for all of them. */
function hasNoRoom(error: unknown): boolean {
  return error instanceof ApiFailure && error.status === 422 && error.message.includes('metadata.annotations: Too long');
}

/** Of a failed write: the ordinary results, or the error to throw. */
function resultOf(error: unknown, advice: string, starting: boolean): WriteResult {
  if (error instanceof ApiFailure) {
    // An object of the same name made anew has another resourceVersion: a conflict as well.
    if (error.status === 409) return 'conflict';
    if (error.status === 404) return 'gone';
    // The certificate of whoever came first stays for ever (the API server's validation of /status).
    if (error.status === 422 && error.message.includes('may not modify existing certificate content')) return 'gone';
  }
  throw failureOf(error, advice, starting);
}

/** What a port throws; `advice` says which right a 403 is for. */
function failureOf(error: unknown, advice: string, starting: boolean): unknown {
  if (error instanceof ApiFailure && error.status === 403 && starting) return new Unavailable(`${error.message}; ${advice}`, { cause: error });
  return portError(error, advice);
}

const RIGHT_TO_READ = 'it takes verb "get" on certificatesigningrequests in apiGroup certificates.k8s.io; "signet rbac" prints the whole Role';

function missingRight(subresource: 'approval' | 'status', signerName: string): string {
  const verb = subresource === 'approval' ? 'approve' : 'sign';
  return `it takes verb "${verb}" on signers "${signerName}" and verb "update" on certificatesigningrequests/${subresource}, both in apiGroup certificates.k8s.io; "signet rbac" prints the whole Role`;
}
