import ts from 'typescript';
import { walk, type Import, type Source } from './sources.ts';

/** What files below a path may import. A target that ends with a slash is a folder, else a file, a package, or `node:` (every built-in module). */
type Layer = { readonly files: string; readonly may: readonly string[] };

/**
 * Who may import whom; for a file the first line counts that it falls under. Not transitive. The order is that of the program:
 * what is further down knows nothing of what is further up.
 */
const LAYERS: readonly Layer[] = [
  { files: 'main.ts', may: ['cli/'] },
  { files: 'cli/demo', may: ['cli/', 'app.ts', 'config.ts', 'config/', 'adapters/', 'control/errors.ts', 'control/ports.ts', 'core/', 'sandbox/', 'node:', 'yaml'] },
  { files: 'cli/', may: ['cli/', 'app.ts', 'config.ts', 'config/', 'adapters/', 'control/errors.ts', 'control/ports.ts', 'core/', '../package.json', 'node:', 'yaml', 'zod'] },
  { files: 'app.ts', may: ['config.ts', 'config/', 'adapters/', 'control/', 'core/', 'node:'] },
  { files: 'config', may: ['config/', 'core/', 'yaml', 'zod'] },
  { files: 'adapters/kubernetes/', may: ['adapters/kubernetes/', 'control/ports.ts', 'control/errors.ts', 'core/', 'node:', '@kubernetes/client-node', 'undici', 'yaml'] },
  { files: 'adapters/metrics.ts', may: ['adapters/', 'control/ports.ts', 'control/errors.ts', 'core/', 'node:', 'prom-client'] },
  { files: 'adapters/', may: ['adapters/', 'control/ports.ts', 'control/errors.ts', 'core/', 'node:'] },
  { files: 'control/', may: ['control/', 'core/'] },
  { files: 'core/', may: ['core/', 'pkijs', 'asn1js', 'yaml', 'node:crypto'] },
  { files: 'sandbox/', may: ['sandbox/', 'core/', 'node:', 'yaml'] },
];

/** Of node:crypto core may check, never make: keys, random numbers and signatures come to it as arguments. */
const CORE_CRYPTO = ['createHash', 'createPublicKey', 'verify', 'X509Certificate'];

/** What would make the same input give another output. */
const IMPURE_NAMES = ['process', 'fetch', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'performance', 'console', 'crypto', 'globalThis', 'require'];
const IMPURE_CALLS = ['Date.now', 'Math.random'];

const MAX_LINES = 300;
const NO_CONCEPT = /(^|[/-])(utils?|helpers?|manager|common|misc)(\.ts$|\/)/;

/** Every breach of the shape of src/, each as `path: what, and what is allowed`. */
export function breaches(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => [...directions(source), ...purity(source), ...size(source)].map((breach) => `src/${source.path}: ${breach}`));
}

function directions({ path, imports }: Source): string[] {
  const layer = LAYERS.find(({ files }) => path.startsWith(files));
  if (layer === undefined) return ['is in no layer; add it to the table in test/house/architecture.ts'];
  const { may } = layer;
  return imports.flatMap((each) => {
    if (!may.some((allowed) => falls(each, allowed))) return [`imports ${each.target}; ${layer.files} may import ${may.join(', ')}`];
    if (path.startsWith('core/') && each.target === 'node:crypto') return cryptoNames(each);
    return [];
  });
}

function falls({ target }: Import, allowed: string): boolean {
  return target === allowed || ((allowed.endsWith('/') || allowed === 'node:') && target.startsWith(allowed));
}

function cryptoNames({ names, typeOnly }: Import): string[] {
  if (typeOnly) return [];
  if (names === null) return [`imports all of node:crypto; core may import ${CORE_CRYPTO.join(', ')}`];
  return names.filter((name) => !CORE_CRYPTO.includes(name)).map((name) => `imports ${name} of node:crypto; core may import ${CORE_CRYPTO.join(', ')}`);
}

/** Core and the reading of the configuration: values in, values out. */
function purity({ path, tree }: Source): string[] {
  if (!/^(core|config)\b/.test(path)) return [];
  const found: string[] = [];
  walk(tree, (node) => {
    if (ts.isIdentifier(node) && IMPURE_NAMES.includes(node.text) && isUse(node)) found.push(`uses ${node.text}`);
    else if (ts.isPropertyAccessExpression(node) && IMPURE_CALLS.includes(node.getText())) found.push(`uses ${node.getText()}`);
    else if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && (node.arguments?.length ?? 0) === 0) found.push('uses new Date()');
  });
  return found.map((each) => `${each}; what is pure takes time, randomness and the world as arguments`);
}

/** A name that stands for the global thing: not a property, a parameter or a declaration of that name. */
function isUse(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isQualifiedName(parent) || ts.isTypeReferenceNode(parent) || ts.isImportSpecifier(parent)) return false;
  return !('name' in parent && parent.name === node);
}

function size({ path, lines }: Source): string[] {
  return [
    ...(lines > MAX_LINES ? [`has ${lines} lines; ${MAX_LINES} are allowed, and a file is one concept`] : []),
    ...(NO_CONCEPT.test(path) ? ['is named after no concept'] : []),
  ];
}
