import { generateKeyPairSync } from 'node:crypto';
import { testKey, type TestKey } from '../../support/keys.ts';

/** The key of somebody else with the signature of one's own: no proof of possession. */
export function stolenKey(): TestKey {
  return { privateKey: testKey('P-256', 'thief').privateKey, publicKey: testKey('P-256', 'victim').publicKey };
}

/** Too small for core to read, so its public half is put together here. */
export const SMALL_RSA: TestKey = smallRsa();

function smallRsa(): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const like = testKey('RSA-3072').publicKey;
  return { privateKey, publicKey: { ...like, spki: publicKey.export({ type: 'spki', format: 'der' }) } };
}
