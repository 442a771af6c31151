import { suggestion } from '../suggestion.ts';

/** The signers that somebody may have meant by a name that is none of theirs: the same path in a domain that is nearly the same, or the reverse. */
export function nearSigners(name: string, signers: readonly string[]): string[] {
  const [domain, path] = parts(name);
  return signers.filter((signer) => {
    const [otherDomain, otherPath] = parts(signer);
    return near(domain, otherDomain) && near(path, otherPath);
  });
}

function parts(name: string): [string, string] {
  const slash = name.indexOf('/');
  return [name.slice(0, slash + 1), name.slice(slash + 1)];
}

function near(typed: string, name: string): boolean {
  return typed === name || suggestion(typed, [name]) !== null;
}
