import { createHash } from 'node:crypto';

/** A Secret's name has at most 253 characters; the prefix and the hash take 19 of them, the rest is more than anyone reads. */
const MAX_READABLE = 200;

/**
 * The name of the Secret in Signet's own namespace that holds the CA pair in use of one signer: `signet-ca-foo-1c36c0d3`.
 * The readable part is the signer name after the slash (its alphabet is that of object names), the hexadecimal part the first four
 * octets of the SHA-256 of the whole name, for `a.example/ca` and `b.example/ca` are two CAs.
 */
export function ownSecretName(signerName: string): string {
  const path = signerName.slice(signerName.indexOf('/') + 1).toLowerCase();
  // A name cut after a dot or a dash would not be a name.
  const readable = path.replace(/[^a-z0-9.-]/g, '-').slice(0, MAX_READABLE).replace(/[.-]+$/, '');
  return `signet-ca-${readable}-${createHash('sha256').update(signerName).digest('hex').slice(0, 8)}`;
}
