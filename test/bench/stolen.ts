import { readFileSync } from 'node:fs';

/**
 * Begins to look at what a virtual machine's host takes away. The result tells, for the time since then, which part of the time in which this machine's
 * cores had something to do, or were to, went to others: 0 to 1 (proc(5), /proc/stat: `steal` beside user, nice, system, irq and softirq).
 */
export function watchStolen(read: () => string = () => readFileSync('/proc/stat', 'utf8')): () => number {
  const before = counters(read());
  return () => {
    const after = counters(read());
    const [stolen, busy] = [after.stolen - before.stolen, after.busy - before.busy];
    return stolen <= 0 ? 0 : stolen / (stolen + busy);
  };
}

function counters(stat: string): { busy: number; stolen: number } {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, stolen = 0] = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? '').split(' ').map(Number);
  return { busy: user + nice + system + irq + softirq, stolen };
}
