import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeCertificates, decodePem, encodePem } from '../../src/core/pem.ts';
import { bytes } from '../support/der/raw.ts';

const ONE = encodePem('CERTIFICATE', bytes(1, 2, 3));
const TWO = encodePem('CERTIFICATE', new Uint8Array(100).fill(7));

describe('encodePem', () => {
  it('breaks lines after 64 columns and ends with a newline', () => {
    assert.equal(encodePem('X', new Uint8Array(49)), `-----BEGIN X-----\n${'A'.repeat(64)}\nAA==\n-----END X-----\n`);
    assert.equal(encodePem('X', new Uint8Array(48)), `-----BEGIN X-----\n${'A'.repeat(64)}\n-----END X-----\n`);
  });

  it('gives back what was put in', () => {
    for (const length of [1, 47, 48, 49, 1000]) {
      const der = Uint8Array.from({ length }, (_, i) => i & 0xff);
      const decoded = decodePem(encodePem('X', der), 'X');
      assert.deepEqual(decoded, { ok: true, der: Buffer.from(der) });
    }
  });
});

describe('decodePem', () => {
  it('takes 64 KiB and refuses one character more', () => {
    const block = encodePem('X', bytes(1));
    assert.ok(decodePem(block + '\n'.repeat(64 * 1024 - block.length), 'X').ok);
    assert.deepEqual(decodePem(block + '\n'.repeat(64 * 1024 - block.length + 1), 'X'), { ok: false, problem: '65537 bytes of PEM, more than 65536' });
  });

  it('takes a time that grows with the text and no faster', () => {
    // Each of these makes a backtracking pattern for PEM quadratic.
    const hostile = ['\n', '-----BEGIN X\n', '-----BEGIN X-----\n', '-----END X-----\n', ' ', '-'].map((part) => part.repeat(64 * 1024).slice(0, 64 * 1024 - 1));
    for (const text of hostile) {
      const start = performance.now();
      assert.equal(decodePem(text, 'X').ok, false);
      assert.equal(decodeCertificates(text).ok, false);
      assert.ok(performance.now() - start < 1000, `${JSON.stringify(text.slice(0, 12))} took over a second`);
    }
  });
});

describe('decodeCertificates', () => {
  it('gives every certificate in its order, whatever stands around them', () => {
    const text = `# the root\nsubject=CN=x\n${ONE}\nsome text: with a colon\n${TWO}trailing`;
    const decoded = decodeCertificates(text);
    assert.ok(decoded.ok);
    assert.deepEqual(decoded.ders.map(({ length }) => length), [3, 100]);
  });

  it('takes indented blocks and CRLF, as YAML and Windows leave them', () => {
    assert.ok(decodeCertificates(`${ONE}${TWO}`.replace(/^/gm, '    ').replaceAll('\n', '\r\n')).ok);
  });

  it('refuses what is no list of certificates, and says which block', () => {
    const bad: [string, string][] = [
      ['', 'no PEM block CERTIFICATE'],
      ['no block here', 'no PEM block CERTIFICATE'],
      [ONE + encodePem('PRIVATE KEY', bytes(1)), 'PEM block 2: PRIVATE KEY instead of CERTIFICATE'],
      [ONE + encodePem('X509 CRL', bytes(1)), 'PEM block 2: X509 CRL instead of CERTIFICATE'],
      [ONE + TWO.slice(0, -30), 'PEM block 2: a PEM block without its END line'],
      [ONE.replace('END CERTIFICATE', 'END X') + TWO, 'PEM block 1: a PEM block that ends as X'],
      [ONE + TWO.replace('BwcH', 'Bw-H'), 'PEM block 2: malformed base64'],
      ['-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n', 'PEM block 1: an empty PEM block'],
      [ONE.replace('-----\n', '-----\nProc-Type: 4,ENCRYPTED\n\n'), 'PEM block 1: PEM headers'],
    ];
    for (const [text, problem] of bad) assert.deepEqual(decodeCertificates(text), { ok: false, problem });
    assert.ok(decodeCertificates(ONE + TWO).ok, 'the twin of all of them');
  });

  it('never repeats what it was given', () => {
    const secret = 'MC4CAQAwBQYDK2VwBCIEIA';
    const decoded = decodeCertificates(`-----BEGIN CERTIFICATE-----\n${secret}\n!\n-----END ${secret}-----\n`);
    assert.ok(!decoded.ok && !decoded.problem.includes('MC4C'));
  });
});
