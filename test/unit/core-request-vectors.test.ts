import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import * as pkijs from 'pkijs';
import { parseRequest, type CertificateRequest } from '../../src/core/certificate-request.ts';
import { distinguishedNameText } from '../../src/core/distinguished-name.ts';
import { generalNameText } from '../../src/core/general-name.ts';
import { OID } from '../../src/core/oid.ts';
import { keyName } from '../../src/core/public-key.ts';
import { vectors } from '../vectors/requests/source/index.ts';
import { sameButForSignature } from '../vectors/requests/source/same.ts';
import { parseVector, vectorFile, type Accepted, type Refused } from '../vectors/requests/source/vector.ts';

const files = ['accepted', 'refused'].flatMap((expect) => {
  const directory = new URL(`../vectors/requests/${expect}/`, import.meta.url);
  return readdirSync(directory).map((file) => ({ expect, name: file.replace(/\.txt$/, ''), text: readFileSync(new URL(file, directory), 'latin1') }));
});
const committed = files.map(({ name, text }) => parseVector(name, text));
const accepted = committed.filter((vector): vector is Accepted => vector.expect === 'accepted');
const refused = committed.filter((vector): vector is Refused => vector.expect === 'refused');

describe('request vectors', () => {
  it('are what their program makes, file by file', () => {
    assert.deepEqual(files.map(({ expect, name }) => `${expect}/${name}`).sort(), vectors.map(({ expect, name }) => `${expect}/${name}`).sort());
    for (const vector of vectors) {
      const file = files.find(({ name }) => name === vector.name)?.text ?? '';
      assert.ok(sameButForSignature(vectorFile(vector), file), `${vector.name} differs: node --import tsx test/vectors/requests/generate.ts`);
    }
  });

  it('are at least 60 refused and 12 accepted', () => {
    assert.ok(refused.length >= 60 && accepted.length >= 12, `${refused.length} refused, ${accepted.length} accepted`);
  });
});

describe('a request that is accepted', () => {
  for (const vector of accepted) {
    it(`${vector.name}: ${vector.what}`, async () => {
      const request = parsed(vector);
      assert.equal(keyName(request.publicKey.algorithm), vector.key);
      assert.equal(distinguishedNameText(request.subject), vector.subject);
      assert.deepEqual(request.names.map(generalNameText), vector.names);
      await agreesWithPkijs(request);
    });
  }
});

describe('a request that is refused', () => {
  for (const vector of refused) {
    it(`${vector.name}: ${vector.what}`, () => {
      const result = parseRequest(Buffer.from(vector.text, 'latin1'));
      assert.ok(!result.ok, 'it was accepted');
      assert.equal(result.violation.field, vector.field);
      assert.ok(result.violation.found.includes(vector.reason), `expected "${vector.reason}" in "${result.violation.found}"`);
      assert.match(result.violation.found, /^[ -~…]+$/, 'what was found is shown in printable characters only');
      const twin = accepted.find(({ name }) => name === vector.twin);
      assert.ok(twin !== undefined, `its twin ${vector.twin} does not exist`);
      parsed(twin);
    });
  }
});

function parsed(vector: Accepted): CertificateRequest {
  const result = parseRequest(Buffer.from(vector.text, 'latin1'));
  if (!result.ok) assert.fail(`${vector.name}: ${result.violation.field}: ${result.violation.found}`);
  return result.request;
}

/** A reader that shares no code with ours sees the same key, names and possession. pkijs 4 cannot verify Ed25519. */
async function agreesWithPkijs(request: CertificateRequest): Promise<void> {
  const other = pkijs.CertificationRequest.fromBER(request.der);
  assert.deepEqual(Buffer.from(other.subjectPublicKeyInfo.toSchema().toBER()), Buffer.from(request.publicKey.spki));
  assert.deepEqual(namesByPkijs(other), request.names.map(({ type }) => TYPES[type]).map((type, i) => type ?? typeOf(request, i)));
  if (request.publicKey.algorithm.type !== 'Ed25519') assert.ok(await other.verify());
}

/** GeneralName's tag numbers. */
const TYPES: Readonly<Record<string, number | undefined>> = { dns: 2, uri: 6, ip: 7 };

function typeOf({ names }: CertificateRequest, i: number): number {
  const name = names[i];
  return name?.type === 'unsupported' ? (name.der[0] ?? 0) & 0x1f : -1;
}

function namesByPkijs(request: pkijs.CertificationRequest): number[] {
  const values: unknown[] = request.attributes?.find(({ type }) => type === OID.extensionRequest)?.values ?? [];
  if (values.length === 0) return [];
  const extensions = new pkijs.Extensions({ schema: values[0] });
  const san = extensions.extensions.find(({ extnID }) => extnID === OID.subjectAltName);
  return san?.parsedValue instanceof pkijs.AltName ? san.parsedValue.altNames.map(({ type }) => type) : [];
}
