const scale = 9;
const unit = 1_000_000_000n;

/** Digits after the point that a price tag shows; finer ones follow, but quieter. */
const cents = 2;

/** An amount in three parts, which together are exact. */
export interface Parts {
  /** With sign, dollar and cents: "$1,234.56". */
  main: string;
  /** Digits finer than a cent, without trailing zeros: "0042" or "". */
  fine: string;
}

/** Cuts nano-dollars into what is read at once and what makes it exact. */
export function moneyParts(nano: bigint): Parts {
  const positive = nano < 0n ? -nano : nano;
  const dollars = (positive / unit).toString().replace(/\B(?=(\d{3})+$)/g, ',');
  const digits = (positive % unit).toString().padStart(scale, '0');
  return {
    main: `${nano < 0n ? '−' : ''}$${dollars}.${digits.slice(0, cents)}`,
    fine: digits.slice(cents).replace(/0+$/, ''),
  };
}

/** Writes nano-dollars exactly, with cents at least: "$0.0000012". */
export function formatMoney(nano: bigint): string {
  const { main, fine } = moneyParts(nano);
  return main + fine;
}

/** Writes nano-dollars as a plain decimal for other programs: "-0.0000012", "12". */
export function decimalDollars(nano: bigint): string {
  const positive = nano < 0n ? -nano : nano;
  const fraction = (positive % unit).toString().padStart(scale, '0').replace(/0+$/, '');
  return `${nano < 0n ? '-' : ''}${positive / unit}${fraction && `.${fraction}`}`;
}

/** Adds amounts. */
export function sum(amounts: Iterable<bigint>): bigint {
  let total = 0n;
  for (const a of amounts) total += a;
  return total;
}

/** Returns how much of total part is, in thousandths, rounded to the nearest; 0 of nothing. */
export function permille(part: bigint, total: bigint): number {
  if (total <= 0n || part <= 0n) return 0;
  return Number((part * 2000n + total) / (total * 2n));
}

/** Writes thousandths as per cent: 123 is "12.3%". */
export function formatPermille(n: number): string {
  return `${Math.trunc(n / 10)}.${n % 10}%`;
}

/** Nano-dollars as a number of dollars: for the height of a bar, never for a figure. */
export function approximateDollars(nano: bigint): number {
  return Number(nano) / Number(unit);
}
