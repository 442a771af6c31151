import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { blockContains, ipAddressText, isMappedIpv4, parseAddressBlock, parseIpAddress } from '../../src/core/ip-address.ts';

describe('IP addresses', () => {
  it('have one text, that of RFC 5952', () => {
    const texts: [string, string][] = [
      ['127.0.0.1', '127.0.0.1'],
      ['0.0.0.0', '0.0.0.0'],
      ['255.255.255.255', '255.255.255.255'],
      ['::', '::'],
      ['::1', '::1'],
      ['1::', '1::'],
      ['2001:DB8::1', '2001:db8::1'],
      ['2001:0db8:0:0:0:0:0:1', '2001:db8::1'],
      ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
      ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
      ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
      ['fd00:0:0:0:0:0:0:0', 'fd00::'],
    ];
    for (const [text, canonical] of texts) assert.equal(ipAddressText(parseIpAddress(text) ?? new Uint8Array()), canonical, text);
  });

  it('are refused in every other spelling', () => {
    const bad = ['', '1', '1.2.3', '1.2.3.4.5', '01.2.3.4', '1.2.3.256', '1.2.3.-4', ' 1.2.3.4', '0x7f.0.0.1', '1.2.3.4\n', ':', ':::', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1::2::3', '12345::', 'g::', '::1%eth0', '::ffff:1.2.3.4', '::ffff:102:304', '1:2:3:4:5:6:7:8::'];
    for (const text of bad) assert.equal(parseIpAddress(text), null, JSON.stringify(text));
  });

  it('are mapped IPv4 exactly under ::ffff:0:0/96', () => {
    const mapped = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 1]);
    assert.equal(isMappedIpv4(mapped), true);
    for (let i = 0; i < 12; i += 1) assert.equal(isMappedIpv4(mapped.map((octet, at) => (at === i ? octet ^ 1 : octet))), false, `octet ${i}`);
  });

  it('of another size have no text', () => {
    assert.throws(() => ipAddressText(new Uint8Array(5)), RangeError);
  });
});

describe('blocks of addresses', () => {
  it('contain the addresses that share their leading bits', () => {
    const cases: [string, string, string][] = [
      ['127.0.0.0/8', '127.255.255.255', '128.0.0.0'],
      ['10.0.0.0/9', '10.127.0.1', '10.128.0.1'],
      ['10.1.2.3', '10.1.2.3', '10.1.2.2'],
      ['10.1.2.2/31', '10.1.2.3', '10.1.2.4'],
      ['fd00::/8', 'fdff::1', 'fe00::'],
      ['::1/128', '::1', '::2'],
    ];
    for (const [block, inside, outside] of cases) {
      assert.equal(contains(block, inside), true, `${inside} in ${block}`);
      assert.equal(contains(block, outside), false, `${outside} in ${block}`);
    }
    assert.equal(contains('0.0.0.0/0', '8.8.8.8'), true);
  });

  it('never contain addresses of the other family', () => {
    assert.equal(contains('::/0', '0.0.0.0'), false);
    assert.equal(contains('0.0.0.0/0', '::'), false);
  });

  it('are refused when their prefix does not fit', () => {
    for (const [bad, good] of [['10.0.0.1/8', '10.0.0.0/8'], ['10.0.0.0/33', '10.0.0.0/32'], ['10.0.0.0/', '10.0.0.0'], ['10.0.0.0/08', '10.0.0.0/8'], ['10.0.0.0/8/8', '10.0.0.0/8'], ['fd00::/129', 'fd00::/128'], ['fd00::1/8', 'fd00::/8'], ['0.0.0.0/-1', '0.0.0.0/1']] as const) {
      assert.equal(parseAddressBlock(bad), null, bad);
      assert.notEqual(parseAddressBlock(good), null, good);
    }
  });
});

function contains(block: string, address: string): boolean {
  const [parsed, octets] = [parseAddressBlock(block), parseIpAddress(address)];
  if (parsed === null || octets === null) throw new RangeError(`${block} or ${address}`);
  return blockContains(parsed, octets);
}
