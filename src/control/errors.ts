/**
 * Two kinds of failure, decided where they are born. Anything else that is thrown is a bug: counted, logged with its
 * stack, retried slowly.
 */

/** Never retried: the thing itself is wrong, and whoever asked is told why. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** Passing trouble on somebody else's side: retried with backoff, never held against the requester. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
  /** Seconds the other side asked us to wait (Retry-After); null when it said nothing. */
  readonly retryAfter: number | null;

  constructor(message: string, options: { cause?: unknown; retryAfter?: number | null } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.retryAfter = options.retryAfter ?? null;
  }
}
