import { setMaxListeners } from 'node:events';
import { createSecureContext } from 'node:tls';
import type { Agent, Dispatcher } from 'undici';
import type { Log } from '../../control/ports.ts';
import { ApiFailure, failureOfAnswer, failureOfNetwork } from './api-failure.ts';
import type { CredentialSource, Credentials, TlsMaterial } from './credentials.ts';

export type Call = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the API server's root, with the query. */
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
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

/** etcd refuses objects over 1.5 MiB; a page of a list is cut smaller when it is over this. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

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

  async function exchange(call: Call, kind: 'calls' | 'watches'): Promise<Dispatcher.ResponseData> {
    const used = await credentials.current();
    const answer = await send(call, used, kind);
    if (answer.statusCode !== 401) return answer;
    const renewed = await credentials.renew(used);
    if (renewed === used) return answer;
    await answer.body.dump();
    return send(call, renewed, kind);
  }

  async function send(call: Call, used: Credentials, kind: 'calls' | 'watches'): Promise<Dispatcher.ResponseData> {
    // One signal ends everything, and each call listens to it: Node would take ten listeners for a leak.
    if (call.signal !== undefined) setMaxListeners(0, call.signal);
    const headers: Record<string, string> = { accept: 'application/json', 'user-agent': userAgent, ...used.headers };
    if (call.body !== undefined) headers['content-type'] = call.contentType ?? 'application/json';
    return poolsFor(used)[kind].request({ origin, path: prefix + call.path, method: call.method, headers, body: call.body ?? null, signal: call.signal ?? null });
  }

  /** Runs one exchange and turns every failure into an ApiFailure. */
  async function attempt<T>(call: Call, kind: 'calls' | 'watches', read: (answer: Dispatcher.ResponseData) => Promise<T>): Promise<T> {
    try {
      const answer = await exchange(call, kind);
      if (answer.statusCode >= 200 && answer.statusCode < 300) return await read(answer);
      const said = await readBody(answer.body, 64 * 1024).catch(() => '');
      throw failureOfAnswer(describeCall(call), answer.statusCode, said, singleHeader(answer.headers['retry-after']), now());
    } catch (error) {
      if (call.signal?.aborted === true) throw call.signal.reason;
      throw error instanceof ApiFailure ? error : failureOfNetwork(describeCall(call), server, error);
    }
  }

  return {
    server,
    call: (call) => attempt(call, 'calls', (answer) => readBody(answer.body, call.maxBytes ?? MAX_ANSWER_BYTES, describeCall(call))),
    stream: (call) => attempt(call, 'watches', (answer) => Promise.resolve(answer.body as AsyncIterable<Uint8Array>)),
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

/** 64 connections carry several thousand writes a second; more would only queue in the API server instead of here. */
function callOptions(tls: TlsMaterial): Agent.Options {
  return { connections: 64, pipelining: 1, keepAliveTimeout: KEEP_ALIVE_MS, keepAliveMaxTimeout: KEEP_ALIVE_MS, headersTimeout: 15_000, bodyTimeout: 30_000, connect: connectOptions(tls) };
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

async function readBody(body: AsyncIterable<Uint8Array>, maxBytes: number, call = ''): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) throw new ApiFailure(`${call}: the answer is larger than ${maxBytes} bytes`, { status: 0, reason: 'TooLarge' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length).toString('utf8');
}

function singleHeader(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
