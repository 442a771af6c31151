import { EMPTY_RECORD, follows, previousOf, readRecordLine, type RecordHead, type RecordLine } from './record-chain.ts';

export type RecordFinding = { readonly file: string; /** 1-based. */ readonly line: number; readonly problem: string };

export type RecordVerdict = {
  readonly ok: boolean;
  /** Number of the first entry that was seen; 0: there is none. */
  readonly first: number;
  readonly last: RecordHead;
  /** Octets of an unfinished last line, as a kill leaves one. */
  readonly torn: number;
  /** The heads that were asked for, in their order, with the number of the entry they stand at; null: not in this record. */
  readonly heads: readonly { readonly hash: string; readonly count: number | null }[];
  /** The first hundred of them. */
  readonly findings: readonly RecordFinding[];
};

export type RecordVerification = {
  /** Another file begins. */
  file(name: string): void;
  /** Its next line: latin1, without the newline. */
  line(text: string): void;
  /** What stands after its last newline, in octets. */
  rest(octets: number): void;
  verdict(): RecordVerdict;
};

/** A file that was altered everywhere is altered; its lines need not all be told. */
const MAX_FINDINGS = 100;

/**
 * Follows a chain line by line, over as many files as it was rotated into. Any line that was altered, removed, inserted or put
 * elsewhere is found. What a chain by itself cannot show is that it ends too early, or was made anew as a whole: for that it takes
 * `heads`, hashes that were seen elsewhere before, each of which must be in it.
 */
export function verifyRecord({ heads = [] }: { readonly heads?: readonly string[] } = {}): RecordVerification {
  const wanted = new Map<string, number | null>(heads.map((hash) => [hash, null]));
  const findings: RecordFinding[] = [];
  let found = 0;
  let file = '';
  let number = 0;
  let first = 0;
  let last: RecordHead = EMPTY_RECORD;
  let torn = 0;

  const problem = (text: string): void => {
    found += 1;
    if (findings.length < MAX_FINDINGS) findings.push({ file, line: number, problem: text });
  };

  function begin(line: RecordLine): void {
    const previous = previousOf(line);
    if (previous === null) problem('the file does not begin as one of a record does: its beginning is missing or was altered');
    else if (first === 0) {
      // Older files may have been put away, so what is given may begin anywhere; what it goes on from is written in its first line.
      last = { count: line.count - 1, hash: previous };
      if ((last.count === 0) !== (previous === EMPTY_RECORD.hash)) problem('only entry 1 goes on from nothing: the line was altered');
    } else if (line.count === 1) problem('another record begins here');
  }

  return {
    file(name) {
      if (torn > 0) problem('the file ends within a line, and is not the last one');
      [file, number, torn] = [name, 0, 0];
    },
    line(text) {
      number += 1;
      const line = readRecordLine(text);
      if (line === null) {
        problem('is no line of a record');
        return;
      }
      if (number === 1) begin(line);
      if (first === 0) first = line.count;
      if (line.count > last.count + 1) problem(missing(last.count + 1, line.count - 1));
      else if (line.count <= last.count) problem(`entry ${line.count} stands after entry ${last.count}`);
      else if (!follows(line, last.hash)) problem(`entry ${line.count} was altered, or the one before it: its hash does not follow`);
      if (wanted.get(line.hash) === null) wanted.set(line.hash, line.count);
      last = { count: line.count, hash: line.hash };
    },
    rest(octets) {
      torn = octets;
    },
    verdict() {
      const seen = heads.map((hash) => ({ hash, count: wanted.get(hash) ?? null }));
      const cut = seen.filter(({ count }) => count === null);
      return { ok: found === 0 && cut.length === 0, first, last, torn, heads: seen, findings };
    },
  };
}

function missing(from: number, to: number): string {
  return from === to ? `entry ${from} is missing` : `entries ${from} to ${to} are missing`;
}
