import { VisuallyHidden } from '@mantine/core';
import { moneyParts } from '../format/money';

interface Props {
  nano: bigint;
  /** How the cost came about; where it is unknown, no figure is shown. */
  pricing?: string | undefined;
  /** Pads to so many digits after the cents, so that points line up in a column. */
  pad?: number;
  /** May break before the finer digits, where the place is narrow. */
  wrap?: boolean;
}

/** An amount, exact: cents first, finer digits quieter. */
export function Money({ nano, pricing, pad = 0, wrap = false }: Props) {
  if (pricing === 'unpriced') {
    return (
      <span className="money money-fine" title="The model has no price, so the cost is unknown">
        unknown
      </span>
    );
  }
  const { main, fine } = moneyParts(nano);
  return (
    <span className="money">
      {main}
      {wrap && <wbr />}
      <span className="money-fine">{fine}</span>
      {pad > fine.length && <span className="money-pad" aria-hidden>{'0'.repeat(pad - fine.length)}</span>}
      {pricing === 'estimated' && <VisuallyHidden> (estimated)</VisuallyHidden>}
    </span>
  );
}
