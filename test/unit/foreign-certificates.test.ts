import assert from 'node:assert/strict';
import { it } from 'node:test';
import { foreignCertificates } from '../../src/adapters/foreign-certificates.ts';
import { rememberingLog } from '../support/ports.ts';

it('each certificate of somebody else is counted, and told once a minute for each signer', () => {
  const log = rememberingLog();
  const counted: string[] = [];
  let now = 0;
  const tell = foreignCertificates({ metrics: { foreign: (signer) => void counted.push(signer) }, log, monotonic: () => now });
  for (const request of ['a', 'b']) tell('example.test/foo', request, 'cert-manager-certificatesigningrequests-issuer-ca');
  tell('example.test/bar', 'c', '');
  assert.deepEqual(counted, ['example.test/foo', 'example.test/foo', 'example.test/bar']);
  assert.deepEqual(log.lines.map(({ fields }) => [fields['signer'], fields['request']]), [['example.test/foo', 'a'], ['example.test/bar', 'c']]);
  assert.equal(log.lines[0]?.fields['writer'], 'cert-manager-certificatesigningrequests-issuer-ca');
  now = 61_000;
  tell('example.test/foo', 'd', 'x');
  assert.equal(log.lines.length, 3);
});
