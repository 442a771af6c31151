import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why what needs the openssl command is skipped; false when it is there. CI=true allows no skips: there the tests run, and fail. */
export function withoutOpenssl(): string | false {
  if (process.env['CI'] === 'true') return false;
  const { status, stdout } = spawnSync('openssl', ['version'], { encoding: 'utf8' });
  if (status === 0 && /^OpenSSL [3-9]/.test(stdout)) return false;
  return status === 0 ? `${stdout.trim()} is there, OpenSSL 3 is needed` : 'there is no openssl command';
}

/**
 * Runs `openssl verify -x509_strict` on leaves of one CA at one moment, trusting `root` alone and given `intermediates`. Throws with
 * its output when it objects to any.
 */
export function opensslVerify({ leaves, intermediates, root, at }: { leaves: readonly string[]; intermediates: string; root: string; at: Date }): void {
  const dir = mkdtempSync(join(tmpdir(), 'signet-openssl-'));
  try {
    const file = (name: string, pem: string): string => {
      writeFileSync(join(dir, name), pem);
      return join(dir, name);
    };
    const trust = ['-no-CApath', '-no-CAstore', '-CAfile', file('root.pem', root), ...(intermediates === '' ? [] : ['-untrusted', file('intermediates.pem', intermediates)])];
    execFileSync('openssl', ['verify', '-x509_strict', '-attime', String(at.getTime() / 1000), ...trust, ...leaves.map((pem, i) => file(`leaf-${i}.pem`, pem))], { stdio: 'pipe' });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
