/** Bytes that are not what they have to be. `offset` counts from the start of the outermost encoding. */
export class DerError extends Error {
  override readonly name = 'DerError';
  readonly found: string;
  readonly allowed: string;
  readonly offset: number;

  constructor({ found, allowed, offset }: { found: string; allowed: string; offset: number }) {
    super(`byte ${offset}: found ${found}, allowed ${allowed}`);
    this.found = found;
    this.allowed = allowed;
    this.offset = offset;
  }
}
