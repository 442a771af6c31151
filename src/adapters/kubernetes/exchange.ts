import type { Agent, Dispatcher } from 'undici';

export type Answer = {
  readonly status: number;
  /** The Retry-After header. */
  readonly retryAfter: string | undefined;
  /** Empty where it was not wanted; cut off where it is `tooLarge`. */
  readonly body: string;
  readonly tooLarge: boolean;
};

export type ExchangeOptions = {
  readonly signal: AbortSignal | undefined;
  /** How many bytes of the body are wanted, by the answer's status. A longer one is not read to its end; null: it is read and dropped. */
  readonly keep: (status: number) => number | null;
};

/**
 * One request and its whole answer. By undici's handlers and not by its `request()`, which makes a stream of each body: that is a third of
 * what a small call costs. Rejects with what undici says of the network, or the signal's reason.
 */
export function exchange(agent: Agent, request: Dispatcher.DispatchOptions, { signal, keep }: ExchangeOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason as Error);
    let controller: Dispatcher.DispatchController | null = null;
    let status = 0;
    let retryAfter: string | undefined;
    let room: number | null = null;
    let tooLarge = false;
    const chunks: Buffer[] = [];

    function abort(): void {
      controller?.abort(signal?.reason as Error);
      reject(signal?.reason as Error);
    }

    signal?.addEventListener('abort', abort);
    agent.dispatch(request, {
      onRequestStart(started) {
        controller = started;
        // It may have waited for a free connection until now.
        if (signal?.aborted === true) started.abort(signal.reason as Error);
      },
      // Called again after a 1xx.
      onResponseStart(_, statusCode, headers) {
        status = statusCode;
        retryAfter = singleHeader(headers['retry-after']);
        room = keep(statusCode);
      },
      onResponseData(responding, chunk) {
        if (room === null || tooLarge) return;
        tooLarge = chunk.length > room;
        chunks.push(tooLarge ? chunk.subarray(0, room) : chunk);
        room -= chunk.length;
        if (tooLarge) responding.abort(new Error('the answer is too large'));
      },
      onResponseEnd: end,
      onResponseError(_, error) {
        if (tooLarge) end();
        else fail(error);
      },
    });

    function end(): void {
      signal?.removeEventListener('abort', abort);
      const [first] = chunks;
      const body = first === undefined ? '' : (chunks.length === 1 ? first : Buffer.concat(chunks)).toString('utf8');
      resolve({ status, retryAfter, body, tooLarge });
    }

    function fail(error: Error): void {
      signal?.removeEventListener('abort', abort);
      reject(error);
    }
  });
}

/** The first of a header that may have come several times. */
export function singleHeader(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
