import { setMaxListeners } from 'node:events';
import { createSecureContext } from 'node:tls';
import type { Agent, Dispatcher } from 'undici';
import type { Log } from '../../control/ports.ts';
import { ApiFailure, failureOfAnswer, failureOfNetwork } from './api-failure.ts';
import type { CredentialSource, Credentials, TlsMaterial } from './credentials.ts';
import { exchange, singleHeader } from './exchange.ts';

export type Call = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the API server's root, with the query. */
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  /** `unread`: nobody looks at the body of a good answer, so it is not kept either. */
  readonly answer?: 'unread';
  readonly signal?: AbortSignal | undefined;
  /** An answer larger than this fails with reason `TooLarge`. */
  readonly maxBytes?: number;
};

/** The one way to the API server: pooled, authenticated, bounded in time; any answer but 2xx is an ApiFailure. */
export type Transport = {
  /** `https://10.0.0.1:6443`, for messages. */
  readonly server: string;
  /** Resolves to the body. Throws ApiFailure, or the signal's reason. */
  call(call: Call): Promise<string>;
  /** Resolves to the body's chunks as they come, on a connection of its own and without a timeout. Throws as `call`. */
  stream(call: Call): Promise<AsyncIterable<Uint8Array>>;
  /** Lets calls in flight end. */
  close(): Promise<void>;
};

type Pools = { readonly fingerprint: string; readonly calls: Agent; readonly watches: Agent };

type Authenticated<T> = {
  readonly send: (pools: Pools, request: Dispatcher.RequestOptions) => Promise<T>;
  readonly isRefused: (answer: T) => boolean;
  /** Frees the connection of an answer that nobody looks at. */
  readonly discard: (answer: T) => Promise<void>;
};

/** etcd refuses objects over 1.5 MiB; a page of a list is cut smaller when it is over this. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
/** A Status that says what is wrong; of a proxy's page the beginning will do. */
const MAX_STATUS_BYTES = 64 * 1024;

/** Under the 90 s after which the API server closes idle connections: a write must not meet a closing socket. */
const KEEP_ALIVE_MS = 60_000;

export type TransportOptions = {
  readonly server: string;
  readonly credentials: CredentialSource;
  readonly userAgent: string;
  readonly newAgent: (options: Agent.Options) => Agent;
  readonly now: () => Date;
  readonly log: Log;
};

export function openTransport({ server, credentials, userAgent, newAgent, now, log }: TransportOptions): Transport {
  const { origin, pathname } = new URL(server);
  const prefix = pathname.replace(/\/$/, '');
  const closing = new Set<Promise<void>>();
  let pools: Pools | null = null;

  function poolsFor({ fingerprint, tls }: Credentials): Pools {
    if (pools?.fingerprint === fingerprint) return pools;
    const old = pools;
    pools = { fingerprint, calls: newAgent(callOptions(tls)), watches: newAgent(watchOptions(tls)) };
    if (old !== null) retire(old);
    return pools;
  }

  /** What is in flight on the old connections goes on; a watch ends at its own timeout. */
  function retire(old: Pools): void {
    const closed = Promise.all([old.calls.close(), old.watches.close()])
      .then(() => undefined, (error: unknown) => log.warn('closing connections to the API server failed', { error: String(error) }))
      .finally(() => closing.delete(closed));
    closing.add(closed);
  }

  /** Once more with newer credentials where the first were refused, and there are newer ones. */
  async function authenticated<T>(call: Call, { send, isRefused, discard }: Authenticated<T>): Promise<T> {
    const used = await credentials.current();
    const answer = await send(poolsFor(used), requestOf(call, used));
    if (!isRefused(answer)) return answer;
    const renewed = await credentials.renew(used);
    if (renewed === used) return answer;
    await discard(answer);
    return send(poolsFor(renewed), requestOf(call, renewed));
  }

  function requestOf(call: Call, used: Credentials): Dispatcher.RequestOptions {
    // One signal ends everything, and each call listens to it: Node would take ten listeners for a leak.
    if (call.signal !== undefined) setMaxListeners(0, call.signal);
    const headers: Record<string, string> = { accept: 'application/json', 'user-agent': userAgent, ...used.headers };
    if (call.body !== undefined) headers['content-type'] = call.contentType ?? 'application/json';
    return { origin, path: prefix + call.path, method: call.method, headers, body: call.body ?? null };
  }

  async function callOnce(call: Call): Promise<string> {
    const wanted = call.answer === 'unread' ? null : (call.maxBytes ?? MAX_ANSWER_BYTES);
    const keep = (status: number): number | null => (isGood(status) ? wanted : MAX_STATUS_BYTES);
    const answer = await authenticated(call, {
      send: ({ calls }, request) => exchange(calls, request, { signal: call.signal, keep }),
      isRefused: ({ status }) => status === 401,
      discard: () => Promise.resolve(),
    });
    if (!isGood(answer.status)) throw failureOfAnswer(describeCall(call), answer.status, answer.body, answer.retryAfter, now());
    if (answer.tooLarge) throw new ApiFailure(`${describeCall(call)}: the answer is larger than ${wanted} bytes`, { status: 0, reason: 'TooLarge' });
    return answer.body;
  }

  async function openStream(call: Call): Promise<AsyncIterable<Uint8Array>> {
    const { statusCode, headers, body } = await authenticated(call, {
      send: ({ watches }, request) => watches.request({ ...request, signal: call.signal ?? null }),
      isRefused: ({ statusCode: status }) => status === 401,
      discard: ({ body: refused }) => refused.dump(),
    });
    if (isGood(statusCode)) return body as AsyncIterable<Uint8Array>;
    const said = await readStatus(body);
    throw failureOfAnswer(describeCall(call), statusCode, said, singleHeader(headers['retry-after']), now());
  }

  /** Turns every failure into an ApiFailure. */
  async function attempt<T>(call: Call, run: (call: Call) => Promise<T>): Promise<T> {
    try {
      return await run(call);
    } catch (error) {
      if (call.signal?.aborted === true) throw call.signal.reason;
      throw error instanceof ApiFailure ? error : failureOfNetwork(describeCall(call), server, error);
    }
  }

  return {
    server,
    call: (call) => attempt(call, callOnce),
    stream: (call) => attempt(call, openStream),
    async close() {
      if (pools !== null) retire(pools);
      pools = null;
      await Promise.all(closing);
    },
  };
}

/** `PATCH /apis/…/csr-1/status`: without the query, which may be long and is not needed to find the object. */
export function describeCall({ method, path }: { method: string; path: string }): string {
  return `${method} ${path.split('?', 1)[0] ?? path}`;
}

/**
 * Sixteen connections carry two thousand writes a second, more than an API server stores; more of them would queue there instead of here, and
 * each costs either side some milliseconds of CPU for its handshake, in the very moment of a burst.
 */
function callOptions(tls: TlsMaterial): Agent.Options {
  return { connections: 16, pipelining: 1, keepAliveTimeout: KEEP_ALIVE_MS, keepAliveMaxTimeout: KEEP_ALIVE_MS, headersTimeout: 15_000, bodyTimeout: 30_000, connect: connectOptions(tls) };
}

/** A watch holds its connection for minutes and is silent for long: it has its own inactivity timer. */
function watchOptions(tls: TlsMaterial): Agent.Options {
  return { pipelining: 1, headersTimeout: 60_000, bodyTimeout: 0, keepAliveTimeout: 1_000, connect: connectOptions(tls) };
}

/** Certificates and keys are read once: for each connection anew they would cost as much as its handshake, and a burst opens dozens. */
function connectOptions({ ca, cert, key, ...names }: TlsMaterial): NonNullable<Agent.Options['connect']> {
  const secureContext = createSecureContext({ ca, cert, key });
  return { timeout: 10_000, ...names, secureContext } as NonNullable<Agent.Options['connect']>;
}

/** The beginning of the body of a refusal. */
async function readStatus(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= MAX_STATUS_BYTES) break;
    }
  } catch {
    // The status alone says enough; what came of the explanation is used.
  }
  return Buffer.concat(chunks).toString('utf8', 0, MAX_STATUS_BYTES);
}

function isGood(status: number): boolean {
  return status >= 200 && status < 300;
}
