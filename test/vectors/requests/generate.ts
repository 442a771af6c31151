/**
 * Writes the vectors beside this file: `node --import tsx test/vectors/requests/generate.ts`. A file that already
 * says the same but for an ECDSA signature, which is random, is left as it is.
 */
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { sameButForSignature } from './source/same.ts';
import { vectors } from './source/index.ts';
import { vectorFile } from './source/vector.ts';

const directory = (expect: string): URL => new URL(`./${expect}/`, import.meta.url);
const wanted = new Set(vectors.map(({ expect, name }) => `${expect}/${name}.txt`));

for (const expect of ['accepted', 'refused']) {
  for (const file of readdirSync(directory(expect))) {
    if (!wanted.has(`${expect}/${file}`)) rmSync(new URL(file, directory(expect)));
  }
}
let written = 0;
for (const vector of vectors) {
  const path = new URL(`${vector.name}.txt`, directory(vector.expect));
  if (sameButForSignature(vectorFile(vector), existing(path))) continue;
  writeFileSync(path, vectorFile(vector), 'latin1');
  written += 1;
}
console.log(`${vectors.length} vectors, ${written} written anew`);

function existing(path: URL): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
