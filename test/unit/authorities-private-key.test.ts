import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, it } from 'node:test';
import { readPrivateKey } from '../../src/adapters/authorities/private-key.ts';
import { element, nullValue, objectIdentifier, octetString, sequence, unsignedInteger, type Der } from '../../src/core/der-writer.ts';
import { OID } from '../../src/core/oid.ts';
import { encodePem } from '../../src/core/pem.ts';
import { testKey } from '../support/keys.ts';

const RSA = testKey('RSA-2048', 'numbers').privateKey;
const P256 = testKey('P-256', 'numbers').privateKey;

const read = (pem: string | Uint8Array) => readPrivateKey(Buffer.from(pem));
const problem = (pem: string | Uint8Array): string | null => {
  const found = read(pem);
  return found.ok ? null : found.problem;
};
const isKeyOf = (pem: string, key: KeyObject): boolean => {
  const found = read(pem);
  return found.ok && createPublicKey(found.key).equals(createPublicKey(key));
};
const pem = (key: KeyObject, type: 'pkcs8' | 'pkcs1' | 'sec1'): string => key.export({ type: type as 'pkcs8', format: 'pem' }) as string;

describe('a CA\'s private key', () => {
  it('is read in each form that it has', () => {
    for (const kind of ['RSA-2048', 'RSA-4096', 'P-256', 'P-384', 'P-521', 'Ed25519'] as const) {
      const { privateKey } = testKey(kind);
      assert.ok(isKeyOf(pem(privateKey, 'pkcs8'), privateKey), kind);
      if (kind.startsWith('RSA')) assert.ok(isKeyOf(pem(privateKey, 'pkcs1'), privateKey), kind);
      if (kind.startsWith('P-')) assert.ok(isKeyOf(pem(privateKey, 'sec1'), privateKey), kind);
    }
  });

  it('is the first of its file, after whatever is no key', () => {
    const curve = encodePem('EC PARAMETERS', objectIdentifier(OID.prime256v1));
    assert.ok(isKeyOf(`Bag Attributes\n${curve}${pem(P256, 'sec1')}${pem(RSA, 'pkcs8')}`, P256));
    assert.ok(isKeyOf(pem(P256, 'sec1').replaceAll('\n', '\r\n'), P256));
  });

  it('is not to be encrypted, cut or anything else', () => {
    const encrypted = RSA.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }) as string;
    const encryptedPkcs1 = RSA.export({ type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }) as string;
    const whole = pem(P256, 'pkcs8');
    const cut = encodePem('PRIVATE KEY', Buffer.from(P256.export({ type: 'pkcs8', format: 'der' })).subarray(0, -3));
    for (const each of [encrypted, encryptedPkcs1, cut, '', 'no key', whole.replace('END', 'ENDE'), encodePem('PUBLIC KEY', Buffer.from('x')), encodePem('PRIVATE KEY', sequence())]) {
      assert.equal(problem(each), 'is not an unencrypted PEM private key', each);
    }
  });

  it('is of a kind that costs nothing to read: with DSA everybody would wait while OpenSSL computes its public half', () => {
    const dsa = generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }).privateKey;
    assert.match(problem(pem(dsa, 'pkcs8')) ?? '', /^is of another kind: .* RSA .* or Ed25519$/);
    for (const type of ['x25519', 'ed448'] as const) assert.match(problem(pem(generateKeyPairSync(type as 'ed448').privateKey, 'pkcs8')) ?? '', /^is of another kind/);
    assert.match(problem(pem(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey, 'pkcs8')) ?? '', /^is of another kind/);
  });
});

describe('an RSA key', () => {
  const jwk = RSA.export({ format: 'jwk' });
  const NUMBERS = { n: bytes(jwk.n), e: bytes(jwk.e), d: bytes(jwk.d), p: bytes(jwk.p), q: bytes(jwk.q), dp: bytes(jwk.dp), dq: bytes(jwk.dq), qi: bytes(jwk.qi) };
  const version = (number: number): Der => unsignedInteger(Uint8Array.of(number));
  const pkcs1 = (numbers: Partial<typeof NUMBERS> = {}, first = version(0)): Der => sequence(first, ...Object.values({ ...NUMBERS, ...numbers }).map((each) => unsignedInteger(each)));
  const both = (der: Der): (string | null)[] => [problem(encodePem('RSA PRIVATE KEY', der)), problem(encodePem('PRIVATE KEY', sequence(version(0), sequence(objectIdentifier(OID.rsaEncryption), nullValue()), octetString(der))))];

  it('is taken with its own numbers', () => {
    assert.deepEqual(both(pkcs1()), [null, null]);
  });

  it('has no number larger than its modulus lets it be: OpenSSL computes with what stands there, for seconds', () => {
    for (const name of ['p', 'q', 'dp', 'dq', 'qi'] as const) {
      for (const found of both(pkcs1({ [name]: Buffer.alloc(137, 0x7f) }))) assert.match(found ?? '', /numbers are larger than its modulus/, name);
    }
    for (const found of [...both(pkcs1({ d: Buffer.alloc(257, 0x7f) })), ...both(pkcs1({ e: Buffer.alloc(5, 0x7f) }))]) assert.match(found ?? '', /numbers are larger than its modulus/);
  });

  it('has two primes, which make its modulus', () => {
    for (const found of both(pkcs1({ p: NUMBERS.q }))) assert.equal(found, 'is an RSA key whose primes do not make its modulus');
    for (const found of both(pkcs1({}, version(1)))) assert.match(found ?? '', /^has more than two primes/);
  });

  it('has 2048 to 8192 bits', () => {
    assert.match(problem(pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey, 'pkcs8')) ?? '', /^is an RSA key of about 1024 bits/);
    for (const found of both(pkcs1({ n: Buffer.alloc(1025, 0x7f) }))) assert.match(found ?? '', /^is an RSA key of about 8200 bits/);
  });
});

describe('an EC key', () => {
  const scalar = bytes(P256.export({ format: 'jwk' }).d);
  const one = unsignedInteger(Uint8Array.of(1));
  const inner = (curve: Der | null, number: Uint8Array = scalar): Der => sequence(one, octetString(number), ...(curve === null ? [] : [element(0xa0, curve)]));
  const pkcs8 = (curve: Der, key: Der): string => encodePem('PRIVATE KEY', sequence(unsignedInteger(Uint8Array.of(0)), sequence(objectIdentifier(OID.ecPublicKey), curve), octetString(key)));
  const [named, another, spelled] = [objectIdentifier(OID.prime256v1), objectIdentifier('1.3.132.0.10'), sequence(one, sequence(objectIdentifier('1.2.840.10045.1.1'), one))];

  it('names one of three curves, wherever it names one', () => {
    assert.deepEqual([problem(encodePem('EC PRIVATE KEY', inner(named))), problem(pkcs8(named, inner(null))), problem(pkcs8(named, inner(named)))], [null, null, null]);
    for (const curve of [another, spelled]) {
      for (const each of [encodePem('EC PRIVATE KEY', inner(curve)), pkcs8(curve, inner(null)), pkcs8(named, inner(curve))]) assert.match(problem(each) ?? '', /^is on another curve: /);
    }
    assert.match(problem(encodePem('EC PRIVATE KEY', inner(null))) ?? '', /^is on another curve: /);
  });

  it('has a number of its curve\'s size', () => {
    assert.equal(problem(pkcs8(named, inner(null, Buffer.alloc(67, 1)))), 'is an EC key whose number is larger than its curve lets it be');
  });
});

function bytes(base64url: string | undefined): Buffer {
  return Buffer.from(base64url ?? '', 'base64url');
}
