import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { locate } from '../../controlplane/build.ts';

/** An issued chain to be judged, and the roots it has to lead to. */
export interface Judged {
  readonly name: string;
  /** PEM, the leaf first. */
  readonly chain: string;
  readonly roots: string;
  readonly dnsName?: string;
  /** `any` (the default), `server auth`, `client auth`. */
  readonly usages?: readonly string[];
  /** When it has to be valid; now by default. */
  readonly at?: Date;
}

export interface Verdict {
  readonly name: string;
  /** What each judge objects to, each line beginning with the judge's name; empty when none does. */
  readonly objections: readonly string[];
}

/** Has Go's crypto/x509, zlint and `openssl verify -x509_strict` look at every chain; verdicts in the same order. */
export async function judge(certificates: readonly Judged[]): Promise<Verdict[]> {
  const dir = await mkdtemp(join(tmpdir(), 'signet-judge-'));
  try {
    const go = await goAndZlint(certificates);
    const verdicts: Verdict[] = [];
    for (const [index, certificate] of certificates.entries()) {
      const openssl = await opensslVerify(certificate, dir);
      verdicts.push({ name: certificate.name, objections: [...(go[index] ?? []), ...openssl] });
    }
    return verdicts;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

interface Answer {
  readonly name: string;
  readonly go: string;
  readonly zlint: readonly { readonly lint: string; readonly status: string; readonly details: string }[];
}

async function goAndZlint(certificates: readonly Judged[]): Promise<string[][]> {
  const { judge: program } = await locate({ only: ['judge'] });
  const child = spawn(program.path, { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  child.stdin.on('error', () => undefined);
  child.stdin.end(certificates.map((each) => `${JSON.stringify(each)}\n`).join(''));
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const answers = output.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Answer);
  if (code !== 0 || answers.length !== certificates.length) {
    throw new Error(`the judge ended with ${code} after ${answers.length} of ${certificates.length} answers`);
  }
  return answers.map(({ go, zlint }) => [
    ...(go === '' ? [] : [`go: ${go}`]),
    ...zlint.map(({ lint, status, details }) => `zlint: ${status} ${lint} ${details}`.trimEnd()),
  ]);
}

async function opensslVerify({ chain, roots, at }: Judged, dir: string): Promise<string[]> {
  const leaf = chain.slice(0, chain.indexOf('-----END CERTIFICATE-----') + 26);
  const files = { leaf, chain, roots };
  for (const [name, pem] of Object.entries(files)) await writeFile(join(dir, `${name}.pem`), `${pem.trimEnd()}\n`);
  const time = at === undefined ? [] : ['-attime', String(Math.floor(at.getTime() / 1_000))];
  // Only these roots: not those of the machine.
  const trust = ['-no-CApath', '-no-CAstore', '-CAfile', join(dir, 'roots.pem'), '-untrusted', join(dir, 'chain.pem')];
  try {
    await promisify(execFile)('openssl', ['verify', '-x509_strict', ...time, ...trust, join(dir, 'leaf.pem')]);
    return [];
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
    const said = `${stdout}${stderr}`.replaceAll(dir, '').trim().replaceAll('\n', ' | ');
    return [`openssl: ${said === '' ? message : said}`];
  }
}
