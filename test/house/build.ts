import { execFile } from 'node:child_process';
import { chmod, mkdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build, type Plugin } from 'esbuild';

const ROOT = join(import.meta.dirname, '../..');

/**
 * Makes dist/signet.cjs: the package's program and the image's only file, with everything in it. One file in CommonJS starts in a
 * fifth of the time that the sources and their hundred packages take.
 * Returns its path. `out` is where to put it; `commit` is told by `signet version`.
 */
export async function buildProgram({ out = join(ROOT, 'dist'), commit }: { out?: string; commit?: string | undefined } = {}): Promise<string> {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const outfile = join(out, 'signet.cjs');
  await build({
    entryPoints: [join(ROOT, 'src/main.ts')],
    outfile,
    absWorkingDir: ROOT,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'cjs',
    // Names stay: they are what people read in stacks, and keeping them beside short ones (keepNames) costs a call for each function and 5 MB.
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: 'external',
    legalComments: 'linked',
    banner: { js: '#!/usr/bin/env node' },
    define: { SIGNET_COMMIT: commit === undefined ? 'undefined' : JSON.stringify(commit) },
    plugins: [kubeconfigOnly, agentOnly, countersOnly, withoutLocales],
    logLevel: 'warning',
  });
  await chmod(outfile, 0o755);
  return outfile;
}

/** The commit of a clean checkout; undefined for anything else, as a version that is not in the history helps nobody. */
export async function cleanCommit(folder = ROOT): Promise<string | undefined> {
  const git = promisify(execFile);
  try {
    const [{ stdout: head }, { stdout: changes }] = await Promise.all([git('git', ['rev-parse', 'HEAD'], { cwd: folder }), git('git', ['status', '--porcelain'], { cwd: folder })]);
    return changes === '' ? head.trim() : undefined;
  } catch {
    return undefined; // Not a checkout, or no git.
  }
}

/**
 * Of client-node the program takes what reads a kubeconfig and its credentials. Its classes for each API and each kind of object, which refer to
 * each other through three big modules so that nothing falls away by itself, would be half of the program and of its memory.
 */
const kubeconfigOnly: Plugin = {
  name: 'kubeconfig only',
  setup: ({ onLoad }) => {
    onLoad({ filter: /client-node\/dist\/index\.js$/ }, () => ({ contents: "export { KubeConfig } from './config.js';" }));
    // Node has Headers of its own; node-fetch brings tables of all Unicode domain names, and Node's deprecated punycode with a warning on stderr.
    // Named only when one is made: to look at the global is enough for Node to load all of its fetch, which took 62 of the 905 ms of a start under the profiler.
    onLoad({ filter: /node-fetch\/lib\/index\.m?js$/ }, () => ({ contents: 'export class Headers { constructor(init) { return new globalThis.Headers(init); } }' }));
    // Proxies are refused where the kubeconfig is read.
    onLoad({ filter: /(socks-proxy-agent|hpagent)\/(dist\/)?index\.m?js$/ }, () => ({ contents: 'export class SocksProxyAgent {}\nexport class HttpProxyAgent {}\nexport class HttpsProxyAgent {}' }));
    // What KubeConfig would make API clients of.
    onLoad({ filter: /client-node\/dist\/gen\/index\.js$/ }, () => ({ contents: 'export class ServerConfiguration {}\nexport function createConfiguration() { throw new Error("no generated API is in this program"); }' }));
  },
};

/** Of undici the program takes its connections: not fetch, web sockets, caches and what tests mock. */
const agentOnly: Plugin = {
  name: 'agent only',
  setup: ({ onLoad }) => {
    onLoad({ filter: /node_modules\/undici\/index\.js$/ }, () => ({ contents: "exports.Agent = require('./lib/dispatcher/agent'); require('./lib/dispatcher/dispatcher').prototype.request = require('./lib/api/api-request');" }));
    // Spoken only where `allowH2` says so, and Node's own HTTP/2 would be loaded with it at each start.
    onLoad({ filter: /undici\/lib\/dispatcher\/client-h2\.js$/ }, () => ({ contents: 'module.exports = () => { throw new Error("no HTTP/2 is in this program"); };' }));
  },
};

/** Of prom-client the program takes what counts: not the default metrics with OpenTelemetry, the push gateway and Node's cluster. */
const countersOnly: Plugin = {
  name: 'counters only',
  setup: ({ onLoad }) => onLoad({ filter: /node_modules\/prom-client\/index\.js$/ }, () => ({ contents: "exports.Registry = require('./lib/registry'); exports.Counter = require('./lib/counter'); exports.Gauge = require('./lib/gauge'); exports.Histogram = require('./lib/histogram');" })),
};

/** zod's messages in fifty languages; Signet writes its own. */
const withoutLocales: Plugin = {
  name: 'without locales',
  setup: ({ onLoad }) => onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, () => ({ contents: 'export {};' })),
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = await buildProgram({ commit: await cleanCommit() });
  process.stdout.write(`${join(dirname(file), 'signet.cjs')}: ${((await stat(file)).size / 1e6).toFixed(1)} MB\n`);
}
