import { readdir, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, sep } from 'node:path';
import { isMap, type Document } from 'yaml';
import type { Config } from '../../config.ts';
import { problemText, readDocuments, type StrictDocument } from '../../config/document.ts';
import type { GeneralName } from '../../core/general-name.ts';
import type { Labels } from '../../core/label-selector.ts';
import type { Observed } from '../../core/observed.ts';
import { DEFAULT_USAGES } from '../../core/usage.ts';
import { readInput } from '../explain/input.ts';
import { requestFromFile } from '../explain/request-file.ts';
import { signerFlag } from '../explain/flags.ts';
import { CommandFailure } from '../failure.ts';
import { fileTrouble } from '../file-trouble.ts';
import { madeRequest, newPair, type KeyPair, type MadeKey } from '../made-request.ts';
import { caseSchema, type CaseDocument } from './case-schema.ts';

/** One case with its request as the API server would hold it. */
export type PolicyCase = { readonly file: string; readonly line: number; readonly name: string; readonly observed: Observed; readonly labels: ReadonlyMap<string, Labels>; readonly expected: CaseDocument };

/**
 * Every case below these folders and files, in the order of their paths. Manifests of requests, which cases may refer to, are passed over, and so is what is hidden. Throws
 * CommandFailure with every problem when something cannot be read, and when there is no case at all.
 */
export async function readCases(paths: readonly string[], config: Pick<Config, 'signers'>, signal: AbortSignal): Promise<PolicyCase[]> {
  const files = (await Promise.all(paths.map(yamlFiles))).flat();
  const cases: PolicyCase[] = [];
  const problems: string[] = [];
  for (const file of files) {
    const read = readDocuments((await readInput(file, 'cases', signal)).toString('utf8'), caseSchema, isManifest);
    if (!read.ok) problems.push(...read.problems.map((problem) => problemText(file, problem)));
    else for (const document of read.documents) await caseOf(document, file, config, signal).then((found) => cases.push(found), (error: unknown) => problems.push(textOf(error, file, document)));
  }
  if (problems.length > 0) throw new CommandFailure(['these cases are not right:', ...problems].join('\n  '));
  if (cases.length === 0) throw new CommandFailure(`there is no case in ${paths.join(', ')}`, { hints: ['a case is a YAML document with request, signer, as and expect, in a file *.yaml'] });
  return cases;
}

async function yamlFiles(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const found = (await readdir(path, { recursive: true })).filter((name) => /\.ya?ml$/.test(name) && !isHidden(name)).map((name) => join(path, name)).sort();
    const files: string[] = [];
    // What a link leads to: a case that is not run because of one would never be missed.
    for (const file of found) if ((await stat(file)).isFile()) files.push(file);
    return files;
  } catch (error) {
    throw new CommandFailure(`cannot read "${path}": ${fileTrouble(error)}`, { hints: ['signet test -c signet.yaml DIR'], cause: error });
  }
}

/** A mounted ConfigMap has each file twice, in a folder whose name begins with two dots and as a link to it. */
function isHidden(name: string): boolean {
  return name.split(sep).some((part) => part.startsWith('.'));
}

function isManifest(document: Document): boolean {
  return isMap(document.contents) && document.get('kind') === 'CertificateSigningRequest';
}

async function caseOf({ value, locate }: StrictDocument<CaseDocument>, file: string, config: Pick<Config, 'signers'>, signal: AbortSignal): Promise<PolicyCase> {
  const told = { signerName: signerFlag(value.signer, config), username: value.as, groups: value.groups, usages: value.usages, annotations: value.annotations, expirationSeconds: value.expiration };
  const { line } = locate(value.name === undefined ? ['expect'] : ['name']);
  const name = value.name ?? `case of line ${line}`;
  const { observed, missing } = requestFromFile(await content(value, file, signal), value.csr?.includes('-----BEGIN') === false ? value.csr : name, told);
  if (missing.includes('signer')) throw new CommandFailure('signer: the request does not say which signer it is for; it is missing');
  if (missing.includes('requester')) throw new CommandFailure('as: the request does not say who asks; it is missing');
  return { file, line, name, observed: missing.includes('usages') ? { ...observed, usages: DEFAULT_USAGES } : observed, labels: new Map(Object.entries(value.namespaceLabels)), expected: value };
}

async function content({ csr, request }: CaseDocument, file: string, signal: AbortSignal): Promise<Buffer> {
  if (csr === undefined) return Buffer.from(madeRequest({ pair: pairOf(request?.key ?? 'P-256'), names: namesOf(request), commonName: request?.commonName ?? null }));
  // PEM that is put into YAML in line comes with the newline of its block.
  return csr.includes('-----BEGIN') ? Buffer.from(csr) : readInput(isAbsolute(csr) ? csr : join(dirname(file), csr), 'request', signal);
}

/** One of each kind is enough for any number of requests, and RSA-4096 takes a second. */
const pairs = new Map<MadeKey, KeyPair>();

function pairOf(kind: MadeKey): KeyPair {
  const pair = pairs.get(kind) ?? newPair(kind);
  pairs.set(kind, pair);
  return pair;
}

function namesOf(request: CaseDocument['request']): GeneralName[] {
  const { uris = [], dnsNames = [], ipAddresses = [] } = request ?? {};
  const all = (type: 'uri' | 'dns' | 'ip', values: readonly string[]): GeneralName[] => values.map((value) => ({ type, value }));
  return [...all('uri', uris), ...all('dns', dnsNames), ...all('ip', ipAddresses)];
}

/** What is wrong with one case, where it stands; anything else than a CommandFailure is a bug. */
function textOf(error: unknown, file: string, { locate }: StrictDocument<CaseDocument>): string {
  if (!(error instanceof CommandFailure)) throw error;
  return problemText(file, { ...locate([]), path: '', message: error.message });
}
