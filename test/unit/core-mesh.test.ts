import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { bundlePem } from '../../src/core/bundle.ts';
import type { Certificate } from '../../src/core/certificate.ts';
import { meshDocument } from '../../src/core/mesh.ts';
import { testRoot } from '../support/authority.ts';

const [FOO, BAR] = ['clusterissuers.cert-manager.io/foo', 'clusterissuers.cert-manager.io/bar'];
const [foo, bar, other] = ['foo', 'bar', 'other'].map((name) => testRoot({ name }).certificate) as [Certificate, Certificate, Certificate];

function bundles(entries: Readonly<Record<string, Certificate>>): Map<string, readonly Certificate[]> {
  return new Map(Object.entries(entries).map(([signer, anchor]) => [signer, [anchor]]));
}

type Mesh = { caCertificates: { pem: string; certSigners: string[] }[] };

function read(document: string): Mesh {
  return parse(document) as Mesh;
}

const BOTH = meshDocument(null, [FOO, BAR], bundles({ [FOO]: foo, [BAR]: bar }));

describe('the mesh document', () => {
  it('has one entry for each signer and one signer in each entry, in the order of their names', () => {
    assert.deepEqual(read(BOTH), { caCertificates: [{ pem: bundlePem([bar]), certSigners: [BAR] }, { pem: bundlePem([foo]), certSigners: [FOO] }] });
  });

  it('looks as a person would write it', () => {
    const lines = BOTH.split('\n');
    assert.deepEqual(lines.slice(0, 5), [
      '# Written by Signet: one entry for each signer, kept up to date. Read by istiod through SHARED_MESH_CONFIG.',
      '# A caCertificates list in the mesh configuration itself would replace this one: leave it out there.',
      'caCertificates:',
      '  - pem: |',
      '      -----BEGIN CERTIFICATE-----',
    ]);
    assert.ok(BOTH.endsWith(`    certSigners:\n      - ${FOO}\n`));
  });

  it('is the same bytes whatever order its signers and bundles come in, and when it is made from itself', () => {
    const known = bundles({ [BAR]: bar, [FOO]: foo });
    assert.equal(meshDocument(null, [BAR, FOO], known), BOTH);
    assert.equal(meshDocument(BOTH, [FOO, BAR], known), BOTH);
    assert.equal(meshDocument(BOTH, [FOO, BAR], new Map()), BOTH);
  });

  it('keeps the entry of a signer whose CA is not known now', () => {
    assert.equal(meshDocument(BOTH, [FOO, BAR], bundles({ [FOO]: foo })), BOTH);
    const changed = read(meshDocument(BOTH, [FOO, BAR], bundles({ [FOO]: other })));
    assert.deepEqual(changed.caCertificates.map(({ pem }) => pem), [bundlePem([bar]), bundlePem([other])]);
  });

  it('has no entry for a signer of which nothing was ever known', () => {
    assert.deepEqual(read(meshDocument(null, [FOO, BAR], bundles({ [FOO]: foo }))).caCertificates.map(({ certSigners }) => certSigners), [[FOO]]);
  });

  it('drops what is not in the configuration any more, and what somebody else has put in', () => {
    const theirs = 'caCertificates:\n- pem: x\n  certSigners: [signet.test/theirs]\ntrustDomain: elsewhere\n';
    assert.equal(meshDocument(theirs, [FOO, BAR], bundles({ [FOO]: foo, [BAR]: bar })), BOTH);
    assert.deepEqual(read(meshDocument(BOTH, [FOO], new Map())).caCertificates.map(({ certSigners }) => certSigners), [[FOO]]);
  });

  it('takes no entry over that names two signers: one root for two tenants is what must not be', () => {
    const joined = `caCertificates:\n- pem: ${JSON.stringify(bundlePem([foo]))}\n  certSigners: [${FOO}, ${BAR}]\n`;
    assert.deepEqual(read(meshDocument(joined, [FOO, BAR], new Map())), { caCertificates: [] });
    assert.equal(read(meshDocument(joined.replace(`, ${BAR}`, ''), [FOO, BAR], new Map())).caCertificates.length, 1);
  });

  it('is written anew over a document that cannot be read', () => {
    const broken = ['', ':', 'caCertificates: [', 'caCertificates: 7', '- a list', 'caCertificates:\n- 7\n- {pem: 7, certSigners: [x]}\n- {pem: x}', 'a: 1\na: 2', '\u0000', 'caCertificates: &a [*a]', '!!binary x'];
    for (const text of broken) assert.equal(meshDocument(text, [FOO, BAR], bundles({ [FOO]: foo, [BAR]: bar })), BOTH, text);
  });

  it('is read without a word on the process\'s own stderr', async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error): number => warnings.push(warning);
    process.on('warning', listen);
    meshDocument('a: !unknown b\n', [FOO], new Map());
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', listen);
    assert.deepEqual(warnings, []);
  });

  it('of no signer is an empty list, not nothing: the key is ours', () => {
    assert.deepEqual(read(meshDocument(null, [], new Map())), { caCertificates: [] });
  });
});
