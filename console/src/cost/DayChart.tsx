import '@mantine/charts/styles.css';
import { BarChart } from '@mantine/charts';
import { Group, Paper, Text, VisuallyHidden } from '@mantine/core';
import { approximateDollars } from '../format/money';
import { plural } from '../format/number';
import { Money } from '../ui/Money';

interface Props {
  days: { day: string; nano: bigint; calls: number }[];
  height: number;
}

const axis = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD', notation: 'compact', maximumSignificantDigits: 3 });

/** Cost by day. The last day is not over, so its bar is hollow and dashed. */
export default function DayChart({ days, height }: Props) {
  const last = days.length - 1;
  const data = days.map((d, i) => ({ ...d, label: d.day.slice(5), full: i < last ? approximateDollars(d.nano) : 0, open: i === last ? approximateDollars(d.nano) : 0 }));
  return (
    <figure style={{ margin: 0 }}>
      <BarChart h={height} data={data} dataKey="label" type="stacked" tickLine="none" gridAxis="x" maxBarWidth={36} aria-hidden
        series={[{ name: 'full', label: 'Cost', color: 'sea.8' }, { name: 'open', label: 'Cost so far', color: 'sea.8' }]}
        barProps={(s) => (s.name === 'open' ? { fillOpacity: 0.3, stroke: 'var(--mantine-color-sea-6)', strokeOpacity: 1, strokeWidth: 1.5, strokeDasharray: '4 3', isAnimationActive: false } : { isAnimationActive: false })}
        valueFormatter={(v) => axis.format(v)} yAxisProps={{ width: 62, tickCount: 4 }} xAxisProps={{ minTickGap: 14 }} barChartProps={{ accessibilityLayer: false }}
        tooltipProps={{ content: ({ label }) => <DayTip day={data.find((d) => d.label === label)} open={data[last]?.label === label} /> }} />
      <VisuallyHidden component="figcaption">
        Cost by day: {days.filter((d) => d.calls > 0).map((d) => <span key={d.day}>{d.day} <Money nano={d.nano} />; </span>)}
      </VisuallyHidden>
    </figure>
  );
}

function DayTip({ day, open }: { day: Props['days'][number] | undefined; open: boolean }) {
  if (!day) return null;
  return (
    <Paper p="xs" shadow="md">
      <Text size="xs" c="dimmed">{day.day} UTC{open && ', not over yet'}</Text>
      <Group gap="xs"><Text size="sm" fw={600}><Money nano={day.nano} /></Text><Text size="sm" c="dimmed">{plural(day.calls, 'call')}</Text></Group>
    </Paper>
  );
}
