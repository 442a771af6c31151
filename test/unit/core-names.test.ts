import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readDer } from '../../src/core/der-reader.ts';
import { element, objectIdentifier, printableString, sequence, setOf, unsignedInteger, utf8String, type Der } from '../../src/core/der-writer.ts';
import { distinguishedNameText, mayBeSameName, readName } from '../../src/core/distinguished-name.ts';
import { encodeGeneralNames, generalNameText, type GeneralName } from '../../src/core/general-name.ts';
import { OID } from '../../src/core/oid.ts';
import { readGeneralNames } from '../../src/core/read-general-names.ts';
import { altNames, otherName } from '../support/der/request.ts';
import { bytes } from '../support/der/raw.ts';

describe('alternative names', () => {
  it('are read as they were written', () => {
    const names: GeneralName[] = [
      { type: 'uri', value: 'spiffe://cluster.local/ns/foo/sa/httpbin' },
      { type: 'dns', value: '*.foo.svc' },
      { type: 'ip', value: '10.0.0.1' },
      { type: 'ip', value: '2001:db8::1' },
    ];
    assert.deepEqual(readGeneralNames(encodeGeneralNames(names)), names);
    assert.deepEqual(names.map(generalNameText), ['URI:spiffe://cluster.local/ns/foo/sa/httpbin', 'DNS:*.foo.svc', 'IP:10.0.0.1', 'IP:2001:db8::1']);
  });

  it('of a form that is not certified keep their form and their bytes', () => {
    const forms: [Der, string][] = [
      [otherName('1.3.6.1.4.1.311.20.2.3', 'x'), 'otherName 1.3.6.1.4.1.311.20.2.3'],
      [element(0x81, Buffer.from('a@b')), 'email'],
      [element(0xa3, sequence()), 'x400Address'],
      [element(0xa4, sequence()), 'directoryName'],
      [element(0xa5, sequence()), 'ediPartyName'],
      [element(0x88, bytes(0x2a)), 'registeredID'],
    ];
    for (const [der, form] of forms) assert.deepEqual(readGeneralNames(sequence(der)), [{ type: 'unsupported', form, der: Buffer.from(der) }]);
  });

  it('of a form that is not certified cannot be written', () => {
    const email: GeneralName = { type: 'unsupported', form: 'email', der: bytes(0x81, 0x00) };
    assert.throws(() => encodeGeneralNames([email]), /Cannot certify a name of the form email/);
    assert.throws(() => encodeGeneralNames([{ type: 'ip', value: '10.0.0.256' }]), /Cannot encode the IP address "10.0.0.256"/);
    encodeGeneralNames([{ type: 'ip', value: '10.0.0.255' }]);
  });

  it('are counted by their positions in the whole encoding', () => {
    const extension = altNames(element(0x87, bytes(1, 2, 3)));
    assert.throws(() => readGeneralNames(extension.subarray(-7), 50), /byte 52: found an IP address of 3 octets/);
  });
});

describe('distinguished names', () => {
  it('have the text of RFC 4514, most specific first', () => {
    const cases: [Der, string][] = [
      [sequence(), ''],
      [sequence(setOf(attribute(OID.organizationName, printableString('')))), 'O='],
      [name(attribute(OID.countryName, printableString('DE')), attribute(OID.organizationName, utf8String('cluster.local')), attribute(OID.commonName, utf8String('root'))), 'CN=root,O=cluster.local,C=DE'],
      [sequence(setOf(attribute(OID.commonName, utf8String('a')), attribute(OID.organizationalUnitName, utf8String('b')))), 'CN=a+OU=b'],
      [name(attribute('0.9.2342.19200300.100.1.25', element(0x16, Buffer.from('local')))), '0.9.2342.19200300.100.1.25=local'],
      [name(attribute(OID.commonName, element(0x14, bytes(0xff)))), 'CN=#1401ff'],
      [name(attribute(OID.serialNumber, unsignedInteger(bytes(5)))), 'serialNumber=#020105'],
    ];
    for (const [der, text] of cases) assert.equal(distinguishedNameText(readName(readDer(der), 'the name', readDer(der))), text);
  });

  it('escape what would be read as something else, and everything a terminal would obey', () => {
    const cases: [string, string][] = [
      ['a,b', String.raw`CN=a\,b`],
      ['a+b="c"', String.raw`CN=a\+b=\"c\"`],
      [' a ', String.raw`CN=\ a\ `],
      ['#1401', 'CN=#1401'],
      ['#x', String.raw`CN=\#x`],
      ['a\\b', String.raw`CN=a\\b`],
      ['\u001b[2J', String.raw`CN=\1b[2J`],
      ['f\u00f6', String.raw`CN=f\c3\b6`],
      ['\u202e', String.raw`CN=\e2\80\ae`],
    ];
    for (const [value, text] of cases) {
      const der = name(attribute(OID.commonName, utf8String(value)));
      assert.equal(distinguishedNameText(readName(readDer(der), 'the name', readDer(der))), text);
    }
  });

  it('keep their bytes and every attribute', () => {
    const der = name(attribute(OID.commonName, utf8String('a')), attribute(OID.commonName, printableString('b')));
    const read = readName(readDer(der), 'the name', readDer(der));
    assert.deepEqual(Buffer.from(read.der), Buffer.from(der));
    assert.deepEqual(read.attributes, [{ type: OID.commonName, value: 'a' }, { type: OID.commonName, value: 'b' }]);
  });
});

function attribute(type: string, value: Der): Der {
  return sequence(objectIdentifier(type), value);
}

function name(...attributes: readonly Der[]): Der {
  return sequence(...attributes.map((each) => setOf(each)));
}

describe('two distinguished names', () => {
  const attribute = (type: string, value: Der): Der => sequence(objectIdentifier(type), value);
  const name = (...attributes: Der[]) => {
    const node = readDer(sequence(sequence(...attributes.map((each) => setOf(each)))));
    return readName(node.children[0], 'the name', node);
  };
  const plain = name(attribute(OID.commonName, printableString('foo root')));

  it('may be one for some verifier whatever the kind of string, the case and the spaces', () => {
    for (const value of [printableString('foo root'), utf8String('foo root'), utf8String('Foo  Root '), element(0x14, Buffer.from('foo root')), element(0x1e, Buffer.from('foo root', 'utf16le').swap16())]) {
      assert.ok(mayBeSameName(plain, name(attribute(OID.commonName, value))), Buffer.from(value).toString('hex'));
    }
  });

  it('have 64 attributes at most', () => {
    const many = (count: number): ReturnType<typeof name> => name(...Array.from({ length: count }, () => attribute(OID.commonName, utf8String('x'))));
    assert.equal(many(64).attributes.length, 64);
    assert.throws(() => many(65), /the name with 65 attributes/);
  });

  it('are two for all of them where a value, a type or the number is another', () => {
    const text = utf8String('foo root');
    assert.ok(!mayBeSameName(plain, name(attribute(OID.commonName, utf8String('foo rot')))));
    assert.ok(!mayBeSameName(plain, name(attribute(OID.organizationName, text))));
    assert.ok(!mayBeSameName(plain, name(attribute(OID.commonName, text), attribute(OID.commonName, text))));
    assert.ok(!mayBeSameName(plain, name()));
  });
});
