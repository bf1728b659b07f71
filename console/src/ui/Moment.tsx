import { Tooltip } from '@mantine/core';
import { formatFull, formatMoment } from '../format/time';
import { useZone } from './zone';

/** A moment, short, with the full one at hand. */
export function Moment({ at }: { at: string }) {
  const [zone] = useZone();
  if (at === '') return <>–</>;
  return (
    <Tooltip label={formatFull(at, zone)}>
      <time dateTime={at} style={{ whiteSpace: 'nowrap' }}>{formatMoment(at, zone, new Date())}</time>
    </Tooltip>
  );
}
