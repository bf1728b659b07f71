const grouped = new Intl.NumberFormat('en-US');

/** Writes a count: 1,234. */
export function formatCount(n: number): string {
  return grouped.format(n);
}

/** Writes a noun with its count: "1 call", "2 calls". */
export function plural(n: number, noun: string): string {
  return `${formatCount(n)} ${noun}${n === 1 ? '' : 's'}`;
}

/** Writes bytes: "512 B", "1.5 KiB", "71.9 GiB". */
export function formatBytes(n: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let u = 0;
  while (n >= 1023.95 && u < units.length - 1) {
    n /= 1024;
    u++;
  }
  return `${u === 0 ? n : n.toFixed(1)} ${units[u]}`;
}

/** Writes what part n is of all, in per cent: "1.4%"; a little is never 0. */
export function formatShare(n: number, all: number): string {
  if (all <= 0 || n <= 0) return '0%';
  const percent = (100 * n) / all;
  if (percent < 0.1) return '<0.1%';
  return percent >= 99.95 && n < all ? '>99.9%' : `${percent.toFixed(1)}%`;
}
