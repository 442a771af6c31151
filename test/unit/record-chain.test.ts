import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chainLine, EMPTY_RECORD, follows, readRecordLine, type RecordHead } from '../../src/core/record-chain.ts';
import { verifyRecord, type RecordVerdict } from '../../src/core/record-verification.ts';
import { seeded, type Random } from '../support/der/random.ts';

const TIME = '2026-01-02T03:04:05.678Z';

/** A record of one file: its opening and so many entries. */
function record(entries: number, { from = EMPTY_RECORD, text = (i: number) => `csr-${i}` }: { from?: RecordHead; text?: (i: number) => string } = {}): { lines: string[]; heads: RecordHead[] } {
  const [lines, heads]: [string[], RecordHead[]] = [[], []];
  let head = from;
  for (let i = 0; i <= entries; i += 1) {
    const json = JSON.stringify(i === 0 ? { time: TIME, what: 'opened', previous: from.hash, version: '1' } : { time: TIME, what: 'issued', request: text(i), serial: `0${i}` });
    const next = chainLine(json, head);
    head = next.head;
    lines.push(next.line);
    heads.push(head);
  }
  return { lines, heads };
}

function verify(files: readonly (readonly string[])[], heads: readonly string[] = [], torn = 0): RecordVerdict {
  const verification = verifyRecord({ heads });
  files.forEach((lines, i) => {
    verification.file(`file ${i + 1}`);
    lines.forEach((line) => verification.line(line));
    verification.rest(i === files.length - 1 ? torn : 0);
  });
  return verification.verdict();
}

function problems(verdict: RecordVerdict): string[] {
  assert.equal(verdict.ok, false);
  return verdict.findings.map(({ file, line, problem }) => `${file}:${line}: ${problem}`);
}

describe('a line of the record', () => {
  it('is JSON with its number first and its hash last, in ASCII, and reads back', () => {
    const { line, head } = chainLine(JSON.stringify({ time: TIME, what: 'denied', requester: 'bäd \u2028\u001b[2J\n"}' }), EMPTY_RECORD);
    assert.match(line, /^[ -~]*$/);
    assert.deepEqual(JSON.parse(line), { n: 1, time: TIME, what: 'denied', requester: 'bäd \u2028\u001b[2J\n"}', hash: head.hash });
    const read = readRecordLine(line);
    assert.ok(read !== null && follows(read, EMPTY_RECORD.hash));
    assert.deepEqual([read.count, read.hash], [1, head.hash]);
  });

  it('cannot be made to look like another by what a requester writes into it', () => {
    const forged = chainLine(JSON.stringify({ time: TIME, what: 'opened', previous: EMPTY_RECORD.hash }), EMPTY_RECORD).line;
    const { line } = chainLine(JSON.stringify({ time: TIME, what: 'denied', requester: `x\n${forged}\n{"n":2,"time":"","what":"opened"` }), EMPTY_RECORD);
    assert.equal(line.split('\n').length, 1);
    assert.equal(readRecordLine(line)?.opens, false);
    assert.equal(readRecordLine(forged)?.opens, true);
  });
});

describe('a record that nobody touched', () => {
  it('holds, and says where it begins and ends', () => {
    const { lines, heads } = record(5);
    const verdict = verify([lines], [heads[2]?.hash ?? '', heads[5]?.hash ?? '']);
    assert.deepEqual([verdict.ok, verdict.findings, verdict.first, verdict.last, verdict.torn], [true, [], 1, heads[5], 0]);
    assert.deepEqual(verdict.heads.map(({ count }) => count), [3, 6]);
  });

  it('goes on over files', () => {
    const [one, two] = [record(5), record(0)];
    const next = record(4, { from: one.heads[5] as RecordHead });
    assert.equal(verify([one.lines, next.lines]).ok, true);
    assert.deepEqual(verify([next.lines]).first, 7, 'the first file may have been put away');
    assert.equal(verify([next.lines]).ok, true);
    assert.deepEqual(problems(verify([next.lines, one.lines]))[0], 'file 2:1: another record begins here');
    assert.deepEqual(problems(verify([one.lines, two.lines]))[0], 'file 2:1: another record begins here');
  });

  it('may end within a line, as a kill leaves it; a file that is followed by another may not', () => {
    const { lines, heads } = record(3);
    assert.deepEqual([verify([lines], [], 17).ok, verify([lines], [], 17).torn], [true, 17]);
    const verification = verifyRecord();
    verification.file('one');
    lines.forEach(verification.line);
    verification.rest(17);
    verification.file('two');
    record(1, { from: heads[3] as RecordHead }).lines.forEach(verification.line);
    assert.equal(verification.verdict().ok, false);
  });

  it('may be empty, if no head of it was seen', () => {
    assert.equal(verify([[]]).ok, true);
    assert.equal(verify([[]], [record(1).heads[1]?.hash ?? '']).ok, false);
  });
});

describe('a record that was tampered with', () => {
  const { lines, heads } = record(9);
  const at = (i: number): string => lines[i] as string;
  const tampered: Readonly<Record<string, { to: readonly string[]; finding: RegExp }>> = {
    'a serial number altered': { to: lines.with(4, at(4).replace('"serial":"04"', '"serial":"05"')), finding: /^file 1:5: entry 5 was altered/ },
    'a space added': { to: lines.with(4, at(4).replace('"what":', '"what": ')), finding: /^file 1:5: is no line of a record/ },
    'a space added at the end': { to: lines.with(4, `${at(4)} `), finding: /^file 1:5: is no line/ },
    'a hash altered': { to: lines.with(4, at(4).replace(/..("\})$/, '00$1')), finding: /^file 1:5: entry 5 was altered/ },
    'a line altered and its hash made anew': { to: lines.with(4, chainLine(JSON.stringify({ time: TIME, what: 'issued', request: 'another' }), heads[3] as RecordHead).line), finding: /^file 1:6: entry 6 was altered, or the one before it/ },
    'a line removed': { to: lines.toSpliced(4, 1), finding: /^file 1:5: entry 5 is missing/ },
    'three lines removed': { to: lines.toSpliced(4, 3), finding: /^file 1:5: entries 5 to 7 are missing/ },
    'two lines swapped': { to: lines.with(4, at(5)).with(5, at(4)), finding: /^file 1:5: entry 5 is missing/ },
    'a line twice': { to: lines.toSpliced(4, 0, at(3)), finding: /^file 1:5: entry 4 stands after entry 4/ },
    'the beginning cut off': { to: lines.slice(3), finding: /^file 1:1: the file does not begin/ },
    'an empty line': { to: lines.toSpliced(4, 0, ''), finding: /^file 1:5: is no line/ },
    'the first line altered to go on from elsewhere': { to: lines.with(0, at(0).replace(EMPTY_RECORD.hash, 'a'.repeat(64))), finding: /^file 1:1: only entry 1 goes on from nothing/ },
  };

  for (const [what, { to, finding }] of Object.entries(tampered)) {
    it(`is found: ${what}`, () => {
      assert.match(problems(verify([to]))[0] ?? '', finding);
      assert.equal(verify([lines]).ok, true);
    });
  }

  it('is found by a head that was seen before: cut short', () => {
    const seen = heads[7]?.hash ?? '';
    const cut = lines.slice(0, 7);
    assert.equal(verify([cut]).ok, true, 'by itself a shorter record is a record');
    assert.deepEqual([verify([cut], [seen]).ok, verify([cut], [seen]).heads], [false, [{ hash: seen, count: null }]]);
    assert.equal(verify([lines.slice(0, 8)], [seen]).ok, true);
  });

  it('is found by a head that was seen before: made anew as a whole', () => {
    const anew = record(9, { text: (i) => (i === 4 ? 'another' : `csr-${i}`) });
    assert.equal(verify([anew.lines]).ok, true, 'by itself it is a record');
    assert.equal(verify([anew.lines], [heads[9]?.hash ?? '']).ok, false);
    assert.equal(verify([anew.lines], [heads[2]?.hash ?? '']).ok, true, 'what was before the change is the same');
    assert.equal(verify([lines], [heads[9]?.hash ?? '']).ok, true);
  });

  it('tells at most a hundred findings, and is not right for that', () => {
    const all = record(300).lines.map((line, i) => (i > 0 ? line.replace('"serial"', '"sirial"') : line));
    assert.deepEqual([verify([all]).ok, verify([all]).findings.length], [false, 100]);
  });
});

describe('any one change of any octet of any record', () => {
  it('is found', () => {
    const random = seeded(20_260_102);
    for (let round = 0; round < 2_000; round += 1) {
      const words = Array.from({ length: 1 + random.below(6) }, () => anyText(random));
      const { lines, heads } = record(words.length, { text: (i) => words[i - 1] ?? '' });
      const octets = Buffer.from(`${lines.join('\n')}\n`, 'latin1');
      const i = random.below(octets.length);
      const before = octets[i] as number;
      octets[i] = (before + 1 + random.below(255)) % 256;
      const rest = octets.toString('latin1').split('\n');
      const torn = rest.pop()?.length ?? 0;
      const [untouched, changed] = [verify([lines], [heads.at(-1)?.hash ?? '']), verify([rest], [heads.at(-1)?.hash ?? ''], torn)];
      assert.equal(untouched.ok, true);
      assert.equal(changed.ok, false, `octet ${i} from ${before} to ${octets[i]} in\n${lines.join('\n')}`);
    }
  });
});

function anyText({ below, chance }: Random): string {
  return String.fromCharCode(...Array.from({ length: below(20) }, () => below(chance(0.5) ? 128 : 65_536)));
}
