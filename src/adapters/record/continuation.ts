import { EMPTY_RECORD, follows, previousOf, readRecordLine, type RecordHead } from '../../core/record-chain.ts';

/** How a record goes on from what is in its file. */
export type Continuation = {
  readonly head: RecordHead;
  /** Octets of whole lines; what stands after them was torn by a kill. */
  readonly whole: number;
  readonly torn: number;
};

/** Holds more than two of the longest lines. */
export const TAIL_OCTETS = 512 * 1024;

/**
 * Reads the end of a file of a record: `tail` is its last octets (at least TAIL_OCTETS or all), `size` its length. Throws Error with what
 * is wrong when its last lines are not those of a record: then nothing may be appended to it.
 */
export function continuation(tail: Buffer, size: number): Continuation {
  const end = tail.lastIndexOf(0x0a) + 1;
  const torn = tail.length - end;
  const whole = size - torn;
  if (end === 0) {
    if (tail.length < size) throw new Error(`its last ${tail.length} octets hold no line`);
    return { head: EMPTY_RECORD, whole, torn };
  }
  const lines = tail.toString('latin1', 0, end - 1).split('\n').slice(-2).map(readRecordLine);
  const last = lines.at(-1) ?? null;
  if (last === null) throw new Error('its last line is no line of a record');
  const previous = lines.length === 1 ? previousOf(last) : (lines[0]?.hash ?? null);
  if (previous === null || !follows(last, previous)) throw new Error(`entry ${last.count}, its last, was altered or does not follow from the one before`);
  return { head: { count: last.count, hash: last.hash }, whole, torn };
}
