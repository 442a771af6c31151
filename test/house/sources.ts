import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** One TypeScript file of src/. */
export type Source = {
  /** From src/, with slashes: `core/pem.ts`. */
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  readonly tree: ts.SourceFile;
};

export type Import = {
  /** A file of src/ as its path, a package or built-in module as its name: `control/ports.ts`, `yaml`, `node:crypto`. */
  readonly target: string;
  /** The values taken from it; null: everything, or whatever a dynamic import uses. */
  readonly names: readonly string[] | null;
  readonly typeOnly: boolean;
};

/** Every file of `root`/src, parsed. */
export function readSources(root: string): Source[] {
  const folder = join(root, 'src');
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => path.replaceAll('\\', '/')).filter((path) => path.endsWith('.ts'));
  return paths.sort().map((path) => parseSource(path, readFileSync(join(folder, path), 'utf8')));
}

/** `path` is from src/; the text need not be in a file. */
export function parseSource(path: string, text: string): Source {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
  return { path, lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0), imports: importsOf(path, tree), tree };
}

/** Calls `look` with every node below `node`, parents first. */
export function walk(node: ts.Node, look: (node: ts.Node) => void): void {
  look(node);
  ts.forEachChild(node, (child) => walk(child, look));
}

function importsOf(path: string, tree: ts.SourceFile): Import[] {
  const found: Import[] = [];
  walk(tree, (node) => {
    if (ts.isImportDeclaration(node)) found.push({ target: resolve(path, node.moduleSpecifier), names: importedNames(node.importClause), typeOnly: node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword });
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) found.push({ target: resolve(path, node.moduleSpecifier), names: null, typeOnly: node.isTypeOnly });
    else if (ts.isCallExpression(node) && (node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText() === 'require') && node.arguments[0] !== undefined) found.push({ target: resolve(path, node.arguments[0]), names: null, typeOnly: false });
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) found.push({ target: resolve(path, node.argument.literal), names: null, typeOnly: true });
  });
  return found;
}

/** Values by the name they have where they come from, whatever they are called here; types are not counted. */
function importedNames(clause: ts.ImportClause | undefined): string[] | null {
  const bindings = clause?.namedBindings;
  if (clause === undefined || (bindings !== undefined && ts.isNamespaceImport(bindings))) return null;
  return [...(clause.name === undefined ? [] : ['default']), ...(bindings?.elements.filter(({ isTypeOnly }) => !isTypeOnly).map(({ name, propertyName }) => (propertyName ?? name).text) ?? [])];
}

function resolve(path: string, specifier: ts.Node): string {
  // A computed import cannot be judged, so it is named by its text, which no rule allows.
  const text = ts.isStringLiteralLike(specifier) ? specifier.text : specifier.getText();
  return text.startsWith('.') ? join(path, '..', text) : text;
}
