const NEWLINE = 0x0a;

/** The most bytes of an oversized line that are shown: enough to find the object's name in. */
const HEAD_BYTES = 512;

export type LineSplitter = {
  /** A whole line, without its end. */
  readonly onLine: (line: string) => void;
  /** A line over `maxBytes` was dropped: its first bytes, and its length. */
  readonly onOversized: (head: string, bytes: number) => void;
  readonly maxBytes: number;
};

/**
 * Cuts a stream of chunks into lines. A line that grows over `maxBytes` is not kept while it comes, so that one huge
 * object costs no memory. What follows the last newline is never a line: a stream that breaks off leaves half an object.
 */
export function lineSplitter({ onLine, onOversized, maxBytes }: LineSplitter): (chunk: Uint8Array) => void {
  let parts: Buffer[] = [];
  let length = 0;
  let head = '';

  function add(part: Buffer): void {
    length += part.length;
    if (length <= maxBytes) {
      parts.push(part);
    } else if (head === '') {
      head = Buffer.concat([...parts, part]).subarray(0, HEAD_BYTES).toString('utf8');
      parts = [];
    }
  }

  function end(): void {
    const [first] = parts;
    if (length > maxBytes) onOversized(head, length);
    else if (first !== undefined) onLine((parts.length === 1 ? first : Buffer.concat(parts, length)).toString('utf8'));
    parts = [];
    length = 0;
    head = '';
  }

  return (chunk) => {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let start = 0;
    for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, start)) {
      if (at > start) add(bytes.subarray(start, at));
      end();
      start = at + 1;
    }
    if (start < bytes.length) add(bytes.subarray(start));
  };
}
