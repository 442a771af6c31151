import { Agent, request, type Dispatcher } from 'undici';
import type { Json } from './holds.ts';

/** An API server under test. */
export interface Target {
  readonly url: string;
  readonly ca: string;
  /** A token of a member of system:masters. */
  readonly adminToken: string;
  /** Makes the server forget every version before the present one. */
  forget(): Promise<void>;
  stop(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  /** Parsed where it is JSON, else the text. */
  readonly body: Json;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface CallOptions {
  readonly body?: unknown;
  readonly type?: string;
  readonly accept?: string;
  /** Impersonate this user; the admin impersonates. */
  readonly as?: User;
  /** Instead of the admin's; null sends none. */
  readonly token?: string | null;
}

export interface User {
  readonly user: string;
  readonly groups?: readonly string[];
}

export type WatchedEvent = { readonly type: string; readonly object: Json };

/** A watch that a test reads event by event. */
export interface Watching extends AsyncDisposable {
  /** The next event that is no bookmark; rejects when none comes within `seconds` or the stream ends. */
  next(seconds?: number): Promise<WatchedEvent>;
  /** The next event, bookmark or not; undefined when the server ended the stream. */
  any(seconds?: number): Promise<WatchedEvent | undefined>;
}

/** Raw calls over undici, so that the suite judges the server and no client. */
export interface Client extends AsyncDisposable {
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  watch(path: string, options?: CallOptions): Promise<Watching>;
  /** A name that nothing else in this run has. */
  unique(prefix: string): string;
}

let count = 0;

export function connectTo(target: Target): Client {
  const dispatcher = new Agent({ connect: { ca: target.ca }, bodyTimeout: 0, connections: 64 });

  const send = (method: string, path: string, { body, type = 'application/json', accept = 'application/json', as, token = target.adminToken }: CallOptions) => {
    // An array repeats a header: undici takes the whole list as name, value, name, value.
    const headers = [
      ...['accept', accept],
      ...(token === null ? [] : ['authorization', `Bearer ${token}`]),
      ...(body === undefined ? [] : ['content-type', type]),
      ...(as === undefined ? [] : ['impersonate-user', as.user]),
      ...(as?.groups ?? []).flatMap((group) => ['impersonate-group', group]),
    ];
    const text = body === undefined ? null : typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    return request(`${target.url}${path}`, { method: method as Dispatcher.HttpMethod, dispatcher, headers, body: text });
  };

  return {
    async call(method, path, options = {}) {
      const { statusCode, headers, body } = await send(method, path, options);
      return { status: statusCode, headers, body: parsed(await body.text()) };
    },
    async watch(path, options = {}) {
      const { statusCode, body } = await send('GET', path, options);
      if (statusCode !== 200) throw new Error(`GET ${path}: ${statusCode} ${await body.text()}`);
      return watching(body);
    },
    unique(prefix) {
      count += 1;
      return `${prefix}-${process.pid.toString(36)}-${count}`;
    },
    async [Symbol.asyncDispose]() {
      await dispatcher.destroy();
    },
  };
}

function watching(body: Dispatcher.ResponseData['body']): Watching {
  const lines = linesOf(body);
  async function any(seconds = 10): Promise<WatchedEvent | undefined> {
    const late = AbortSignal.timeout(seconds * 1000);
    const timeout = new Promise<never>((_resolve, reject) => late.addEventListener('abort', () => reject(new Error(`no event within ${seconds} s`))));
    const line = await Promise.race([lines.next(), timeout]);
    return line.done === true ? undefined : (JSON.parse(line.value) as WatchedEvent);
  }
  return {
    any,
    async next(seconds = 10) {
      for (;;) {
        const event = await any(seconds);
        if (event === undefined) throw new Error('the server ended the watch');
        if (event.type !== 'BOOKMARK') return event;
      }
    },
    [Symbol.asyncDispose]() {
      body.on('error', () => undefined).destroy();
      return Promise.resolve();
    },
  };
}

async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<string, void> {
  let rest = '';
  for await (const chunk of body) {
    const lines = `${rest}${chunk.toString('utf8')}`.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
